"""Tickets that have ended and that a person takes up: another turn, an answer of their own, or off the queue."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from countersign.domain.errors import RejectedError
from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import Review
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit, reviews
from countersign.ledger.reviews import Said
from countersign.ledger.rows import Row, storable, ticket_row, update_ticket
from countersign.ledger.schema import reviews as reviews_table

_OPEN = ("received", "waiting")


def reopen(connection: sa.Connection, ref: TicketRef, by: str, why: str, now: datetime) -> TicketRef:
    """See `ports.Ledger.reopen`."""
    _require_ended(connection, ref)
    later = TicketRef(id=ref.id, turn=ref.turn + 1)
    reason = storable(f"{by} reopened it: {why}") if why else ""
    update_ticket(connection, ref.id, now, turn=later.turn, status="received", reason=reason)
    _note(connection, "ticket.reopened", later, by, why, now)
    return later


def settle(connection: sa.Connection, ref: TicketRef, status: str, by: str, note: str, now: datetime) -> None:
    """See `ports.Ledger.settle_ended`."""
    _require_ended(connection, ref)
    did = "closed it" if status == "closed" else "took it over"
    reason = storable(f"{by} {did}" + (f": {note}" if note else ""))
    update_ticket(connection, ref.id, now, status=status, reason=reason)
    event = "ticket.closed" if status == "closed" else "ticket.taken_over"
    _note(connection, event, ref, by, note, now)


def answer(connection: sa.Connection, ref: TicketRef, name: str, said: Said) -> Review:
    """See `ports.Ledger.answer_ended`."""
    later = reopen(connection, ref, said.by, "", said.now)
    written = reviews.answer(connection, _question(connection, later, name, said.now), said)
    if isinstance(written, RejectedError):
        raise written
    return written


def _question(connection: sa.Connection, ref: TicketRef, name: str, now: datetime) -> Row:
    """A question that nobody asked, so that its answer stands where all answers stand."""
    connection.execute(
        reviews_table.insert().values(
            id=name, ticket=ref.id, turn=ref.turn, digest=digest([name]), bound="", status="open", reasons="[]",
            decisions="[]", opened_at=now, deadline=now + timedelta(hours=1), answer="", by="", text="", signed="",
        )
    )  # fmt: skip
    return connection.execute(sa.select(reviews_table).where(reviews_table.c.id == name)).mappings().one()


def _require_ended(connection: sa.Connection, ref: TicketRef) -> None:
    row = ticket_row(connection, ref.id)
    if row["status"] in _OPEN:
        raise RejectedError(f"{ref.id} has not ended: it is {row['status']}", detail="open")
    if row["turn"] != ref.turn:
        raise RejectedError(f"{ref.id} has moved on: it is {row['status']} in turn {row['turn']}", detail="superseded")


def _note(connection: sa.Connection, event: str, ref: TicketRef, by: str, why: str, now: datetime) -> None:
    body: dict[str, Json] = {"turn": ref.turn, "why": digest(why)}
    audit.append(connection, now, event, ref.id, body, actor=by)
