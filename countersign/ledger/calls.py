"""The ledger's book of model calls: what may be spent, what was, and what was answered."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from countersign.domain.model import Budget, Cost, ModelCall, Reserved, Spent
from countersign.ledger import spending
from countersign.ledger.file import read_only
from countersign.ledger.schema import journal
from countersign.ledger.schema_models import model_calls
from countersign.ledger.sql import SqlLedger


class SqlCalls:
    """Implements `countersign.llm.book.Book` over an open ledger; safe to share between threads and processes."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger

    def recall(self, ticket: str, step: str, request: str) -> str | None:
        """See `ports.Journal`."""
        return self._ledger.recall(ticket, step, request)

    def record(self, ticket: str, step: str, request: str, method: str, answer: str, parts: str = "") -> None:
        """See `ports.Journal`."""
        self._ledger.record(ticket, step, request, method, answer, parts)

    def reserve(self, call: ModelCall, most: Cost, budgets: tuple[Budget, Budget], now: datetime) -> Reserved:
        """Reserves what a call may cost at most. Raises ModelError (`model.budget`) where the budgets lack it."""
        with self._ledger.file.writing("reserve") as connection:
            return spending.reserve(connection, call, most, budgets, now)

    def finish(self, reserved: Reserved, cost: Cost, tokens: tuple[int, int], code: str) -> None:
        """Writes what the call did cost; `tokens` are read and written, `code` is empty where it was answered."""
        with self._ledger.file.writing("finish") as connection:
            spending.finish(connection, reserved.call, cost, tokens, code)

    def note_recorded(self, call: ModelCall, now: datetime) -> None:
        """Counts an answer that was told from a record."""
        with self._ledger.file.writing("note_recorded") as connection:
            spending.note_recorded(connection, call, now)

    def last(self) -> int:
        """The newest call's number; 0 where there is none."""
        with self._ledger.file.reading() as connection:
            return connection.scalar(sa.select(sa.func.max(model_calls.c.seq))) or 0

    def exchanges(self, tickets: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
        """What the journal holds of models for some tickets: ticket and step, method, answer; in order."""
        mine = sa.and_(journal.c.ticket.in_(tuple(tickets)), journal.c.method.startswith("models."))
        found = sa.select(journal.c.ticket, journal.c.step, journal.c.method, journal.c.answer).where(mine)
        with self._ledger.file.reading() as connection:
            rows = connection.execute(found.order_by(journal.c.seq))
            return tuple((f"{row.ticket} {row.step}", row.method, row.answer) for row in rows)

    def since(self, call: int) -> tuple[Spent, ...]:
        """What the calls after a number came to."""
        with self._ledger.file.reading() as connection:
            return spending.spent(connection, model_calls.c.seq > call)


def spent_on(source: SqlLedger | Path, ticket_id: str) -> tuple[Spent, ...]:
    """What models were asked for a ticket, and what it cost, for each node. Raises StorageError."""
    mine = model_calls.c.ticket == ticket_id
    if isinstance(source, Path):
        with read_only(source) as connection:
            return spending.spent(connection, mine)
    with source.file.reading() as connection:
        return spending.spent(connection, mine)
