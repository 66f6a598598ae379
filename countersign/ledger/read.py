"""The ledger as people look at it: what waits, what happened to a ticket, and why. It changes nothing.

Every function takes an open ledger or the path of its file, and raises StorageError where that can't be read.
"""

from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from pydantic import JsonValue

from countersign.domain.frozen import Frozen
from countersign.domain.money import Money
from countersign.domain.ticket import Quarantined, Ticket
from countersign.ledger import effects, story
from countersign.ledger.file import read_only
from countersign.ledger.records import Facts, load
from countersign.ledger.reviews import latest
from countersign.ledger.rows import Row, proposal_of, texts, ticket_of
from countersign.ledger.schema import decisions, proposals, quarantine, tickets, verdicts
from countersign.ledger.schema import effects as effects_table
from countersign.ledger.sql import SqlLedger
from countersign.ledger.story import Event

__all__ = ["Event", "Source", "Summary", "Waiting", "quarantined", "summary", "timeline", "waiting", "why"]

Source = SqlLedger | Path


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


class Summary(Frozen):
    """Counts of tickets by where they stand, and of what has left."""

    received: int
    answered: int
    waiting: int
    handed_over: int
    closed: int
    quarantined: int
    replies: int
    effects: int
    by_category: dict[str, int]


def waiting(source: Source) -> tuple[Waiting, ...]:
    """Tickets waiting for a person or handed over, in the order in which to take them.

    Most money first, then what a rule asked about; among equals the one that waits longest, then the earliest deadline.
    """
    needy = sa.select(tickets).where(tickets.c.status.in_(("waiting", "handed_over")))
    with view(source) as connection:
        rows = connection.execute(needy.order_by(tickets.c.arrived)).mappings().all()
        return tuple(sorted((_waiting(connection, row) for row in rows), key=_risk))


def timeline(source: Source, ticket: str) -> tuple[Event, ...]:
    """What happened to a ticket, in the order in which it was recorded. Raises MisuseError for an unknown ticket."""
    with view(source) as connection:
        return story.timeline(load(connection, ticket))


def why(source: Source, ticket: str) -> Facts:
    """Who decided what about a ticket, under which rules and policy digest, from which facts; JSON values throughout.

    `{"ticket": {...}, "turns": [{"turn", "messages", "triage", "resolutions", "verdicts": [{..., "decisions": [...]}],
    "reviews", "effects": [{..., "grant": {...}}], "outcome"}]}`. Raises MisuseError for an unknown ticket.
    """
    with view(source) as connection:
        return story.why(load(connection, ticket))


def quarantined(source: Source) -> tuple[Quarantined, ...]:
    """What could not become a ticket, in the order of arrival."""
    names = tuple(Quarantined.model_fields)
    with view(source) as connection:
        rows = connection.execute(sa.select(quarantine).order_by(quarantine.c.seq)).mappings()
        return tuple(Quarantined(**{name: row[name] for name in names}) for row in rows)


def summary(source: Source, only: Iterable[str] | None = None) -> Summary:
    """Counts over all tickets, or over those named; quarantine, replies and effects are counted over all."""
    with view(source) as connection:
        found = [ticket_of(row) for row in connection.execute(sa.select(tickets)).mappings()]
        kept = found if only is None else _named(found, frozenset(only))
        status = Counter[str](ticket.status for ticket in kept)
        replies, others = effects.counts(connection)
        return Summary(
            received=status["received"], answered=status["answered"], waiting=status["waiting"],
            handed_over=status["handed_over"], closed=status["closed"], replies=replies, effects=others,
            quarantined=connection.scalar(sa.select(sa.func.count()).select_from(quarantine)) or 0,
            by_category=dict(Counter(ticket.category or "none" for ticket in kept)),
        )  # fmt: skip


@contextmanager
def view(source: Source) -> Generator[sa.Connection]:
    """One consistent view of a ledger."""
    with source.file.reading() if isinstance(source, SqlLedger) else read_only(source) as connection:
        yield connection


def _named(found: list[Ticket], names: frozenset[str]) -> list[Ticket]:
    return [ticket for ticket in found if ticket.id in names]


def _waiting(connection: sa.Connection, row: Row) -> Waiting:
    ticket = ticket_of(row)
    review = latest(connection, ticket.id, ticket.turn)
    asked = review if review is not None and review.status == "open" else None
    late = review if review is not None and review.status == "expired" else None
    plan = _unsettled(connection, ticket)
    own = (ticket.reason,) if ticket.reason else ()
    return Waiting(
        ticket=ticket.id, turn=ticket.turn, status=ticket.status, subject=ticket.subject, sender=ticket.sender,
        category=ticket.category, reasons=asked.reasons if asked else own, rules=_rules(connection, ticket),
        amount=_most_money(plan), proposals=tuple(proposal["summary"] for proposal in plan),
        review=asked.id if asked else "", since=asked.opened_at if asked else ticket.updated_at,
        deadline=asked.deadline if asked else late.deadline if late else None, expired=late is not None,
    )  # fmt: skip


def _unsettled(connection: sa.Connection, ticket: Ticket) -> list[Row]:
    """The turn's latest plan but for what was done: of a ticket that was handed over, what was not carried out."""
    same = (proposals.c.ticket == ticket.id, proposals.c.turn == ticket.turn)
    last = sa.select(verdicts.c.id).where(verdicts.c.ticket == ticket.id, verdicts.c.turn == ticket.turn)
    judged = sa.select(decisions.c.proposal).where(
        decisions.c.verdict == last.order_by(verdicts.c.seq.desc()).limit(1).scalar_subquery()
    )
    done = sa.exists().where(effects_table.c.proposal == proposals.c.id, effects_table.c.status == "done")
    found = sa.select(proposals).where(*same, proposals.c.id.in_(judged), ~done)
    return list(connection.execute(found.order_by(proposals.c.position)).mappings())


def _rules(connection: sa.Connection, ticket: Ticket) -> tuple[str, ...]:
    same = (verdicts.c.ticket == ticket.id, verdicts.c.turn == ticket.turn)
    last = sa.select(verdicts.c.id).where(*same).order_by(verdicts.c.seq.desc()).limit(1).scalar_subquery()
    asking = sa.select(decisions.c.rules).where(decisions.c.verdict == last, decisions.c.answer != "allow")
    named = (rule for packed in connection.scalars(asking.order_by(decisions.c.seq)) for rule in texts(packed))
    return tuple(dict.fromkeys(named))


def _most_money(plan: list[Row]) -> Money | None:
    found = [money for row in plan if (money := _money(proposal_of(row).args)) is not None]
    return max(found, key=lambda money: money.amount, default=None)


def _money(args: dict[str, JsonValue]) -> Money | None:
    amount, currency = args.get("amount"), args.get("currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or not isinstance(currency, str):
        return None
    return Money(amount=amount, currency=currency)


def _risk(item: Waiting) -> tuple[bool, int, bool, datetime, datetime]:
    """What is urgent, then by risk, age and deadline; sorting by it keeps the order of arrival among equals."""
    deadline = item.deadline or datetime.max.replace(tzinfo=UTC)
    amount = item.amount.amount if item.amount else 0
    return (
        not any(reason.startswith("urgent") for reason in item.reasons),
        -amount,
        not item.rules,
        item.since,
        deadline,
    )
