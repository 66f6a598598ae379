"""What the ledger forgets with age: journals go, what was accepted, decided and done stays."""

from collections.abc import Collection, Iterator
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import StorageError
from countersign.domain.retention import Pruned
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit
from countersign.ledger.read import Source, view
from countersign.ledger.rows import storable
from countersign.ledger.schema import effects, erasures, inbox, journal, quarantine, tickets
from countersign.ledger.schema_retention import keeps, prunings
from countersign.ledger.sql import SqlLedger

_FINISHED = ("answered", "closed")
"""What was handed over still waits for a person, until somebody closes it."""
_SHOWN = "triage.predict"
"""What triage said is part of a ticket's story, so it stays."""

Mail = tuple[str, str, str]
"""A message: its ticket, the blob of its parsed text, the blob of its raw bytes."""


def due(source: Source, before: datetime) -> tuple[TicketRef, ...]:
    """Tickets that ended before then, that nobody keeps, with nothing in doubt, and not pruned in this turn yet."""
    with view(source) as connection:
        rows = connection.execute(_due(before).order_by(tickets.c.number))
        return tuple(TicketRef(id=row.id, turn=row.turn) for row in rows)


def answers_of(source: Source, refs: Collection[TicketRef]) -> int:
    """How many journal rows pruning these tickets would forget."""
    wanted = {ref.id for ref in refs}
    counted = sa.select(journal.c.ticket, sa.func.count()).where(journal.c.method != _SHOWN)
    with view(source) as connection:
        return sum(
            count for ticket, count in connection.execute(counted.group_by(journal.c.ticket)) if ticket in wanted
        )


def prune(ledger: SqlLedger, ref: TicketRef, before: datetime, now: datetime) -> int | None:
    """Forgets a ticket's journals, in one transaction, and answers how many rows; None where it is not due any more."""
    with ledger.file.writing("prune") as connection:
        if connection.execute(_due(before).where(tickets.c.id == ref.id, tickets.c.turn == ref.turn)).first() is None:
            return None
        told = sa.delete(journal).where(journal.c.ticket == ref.id, journal.c.method != _SHOWN)
        forgotten = connection.execute(told).rowcount
        connection.execute(prunings.insert().values(ticket=ref.id, turn=ref.turn, at=now))
        audit.append(connection, now, "ticket.pruned", ref.id, {"turn": ref.turn, "answers": forgotten})
        return forgotten


def pruned(source: Source, ticket: str) -> Pruned | None:
    """When and up to which turn a ticket's journals were forgotten; None where it has all of them."""
    last = sa.select(prunings).where(prunings.c.ticket == ticket).order_by(prunings.c.turn.desc()).limit(1)
    with view(source) as connection:
        row = connection.execute(last).first()
        return None if row is None else Pruned(ticket=row.ticket, turn=row.turn, at=row.at)


def all_pruned(source: Source) -> tuple[TicketRef, ...]:
    """Tickets that were pruned in the turn that they are in, and that nobody keeps."""
    same = sa.and_(prunings.c.ticket == tickets.c.id, prunings.c.turn == tickets.c.turn)
    found = sa.select(tickets.c.id, tickets.c.turn).join(prunings, same).where(~_is_kept())
    with view(source) as connection:
        return tuple(TicketRef(id=row.id, turn=row.turn) for row in connection.execute(found))


def mail(source: Source) -> Iterator[Mail]:
    """Every message that was accepted and not erased."""
    with view(source) as connection:
        found = sa.select(inbox.c.ticket, inbox.c.body, inbox.c.raw).where(inbox.c.body != "")
        for row in connection.execute(found):
            yield row.ticket, row.body, row.raw


def quarantined_since(source: Source, before: datetime) -> tuple[str, ...]:
    """The raw bytes of what came into quarantine at that time or later."""
    with view(source) as connection:
        return tuple(connection.scalars(sa.select(quarantine.c.raw).where(quarantine.c.at >= before)))


def keep(ledger: SqlLedger, ticket: str, by: str, why: str, now: datetime) -> bool:
    """Marks a ticket to be kept whole; False where it is marked. `by` names the person.

    Raises StorageError (`storage.no_ticket`).
    """
    with ledger.file.writing("keep") as connection:
        if connection.scalar(sa.select(tickets.c.id).where(tickets.c.id == ticket)) is None:
            raise StorageError("there is no such ticket", where=ticket, detail="no_ticket")
        if connection.scalar(sa.select(keeps.c.seq).where(keeps.c.ticket == ticket, keeps.c.lifted_by == "")):
            return False
        row = {"ticket": ticket, "by": by, "reason": storable(why), "at": now, "lifted_by": ""}
        connection.execute(keeps.insert().values(**row))
        audit.append(connection, now, "ticket.kept", ticket, {}, actor=by)
        return True


def unkeep(ledger: SqlLedger, ticket: str, by: str, now: datetime) -> bool:
    """Takes the mark away; False where there is none. `by` names the person."""
    marked = (keeps.c.ticket == ticket, keeps.c.lifted_by == "")
    with ledger.file.writing("unkeep") as connection:
        if not connection.execute(keeps.update().where(*marked).values(lifted_by=by, lifted_at=now)).rowcount:
            return False
        audit.append(connection, now, "ticket.unkept", ticket, {}, actor=by)
        return True


def kept(source: Source) -> int:
    """How many tickets are marked to be kept whole."""
    with view(source) as connection:
        return connection.scalar(sa.select(sa.func.count()).where(keeps.c.lifted_by == "")) or 0


def _due(before: datetime) -> sa.Select[str, int]:
    in_doubt = sa.or_(effects.c.status.in_(("started", "unknown")), effects.c.again == 1)
    before_now = sa.and_(prunings.c.ticket == tickets.c.id, prunings.c.turn == tickets.c.turn)
    return sa.select(tickets.c.id, tickets.c.turn).where(
        tickets.c.status.in_(_FINISHED),
        tickets.c.updated_at < before,
        ~_is_kept(),
        ~sa.exists().where(erasures.c.ref == tickets.c.id),
        ~sa.exists().where(effects.c.ticket == tickets.c.id, in_doubt),
        ~sa.exists().where(before_now),
    )


def _is_kept() -> sa.ColumnElement[bool]:
    return sa.exists().where(keeps.c.ticket == tickets.c.id, keeps.c.lifted_by == "")
