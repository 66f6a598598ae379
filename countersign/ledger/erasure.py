"""Erasing what the ledger knows about a customer, as its triggers permit it: only what has ended, and in this order.

`begin` closes the tickets for good, `destroy` empties them, `finish` says that no byte is left anywhere. The audit's
chain stays whole: it holds seals, and the secrets that they were made with are destroyed together with the bodies.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from countersign.domain.frozen import Frozen
from countersign.ledger import audit, voiding
from countersign.ledger.read import Source, view
from countersign.ledger.rows import update_ticket
from countersign.ledger.schema import audit as audit_table
from countersign.ledger.schema import (
    decisions,
    effects,
    erasures,
    grants,
    inbox,
    journal,
    labels,
    model_calls,
    outcomes,
    proposals,
    quarantine,
    reviews,
    secrets,
    signatures,
    tickets,
    verdicts,
)
from countersign.ledger.schema_retention import keeps
from countersign.ledger.sql import SqlLedger

_EMPTY_TICKET = {
    "subject": "", "sender": "", "customer": "", "on_record": "", "category": "", "requests": "[]",
    "reason": "all that was known about it was erased",
}  # fmt: skip
_EMPTY_MESSAGE = {"message_id": "", "sender": "", "body": "", "raw": ""}
"""The digest of its identity stays: the same mail, delivered again, must not be taken for a new one."""


class Traces(Frozen):
    """What the ledger knows of that lies elsewhere."""

    bodies: tuple[str, ...]
    """Blobs of parsed messages."""
    raw: tuple[str, ...]
    """Blobs of raw messages, those in quarantine included."""
    sent: tuple[str, ...]
    """Keys of replies."""
    requests: frozenset[str]
    """Digests of what models were asked."""
    labels: frozenset[str]


def tickets_of(source: Source, customers: Collection[str], addresses: Collection[str]) -> tuple[str, ...]:
    """Tickets of a customer: by their ids, by who wrote them, by the address on record; none that is under erasure."""
    sender, on_record = sa.func.lower(tickets.c.sender), sa.func.lower(tickets.c.on_record)
    ids, known = [one for one in customers if one], [one for one in addresses if one]  # nobody is everybody
    theirs = sa.or_(tickets.c.customer.in_(ids), sender.in_(known), on_record.in_(known))
    found = sa.select(tickets.c.id).where(theirs, tickets.c.id.not_in(sa.select(erasures.c.ref)))
    with view(source) as connection:
        return tuple(connection.scalars(found.order_by(tickets.c.number)))


def people_of(source: Source, refs: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Customer and address on record of some tickets."""
    found = sa.select(tickets.c.customer, tickets.c.on_record).where(tickets.c.id.in_(refs))
    with view(source) as connection:
        return tuple((row.customer, row.on_record) for row in connection.execute(found))


def quarantined(source: Source) -> tuple[tuple[str, str, str], ...]:
    """What is in quarantine: its reference, what is said about it, and the blob of its raw bytes."""
    with view(source) as connection:
        rows = connection.execute(sa.select(quarantine).order_by(quarantine.c.seq))
        return tuple((f"Q-{row.seq}", f"{row.source}\n{row.reason}", row.raw) for row in rows)


def kept(source: Source, refs: Collection[str]) -> tuple[str, ...]:
    """Tickets among these that somebody marked to be kept."""
    with view(source) as connection:
        return tuple(
            connection.scalars(sa.select(keeps.c.ticket).where(keeps.c.ticket.in_(refs), keeps.c.lifted_by == ""))
        )


def in_doubt(source: Source, refs: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Effects of these tickets that may or may not have happened, with how they stand."""
    doubt = effects.c.status.in_(("started", "unknown"))
    found = sa.select(effects.c.id, effects.c.status).where(effects.c.ticket.in_(refs), doubt)
    with view(source) as connection:
        return tuple((row.id, row.status) for row in connection.execute(found.order_by(effects.c.seq)))


def unfinished(source: Source) -> tuple[str, ...]:
    """What was begun to be erased and is not finished."""
    with view(source) as connection:
        return tuple(connection.scalars(sa.select(erasures.c.ref).where(erasures.c.done_at.is_(None))))


def erased(source: Source, ref: str) -> datetime | None:
    """When a ticket was erased, or began to be; None where it was not."""
    with view(source) as connection:
        return connection.scalar(sa.select(erasures.c.begun_at).where(erasures.c.ref == ref))


def traces(source: Source, refs: Collection[str]) -> Traces:
    """What the ledger knows of some tickets, and of items in quarantine, that lies elsewhere."""
    sent = sa.select(effects.c.key).where(effects.c.ticket.in_(refs), effects.c.kind == "send_reply")
    asked = sa.select(model_calls.c.request).where(model_calls.c.ticket.in_(refs), model_calls.c.request != "")
    kept_back = sa.select(journal.c.request).where(journal.c.ticket.in_(refs), journal.c.method.startswith("models."))
    items = sa.select(quarantine.c.raw).where(quarantine.c.seq.in_(_numbers(refs)))
    with view(source) as connection:
        mail = connection.execute(sa.select(inbox.c.body, inbox.c.raw).where(inbox.c.ticket.in_(refs))).all()
        raw = [*(row.raw for row in mail), *connection.scalars(items)]
        return Traces(
            bodies=tuple(row.body for row in mail if row.body),
            raw=tuple(blob for blob in raw if blob),
            sent=tuple(connection.scalars(sent)),
            requests=frozenset([*connection.scalars(asked), *connection.scalars(kept_back)]),
            labels=frozenset(connection.scalars(sa.select(labels.c.id).where(labels.c.ticket.in_(refs)))),
        )


def others_mail(source: Source, refs: Collection[str]) -> tuple[tuple[str, str, str], ...]:
    """Ticket, parsed text and raw bytes of every message, and raw bytes in quarantine, but for those of these refs."""
    mail = sa.select(inbox.c.ticket, inbox.c.body, inbox.c.raw).where(inbox.c.ticket.not_in(refs), inbox.c.body != "")
    items = sa.select(quarantine.c.raw).where(quarantine.c.seq.not_in(_numbers(refs)))
    with view(source) as connection:
        theirs = [(row.ticket, row.body, row.raw) for row in connection.execute(mail)]
        return (*theirs, *(("", "", raw) for raw in connection.scalars(items)))


def mentions(source: Source, refs: Collection[str], marks: Iterable[str]) -> tuple[str, ...]:
    """Other people's tickets whose rows name one of the marks."""
    places = (
        (journal.c.ticket, journal.c.answer), (proposals.c.ticket, proposals.c.args),
        (proposals.c.ticket, proposals.c.target), (outcomes.c.ticket, outcomes.c.outcome),
        (tickets.c.id, tickets.c.subject), (reviews.c.ticket, reviews.c.text),
    )  # fmt: skip
    found: set[str] = set()
    with view(source) as connection:
        for ticket, text in places:
            named = sa.or_(sa.false(), *(sa.func.instr(sa.func.lower(text), mark.lower()) > 0 for mark in marks))
            found |= set(connection.scalars(sa.select(ticket).where(named, ticket.not_in(refs)).distinct()))
    return tuple(sorted(found))


def rows_of(source: Source, refs: Collection[str]) -> int:
    """How many rows the ledger has of some tickets and items in quarantine."""
    with view(source) as connection:
        return sum(
            connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0
            for table, condition in _deleted(refs)
        )


def begin(ledger: SqlLedger, refs: Collection[str], by: str, now: datetime) -> None:
    """Closes tickets for good, in one transaction: what is open in them is void, and they take nothing more."""
    with ledger.file.writing("begin_erasure") as connection:
        for ref in refs:
            voiding.void_all(connection, ref, now, "its data are erased")
            update_ticket(connection, ref, now, status="closed")
            done = sa.select(sa.func.count()).select_from(effects).where(effects.c.ticket == ref)
            row = {"ref": ref, "by": by, "effects": connection.scalar(done) or 0, "begun_at": now}
            connection.execute(erasures.insert().values(**row))
            audit.append(connection, now, "erasure.begun", ref, {}, actor=by)


def destroy(ledger: SqlLedger, refs: Collection[str], now: datetime) -> None:
    """Destroys rows, audit bodies and secrets of what is under erasure, in one transaction; doing it again is nothing.

    What stays of a ticket: its number, times and turns; that a message of that identity came; the audit's seals.
    """
    with ledger.file.writing("erase") as connection:
        for table, condition in _deleted(refs):
            connection.execute(sa.delete(table).where(condition))
        for table, condition, empty in _emptied(refs, now):
            connection.execute(sa.update(table).where(condition).values(**empty))
        found = sa.select(erasures.c.ref, erasures.c.by).where(erasures.c.ref.in_(refs))
        for ref, by in connection.execute(found.order_by(erasures.c.seq)).all():
            audit.append_once(connection, now, audit.ERASED, ref, {}, actor=by)


def finish(ledger: SqlLedger, refs: Collection[str], now: datetime) -> None:
    """Says that nothing of it is left, in no file."""
    with ledger.file.writing("finish_erasure") as connection:
        open_ones = (erasures.c.ref.in_(refs), erasures.c.done_at.is_(None))
        connection.execute(erasures.update().where(*open_ones).values(done_at=now))


def _deleted(refs: Collection[str]) -> tuple[tuple[sa.Table, sa.ColumnElement[bool]], ...]:
    """What goes, in an order in which no row loses what it refers to."""
    ours = sa.select(proposals.c.id).where(proposals.c.ticket.in_(refs))
    return (
        (signatures, signatures.c.ticket.in_(refs)),
        (effects, effects.c.ticket.in_(refs)),
        (grants, grants.c.proposal.in_(ours)),
        (decisions, decisions.c.proposal.in_(ours)),
        (reviews, reviews.c.ticket.in_(refs)),
        (proposals, proposals.c.ticket.in_(refs)),
        (verdicts, verdicts.c.ticket.in_(refs)),
        (outcomes, outcomes.c.ticket.in_(refs)),
        (journal, journal.c.ticket.in_(refs)),
        (quarantine, quarantine.c.seq.in_(_numbers(refs))),
    )


def _emptied(
    refs: Collection[str], now: datetime
) -> tuple[tuple[sa.Table, sa.ColumnElement[bool], dict[str, Any]], ...]:
    unremoved = sa.and_(labels.c.ticket.in_(refs), labels.c.removed_at.is_(None))
    said = sa.and_(audit_table.c.ref.in_(refs), audit_table.c.event != audit.ERASED)
    return (
        (labels, unremoved, {"text": "", "removed_at": now}),
        (model_calls, model_calls.c.ticket.in_(refs), {"request": ""}),
        (keeps, keeps.c.ticket.in_(refs), {"reason": ""}),
        (inbox, inbox.c.ticket.in_(refs), _EMPTY_MESSAGE),
        (tickets, tickets.c.id.in_(refs), _EMPTY_TICKET),
        (audit_table, said, {"body": ""}),
        (secrets, secrets.c.ref.in_(refs), {"secret": ""}),
    )


def _numbers(refs: Collection[str]) -> list[int]:
    """The row numbers of items in quarantine."""
    return [int(ref.removeprefix("Q-")) for ref in refs if ref.startswith("Q-")]
