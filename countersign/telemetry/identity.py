"""Which trace a turn is: worked out from the ledger, so that any process, any day, finds the same one."""

import hashlib
from functools import lru_cache


@lru_cache(maxsize=256)
def first_span(ledger: str, ticket: str, turn: int) -> tuple[int, int]:
    """The ids of a turn's trace and of its first span; `ledger` is what tells this ledger from any other."""
    made = hashlib.sha256(f"{ledger}/{ticket}/{turn}".encode()).digest()
    return int.from_bytes(made[:16], "big") or 1, int.from_bytes(made[16:24], "big") or 1
