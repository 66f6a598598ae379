"""From the ledger's rows to the domain's values, and the JSON texts in between."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue, TypeAdapter

from countersign.domain.errors import MisuseError
from countersign.domain.frozen import canonical
from countersign.domain.outcome import Effect, Grant, Receipt, Review
from countersign.domain.plan import Principal, Proposal, Provenance
from countersign.domain.review import Edited
from countersign.domain.ticket import InboxMessage, Ticket, TicketRef
from countersign.domain.verdict import Decision
from countersign.ledger.schema import tickets

Row = sa.RowMapping

_TEXTS = TypeAdapter(tuple[str, ...])
_DECISIONS = TypeAdapter(tuple[Decision, ...])
_OBJECT = TypeAdapter(dict[str, JsonValue])


def texts(packed: str) -> tuple[str, ...]:
    """A JSON list of texts."""
    return _TEXTS.validate_json(packed)


def values(packed: str) -> dict[str, JsonValue]:
    """A JSON object."""
    return _OBJECT.validate_json(packed)


def storable(text: str) -> str:
    """A text that SQLite takes: half characters (of a file's name, say) become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def first(connection: sa.Connection, query: sa.Select[*tuple[Any, ...]]) -> Row | None:
    """The query's first row."""
    return connection.execute(query).mappings().first()


def ticket_row(connection: sa.Connection, ticket_id: str) -> Row:
    """The ticket's row. Raises MisuseError where there is none."""
    row = first(connection, sa.select(tickets).where(tickets.c.id == ticket_id))
    if row is None:
        raise MisuseError(f"there is no ticket {ticket_id}", detail="ticket")
    return row


def is_current(connection: sa.Connection, ref: TicketRef) -> bool:
    """Whether the turn is the one that the ticket is at."""
    return bool(ticket_row(connection, ref.id)["turn"] == ref.turn)


def update_ticket(connection: sa.Connection, ticket_id: str, now: datetime, **changes: str | int) -> None:
    """Changes columns of one ticket."""
    connection.execute(tickets.update().where(tickets.c.id == ticket_id).values(updated_at=now, **changes))


def ticket_of(row: Row) -> Ticket:
    """A row of `tickets`."""
    names = ("id", "turn", "status", "subject", "sender", "customer", "category", "reason", "opened_at", "updated_at")
    return Ticket(requests=texts(row["requests"]), **{name: row[name] for name in names})


def message_of(row: Row) -> InboxMessage:
    """A row of `inbox`."""
    names = ("key", "ticket", "turn", "body", "raw", "automatic", "received_at")
    return InboxMessage(authenticated=bool(row["authenticated"]), **{name: row[name] for name in names})


def proposal_of(row: Row) -> Proposal:
    """A row of `proposals`."""
    by = Principal(kind=row["by_kind"], id=row["by_id"])
    names = ("kind", "target", "summary", "version")
    provenance = Provenance.model_validate_json(row["provenance"])
    return Proposal(args=values(row["args"]), by=by, provenance=provenance, **{name: row[name] for name in names})


def grant_of(row: Row) -> Grant:
    """A row of `grants`."""
    return Grant(rules=texts(row["rules"]), **{name: row[name] for name in Grant.model_fields if name != "rules"})


def effect_of(row: Row) -> Effect:
    """A row of `effects`."""
    receipt = Receipt.model_validate_json(row["receipt"]) if row["receipt"] else None
    return Effect(receipt=receipt, **{name: row[name] for name in Effect.model_fields if name != "receipt"})


def review_of(row: Row) -> Review:
    """A row of `reviews`."""
    decisions = _DECISIONS.validate_json(row["decisions"])
    edited = Edited.model_validate_json(row["edited"]) if row["edited"] else None
    others = {name: row[name] for name in Review.model_fields if name not in ("reasons", "decisions", "edited")}
    return Review(reasons=texts(row["reasons"]), decisions=decisions, edited=edited, **others)


def pack(value: object) -> str:
    """The canonical JSON text of a value."""
    return canonical(value)
