"""Where calls are written down: the part of the ledger that models need."""

from datetime import datetime
from typing import Protocol

from countersign.domain.model import Budget, Cost, ModelCall, Reserved
from countersign.ports import Journal


class Book(Journal, Protocol):
    """The journal, and the book of what calls may cost and did."""

    def reserve(self, call: ModelCall, most: Cost, budgets: tuple[Budget, Budget], now: datetime) -> Reserved:
        """Reserves the most that a call may cost, from the ticket's budget and the day's.

        Raises ModelError (`model.budget`) and writes nothing where one of them lacks it.
        """
        ...

    def finish(self, reserved: Reserved, cost: Cost, tokens: tuple[int, int], code: str) -> None:
        """Writes what the call did cost; `tokens` are read and written, `code` is empty where it was answered."""
        ...

    def note_recorded(self, call: ModelCall, now: datetime) -> None:
        """Counts an answer that was told from a record."""
        ...
