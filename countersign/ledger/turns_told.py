"""Each ticket's turns as `stats` reads them: one question to SQLite for each table, whatever the number of tickets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

Key = tuple[str, int]
"""A ticket and a turn of it."""

_MESSAGES = """SELECT i.ticket, i.turn, MIN(i.received_at), MIN(i.automatic IS NOT NULL) FROM inbox AS i
    JOIN tickets AS t ON t.id = i.ticket WHERE t.opened_at >= :since GROUP BY i.ticket, i.turn ORDER BY i.seq"""
_VERDICTS = """SELECT v.ticket, v.turn, MIN(v.at) FROM verdicts AS v
    JOIN tickets AS t ON t.id = v.ticket WHERE t.opened_at >= :since GROUP BY v.ticket, v.turn"""
_PLANNERS = """SELECT p.ticket, p.turn, p.by_kind FROM proposals AS p
    JOIN tickets AS t ON t.id = p.ticket WHERE t.opened_at >= :since GROUP BY p.ticket, p.turn, p.by_kind"""
_REVIEWS = """SELECT r.ticket, r.turn, r.status, r.answer, r.by, r.opened_at, r.at FROM reviews AS r
    JOIN tickets AS t ON t.id = r.ticket WHERE t.opened_at >= :since ORDER BY r.seq"""
_OUTCOMES = """SELECT o.ticket, o.turn, json_extract(o.outcome, '$.kind'), json_extract(o.outcome, '$.asked'),
        json_extract(o.outcome, '$.reason'), o.at FROM outcomes AS o
    JOIN tickets AS t ON t.id = o.ticket WHERE t.opened_at >= :since"""


@dataclass(slots=True)
class Question:
    """What a person was asked in a turn."""

    status: str
    answer: str
    by: str
    opened_at: datetime
    at: datetime | None


@dataclass(slots=True)
class Turn:
    """One turn; a time is None where that has not come."""

    began: datetime | None = None
    """None for one that a person began."""
    automatic: bool = False
    ruled: datetime | None = None
    planners: set[str] = field(default_factory=set[str])
    questions: list[Question] = field(default_factory=list[Question])
    outcome: str = ""
    asked_back: bool = False
    reason: str = ""
    ended: datetime | None = None

    @property
    def by_person(self) -> bool:
        """Whether anybody had a hand in it."""
        return "Person" in self.planners or any(question.by for question in self.questions)

    @property
    def planner(self) -> str:
        """Who planned it last resort first: a person, an agent, a playbook, or nobody."""
        if self.automatic:
            return "automatic"
        return next((kind.lower() for kind in ("Person", "Agent", "Playbook") if kind in self.planners), "nobody")


@dataclass(slots=True)
class Told:
    """One ticket with its turns, oldest first."""

    id: str
    status: str
    turn: int
    turns: dict[int, Turn]

    @property
    def last(self) -> Turn:
        """The turn that it is in."""
        return self.turns.setdefault(self.turn, Turn())


def tickets(connection: sa.Connection, since: str) -> list[Told]:
    """The tickets opened since then, in the order of their numbers."""
    turns = _turns(connection, since)
    asked = sa.text("SELECT id, status, turn FROM tickets WHERE opened_at >= :since ORDER BY number")
    rows = connection.execute(asked, {"since": since})
    return [Told(row[0], row[1], row[2], dict(sorted(turns[row[0]].items()))) for row in rows]


def _turns(connection: sa.Connection, since: str) -> defaultdict[str, defaultdict[int, Turn]]:
    found: defaultdict[str, defaultdict[int, Turn]] = defaultdict(lambda: defaultdict(Turn))
    for ticket, turn, at, automatic in rows(connection, _MESSAGES, since):
        found[ticket][turn].began, found[ticket][turn].automatic = time(at), bool(automatic)
    for ticket, turn, at in rows(connection, _VERDICTS, since):
        found[ticket][turn].ruled = time(at)
    for ticket, turn, kind in rows(connection, _PLANNERS, since):
        found[ticket][turn].planners.add(kind)
    for ticket, turn, status, answer, by, opened, at in rows(connection, _REVIEWS, since):
        question = Question(status, answer, by, datetime.fromisoformat(opened), time(at))
        found[ticket][turn].questions.append(question)
    for ticket, turn, kind, asked, reason, at in rows(connection, _OUTCOMES, since):
        one = found[ticket][turn]
        one.outcome, one.asked_back, one.reason, one.ended = kind, bool(asked), reason or "", time(at)
    return found


def rows(connection: sa.Connection, query: str, since: str) -> Iterator[Any]:
    """What a query with `:since` answers."""
    return iter(connection.execute(sa.text(query), {"since": since}))


def time(text: str | None) -> datetime | None:
    """A time as the ledger writes it."""
    return datetime.fromisoformat(text) if text else None


def milliseconds(spans: Iterable[tuple[datetime | None, datetime | None]]) -> list[int]:
    """The length of each stretch whose two ends are known; a clock that was set back makes none shorter than 0."""
    return [max(int((end - start).total_seconds() * 1000), 0) for start, end in spans if start and end]
