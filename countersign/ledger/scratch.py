"""What came to a ticket from outside, entered in a scratch ledger as it was: messages, answers, deadlines.

What the desk itself decides is not copied: the replay writes that, and it is compared with the record.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import ReplayMismatchError
from countersign.ledger import voiding
from countersign.ledger.rows import Row, first, ticket_row, update_ticket
from countersign.ledger.schema import inbox, outcomes, reviews, signatures, tickets


def open_ticket(connection: sa.Connection, row: Row) -> None:
    """The ticket as it was before its first message."""
    blank = {"turn": 1, "arrived": 0, "status": "received", "customer": "", "on_record": "", "category": ""}
    blank |= {"requests": "[]", "reason": ""}
    kept = {name: row[name] for name in ("number", "id", "subject", "sender", "opened_at")}
    connection.execute(tickets.insert().values(**kept, **blank, updated_at=row["opened_at"]))


def accept(connection: sa.Connection, row: Row) -> bool:
    """A message; whether it begins the ticket or a turn of it."""
    ticket, now = ticket_row(connection, row["ticket"]), row["received_at"]
    begins = not ticket["arrived"] or row["turn"] > ticket["turn"]
    if row["turn"] > ticket["turn"]:
        voiding.void_all(connection, ticket["id"], now, "a new message came in")
    copied = {name: row[name] for name in row if name != "seq"}
    arrived = connection.scalar(inbox.insert().values(**copied).returning(inbox.c.seq)) or 0
    if begins:
        update_ticket(connection, ticket["id"], now, turn=row["turn"], status="received", arrived=arrived)
    return begins


def reopen(connection: sa.Connection, ticket: str, turn: int, now: datetime) -> None:
    """Another turn of a ticket that had ended."""
    update_ticket(connection, ticket, now, turn=turn, status="received")


def answer(connection: sa.Connection, row: Row, signed: Sequence[Row]) -> None:
    """A person's answer, to the question that is open, or to none where they began a turn by themselves.

    Raises ReplayMismatchError where another question is open than the one that was answered.
    """
    name = _question(connection, row)
    answered = {column: row[column] for column in ("answer", "by", "at", "text", "signed", "edited")}
    connection.execute(reviews.update().where(reviews.c.id == name).values(status="answered", **answered))
    for item in signed:
        copied = {column: item[column] for column in item if column != "seq"}
        connection.execute(signatures.insert().values(**copied | {"review": name}))
    update_ticket(connection, row["ticket"], row["at"], status="received")


def expire(connection: sa.Connection, row: Row) -> None:
    """The deadline of the open question has come. Raises as `answer` does."""
    connection.execute(reviews.update().where(reviews.c.id == _question(connection, row)).values(status="expired"))
    update_ticket(connection, row["ticket"], row["deadline"], status="received")


def end(connection: sa.Connection, row: Row) -> None:
    """The outcome of a turn that came to none here."""
    copied = {column: row[column] for column in row if column != "seq"}
    connection.execute(outcomes.insert().values(**copied))


def asks(connection: sa.Connection, ticket: str) -> Row | None:
    """The question that is open."""
    same = (reviews.c.ticket == ticket, reviews.c.status == "open")
    return first(connection, sa.select(reviews).where(*same))


def _question(connection: sa.Connection, row: Row) -> str:
    found = asks(connection, row["ticket"])
    if found is not None and found["digest"] == row["digest"]:
        return str(found["id"])
    if found is not None or row["bound"]:
        raise ReplayMismatchError("another question is asked than the one that was answered", detail="question")
    copied = {column: row[column] for column in row if column != "seq"}
    blank = {"status": "open", "answer": "", "by": "", "at": None, "text": "", "signed": "", "edited": None}
    connection.execute(reviews.insert().values(**copied | blank))
    return str(row["id"])
