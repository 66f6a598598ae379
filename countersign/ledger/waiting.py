"""What waits for a person, in the order in which to take it.

Four questions to SQLite answer it for any number of tickets, and nothing but its own module is imported for it: the
list is there at once.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from countersign.domain.frozen import Frozen
from countersign.domain.money import Money
from countersign.ledger.faults import require_file, require_head, storage_error

if TYPE_CHECKING:
    from countersign.ledger.sql import SqlLedger

_BUSY_SECONDS = 30.0
_MOST = datetime.max.replace(tzinfo=UTC)

_NEEDY = "SELECT id, turn FROM tickets WHERE status IN ('waiting', 'handed_over')"
_LAST = f"""SELECT v.id, v.ticket, MAX(v.seq) FROM ({_NEEDY}) AS t
    JOIN verdicts AS v ON v.ticket = t.id AND v.turn = t.turn GROUP BY v.ticket"""
_TICKETS = """SELECT id, turn, status, subject, sender, category, reason, updated_at
    FROM tickets WHERE status IN ('waiting', 'handed_over') ORDER BY arrived"""
_REVIEWS = f"""SELECT r.ticket, r.id, r.status, r.reasons, r.opened_at, r.deadline, MAX(r.seq) FROM ({_NEEDY}) AS t
    JOIN reviews AS r ON r.ticket = t.id AND r.turn = t.turn GROUP BY r.ticket"""
_PROPOSALS = f"""SELECT v.ticket, p.summary,
        CASE WHEN json_type(p.args, '$.amount') = 'integer' AND json_type(p.args, '$.currency') = 'text'
             THEN json_extract(p.args, '$.amount') END,
        json_extract(p.args, '$.currency')
    FROM ({_LAST}) AS v JOIN decisions AS d ON d.verdict = v.id JOIN proposals AS p ON p.id = d.proposal
    WHERE NOT EXISTS (SELECT 1 FROM effects AS e WHERE e.proposal = p.id AND e.status = 'done')
    ORDER BY p.position"""
"""The latest plan but for what was done: of a ticket that was handed over, what was not carried out."""
_RULES = f"""SELECT v.ticket, d.rules FROM ({_LAST}) AS v JOIN decisions AS d ON d.verdict = v.id
    WHERE d.answer <> 'allow' ORDER BY d.seq"""


class Waiting(Frozen):
    """A ticket that needs a person, with what makes it risky."""

    ticket: str
    turn: int
    status: str
    subject: str
    sender: str
    category: str
    reasons: tuple[str, ...]
    """Why a person is asked, or why it was handed over."""
    rules: tuple[str, ...]
    """The rules that asked or denied."""
    amount: Money | None
    """The most money that one of its proposals would move."""
    proposals: tuple[str, ...]
    """Their one-sentence summaries, in plan order."""
    review: str
    """The open review's id; empty where it was handed over."""
    since: datetime
    deadline: datetime | None
    """Until when the question can be answered; of one that expired, until when it could be."""
    expired: bool = False
    """Nobody answered in time."""


class Queue(NamedTuple):
    """The first of what waits, and how many there are in all."""

    first: tuple[Waiting, ...]
    waiting: int
    handed_over: int


class _Planned(NamedTuple):
    summary: str
    amount: int | None
    currency: str | None


class _Needy(NamedTuple):
    """A ticket as it was read, with what it is ordered by."""

    row: tuple[Any, ...]
    review: tuple[Any, ...] | None
    plan: list[_Planned]
    rules: tuple[str, ...]

    @property
    def asked(self) -> tuple[Any, ...] | None:
        return self.review if self.review and self.review[2] == "open" else None

    @property
    def reasons(self) -> tuple[str, ...]:
        if self.asked:
            return _texts(self.asked[3])
        return (self.row[6],) if self.row[6] else ()

    @property
    def since(self) -> datetime:
        return datetime.fromisoformat(self.asked[4] if self.asked else self.row[7])

    @property
    def deadline(self) -> datetime | None:
        counts = self.review is not None and self.review[2] in ("open", "expired")
        return datetime.fromisoformat(self.review[5]) if self.review and counts else None

    @property
    def most(self) -> _Planned | None:
        moved = [planned for planned in self.plan if planned.amount is not None]
        return max(moved, key=lambda planned: planned.amount or 0, default=None)

    def risk(self) -> tuple[bool, int, bool, datetime, datetime]:
        """What is urgent, then by risk, age and deadline; sorting by it keeps the order of arrival among equals."""
        urgent = any(reason.startswith("urgent") for reason in self.reasons)
        amount = self.most.amount or 0 if self.most else 0
        return not urgent, -amount, not self.rules, self.since, self.deadline or _MOST


def waiting(source: "SqlLedger | Path") -> tuple[Waiting, ...]:
    """Tickets waiting for a person or handed over, in the order in which to take them.

    Most money first, then what a rule asked about; among equals the one that waits longest, then the earliest deadline.
    """
    return queue(source).first


def queue(source: "SqlLedger | Path", most: int | None = None) -> Queue:
    """As `waiting`, no more than so many of them, with the count of all. Raises StorageError where it can't be read."""
    with _view(source) as db:
        found = sorted(_needy(db), key=_Needy.risk)
    asked = sum(1 for item in found if item.row[2] == "waiting")
    return Queue(tuple(_waiting(item) for item in found[:most]), asked, len(found) - asked)


def _needy(db: sqlite3.Connection) -> list[_Needy]:
    reviews = {row[0]: row for row in db.execute(_REVIEWS)}
    plans: dict[str, list[_Planned]] = defaultdict(list)
    for ticket, *planned in db.execute(_PROPOSALS):
        plans[ticket].append(_Planned(*planned))
    rules: dict[str, list[str]] = defaultdict(list)
    for ticket, packed in db.execute(_RULES):
        rules[ticket] += _texts(packed)
    return [
        _Needy(row, reviews.get(row[0]), plans[row[0]], tuple(dict.fromkeys(rules[row[0]])))
        for row in db.execute(_TICKETS)
    ]


def _waiting(item: _Needy) -> Waiting:
    ticket, turn, status, subject, sender, category, *_ = item.row
    most = item.most
    return Waiting(
        ticket=ticket, turn=turn, status=status, subject=subject, sender=sender, category=category,
        reasons=item.reasons, rules=item.rules,
        amount=Money(amount=most.amount or 0, currency=most.currency or "") if most else None,
        proposals=tuple(planned.summary for planned in item.plan), review=item.asked[1] if item.asked else "",
        since=item.since, deadline=item.deadline, expired=item.review is not None and item.review[2] == "expired",
    )  # fmt: skip


def _texts(packed: str) -> tuple[str, ...]:
    return tuple(cast("Iterable[str]", json.loads(packed)))


@contextmanager
def _view(source: "SqlLedger | Path") -> Generator[sqlite3.Connection]:
    """One consistent view of a ledger that is open, or of a file that is neither made nor migrated."""
    if not isinstance(source, Path):
        with source.file.reading() as connection:
            yield cast("sqlite3.Connection", connection.connection.driver_connection)
        return
    require_file(source)
    try:
        uri = f"{source.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as db:
            db.execute("BEGIN")
            _require_version(db, source)
            yield db
    except sqlite3.Error as error:
        raise storage_error(error, source) from error


def _require_version(db: sqlite3.Connection, path: Path) -> None:
    made = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone()
    row = db.execute("SELECT version_num FROM alembic_version").fetchone() if made else None
    require_head(row[0] if row else "", path)
