"""The demonstration shop as its own books have it, and what somebody else does in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from countersign.lab.approvals.target import AMOUNT, ORDER

_CHANGES = "SELECT w.kind, COALESCE(r.amount, 0) FROM writes w JOIN receipts r ON r.key = w.key ORDER BY r.number"


def changes_in(var: Path) -> tuple[tuple[str, int], ...]:
    """Kind and amount of every change that was asked for under a key, in order."""
    with closing(sqlite3.connect(var / "shop.db", timeout=30)) as books:
        return tuple((kind, amount) for kind, amount in books.execute(_CHANGES))


def refund_elsewhere(var: Path) -> None:
    """A colleague pays the second charge back at the till, past every desk."""
    with closing(sqlite3.connect(var / "shop.db", timeout=30)) as books, books:
        books.execute(
            "INSERT INTO refunds (id, order_number, amount, reason, at) VALUES (?, ?, ?, ?, ?)",
            ("RF-TILL", ORDER, AMOUNT, "duplicate_charge", "2026-11-16 09:00:00.000000"),
        )
        books.execute("UPDATE orders SET version = version + 1 WHERE number = ?", (ORDER,))
