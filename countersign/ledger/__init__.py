"""The law: what was accepted, proposed, decided, granted and done, in one SQLite file."""

from countersign.ledger.sql import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]
