"""The law: what was accepted, proposed, decided, granted and done, in one SQLite file.

What only looks at it need not load what writes it, so the two names are found when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from countersign.ledger.sql import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module("countersign.ledger.sql"), name)
