"""The ledger as people look at it: what waits, what happened to a ticket, and why. It changes nothing.

Every function takes an open ledger or the path of its file, and raises StorageError where that can't be read.
"""

from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from countersign.domain.frozen import Frozen
from countersign.domain.ticket import Quarantined, Ticket
from countersign.ledger import effects, story
from countersign.ledger.file import read_only
from countersign.ledger.records import Facts, load
from countersign.ledger.rows import ticket_of
from countersign.ledger.schema import audit, quarantine, tickets
from countersign.ledger.sql import SqlLedger
from countersign.ledger.story import Event
from countersign.ledger.waiting import Queue, Waiting, queue, waiting

__all__ = [
    "Event",
    "Queue",
    "Source",
    "Summary",
    "Waiting",
    "identity",
    "quarantined",
    "queue",
    "summary",
    "timeline",
    "waiting",
    "why",
]

Source = SqlLedger | Path


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


def timeline(source: Source, ticket: str) -> tuple[Event, ...]:
    """What happened to a ticket, in the order in which it was recorded. Raises MisuseError for an unknown ticket."""
    with view(source) as connection:
        return story.timeline(load(connection, ticket))


def why(source: Source, ticket: str) -> Facts:
    """Who decided what about a ticket, under which rules and policy digest, from which facts; JSON values throughout.

    `{"ticket": {...}, "turns": [{"turn", "messages", "triage", "labels", "resolutions", "reviews", "outcome",
    "verdicts": [{..., "decisions": [...]}], "effects": [{..., "grant": {...}}]}]}`.
    Raises MisuseError for an unknown ticket.
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


def identity(source: Source) -> str:
    """What tells this ledger from any other: the hash of its first audit row; empty before there is one."""
    with view(source) as connection:
        return connection.scalar(sa.select(audit.c.hash).order_by(audit.c.seq).limit(1)) or ""


@contextmanager
def view(source: Source) -> Generator[sa.Connection]:
    """One consistent view of a ledger."""
    with source.file.reading() if isinstance(source, SqlLedger) else read_only(source) as connection:
        yield connection


def _named(found: list[Ticket], names: frozenset[str]) -> list[Ticket]:
    return [ticket for ticket in found if ticket.id in names]
