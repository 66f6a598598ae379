"""Taking messages in: each once, each into its own ticket, and nobody into another's thread."""

import re
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.frozen import Json
from countersign.domain.ticket import Accepted, Message, Quarantined
from countersign.ledger import audit, seals, voiding
from countersign.ledger.rows import Row, first, storable, update_ticket
from countersign.ledger.schema import effects, erasures, inbox, quarantine, tickets

FIRST_NUMBER = 1001
_TICKET_ID = re.compile(r"\bCS-([0-9]{4,12})\b")
_MOST_REFERENCES = 200
"""More references than this in one message are not looked at."""


def accept(connection: sa.Connection, message: Message, body: str, subject: str, now: datetime) -> Accepted:
    """See `ports.Ledger.accept`."""
    known = first(connection, sa.select(inbox).where(inbox.c.key == message.key))
    if known is not None:
        return Accepted(ticket=known["ticket"], turn=known["turn"], new=False, continued=bool(known["continued"]))
    named = _tickets_named(connection, message)
    own = next((row for row in named if _may_join(connection, message, row)), None)
    if own is None:
        return _open_ticket(connection, message, body, subject, now, tuple(row["id"] for row in named))
    if message.automatic is not None:
        _store(connection, message, body, own["id"], own["turn"], True, now)
        return Accepted(ticket=own["id"], turn=own["turn"], new=True, continued=True)
    return _continue_ticket(connection, message, body, own, now)


def keep_in_quarantine(connection: sa.Connection, item: Quarantined, now: datetime) -> bool:
    """See `ports.Ledger.quarantine`."""
    if connection.scalar(sa.select(quarantine.c.seq).where(quarantine.c.key == item.key)) is not None:
        return False
    row = item.model_dump() | {"source": storable(item.source), "reason": storable(item.reason)}
    number = connection.scalar(quarantine.insert().values(**row, at=now).returning(quarantine.c.seq))
    ref = f"Q-{number}"
    seals.give_secret(connection, ref)
    body: dict[str, Json] = {"key": item.key, "code": item.code, "raw": item.raw}
    audit.append(connection, now, "message.quarantined", ref, body)
    return True


def _open_ticket(
    connection: sa.Connection, message: Message, body: str, subject: str, now: datetime, foreign: tuple[str, ...]
) -> Accepted:
    last = connection.scalar(sa.select(sa.func.max(tickets.c.number)))
    number = FIRST_NUMBER if last is None else last + 1
    ticket = f"CS-{number}"
    connection.execute(
        tickets.insert().values(
            number=number, id=ticket, turn=1, arrived=0, status="received", subject=storable(subject),
            sender=storable(message.sender), customer="", on_record="", category="", requests="[]", reason="",
            opened_at=now, updated_at=now,
        )
    )  # fmt: skip
    seals.give_secret(connection, ticket)
    audit.append(connection, now, "ticket.opened", ticket, {"turn": 1})
    if foreign:
        audit.append(connection, now, "reference.foreign", ticket, {"tickets": list[Json](foreign)})
    arrived = _store(connection, message, body, ticket, 1, False, now)
    update_ticket(connection, ticket, now, arrived=arrived)
    return Accepted(ticket=ticket, turn=1, new=True, continued=False)


def _continue_ticket(connection: sa.Connection, message: Message, body: str, row: Row, now: datetime) -> Accepted:
    ticket, turn = row["id"], row["turn"] + 1
    voided = voiding.void_all(connection, ticket, now, "a new message came in")
    arrived = _store(connection, message, body, ticket, turn, True, now)
    update_ticket(connection, ticket, now, turn=turn, status="received", arrived=arrived)
    return Accepted(ticket=ticket, turn=turn, new=True, continued=True, voided=voided)


def _store(
    connection: sa.Connection, message: Message, body: str, ticket: str, turn: int, continued: bool, now: datetime
) -> int:
    arrived = connection.scalar(
        inbox.insert().values(
            key=message.key, ticket=ticket, turn=turn, message_id=storable(message.message_id),
            sender=storable(message.sender), body=body, raw=message.raw, automatic=message.automatic,
            authenticated=int(message.authenticated), continued=int(continued), received_at=now,
        ).returning(inbox.c.seq)
    )  # fmt: skip
    facts: dict[str, Json] = {"key": message.key, "turn": turn, "body": body, "raw": message.raw}
    audit.append(connection, now, "message.accepted", ticket, facts | {"automatic": message.automatic})
    return arrived or 0


def _tickets_named(connection: sa.Connection, message: Message) -> list[Row]:
    """Tickets that the message answers: by the ids of our mail and theirs, then by number in the subject."""
    references = [storable(reference) for reference in message.references[:_MOST_REFERENCES]]
    ours = [reference.strip("<>").partition("@")[0] for reference in references]
    numbers = [f"CS-{number}" for number in _TICKET_ID.findall(message.subject)]
    answered = sa.select(inbox.c.ticket).where(inbox.c.message_id.in_(references), inbox.c.message_id != "")
    sent = sa.select(effects.c.ticket).where(effects.c.key.in_(ours), effects.c.kind == "send_reply")
    by_reference = sa.or_(tickets.c.id.in_(answered), tickets.c.id.in_(sent))
    named = sa.or_(by_reference, tickets.c.id.in_(numbers))
    found = sa.select(tickets).where(named, tickets.c.id.not_in(sa.select(erasures.c.ref)))
    return list(connection.execute(found.order_by(by_reference.desc(), tickets.c.number.desc())).mappings())


def _may_join(connection: sa.Connection, message: Message, ticket: Row) -> bool:
    """Only the ticket's own sender, or its customer's address on record, continues it.

    A From header can be forged, and ticket numbers and the ids of our mail can be worked out: what is not authenticated
    never continues a ticket that holds authenticated mail. Automatic mail may, because it voids nothing.
    """
    sender = message.sender.lower()
    if not sender or sender not in (ticket["sender"].lower(), ticket["on_record"].lower()):
        return False
    return message.authenticated or message.automatic is not None or not _has_authenticated(connection, ticket["id"])


def _has_authenticated(connection: sa.Connection, ticket: str) -> bool:
    same = sa.select(inbox.c.seq).where(inbox.c.ticket == ticket, inbox.c.authenticated == 1)
    return first(connection, same.limit(1)) is not None
