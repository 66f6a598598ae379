"""Strict decoding: a stored blob may only become a type that is on the allow-list.

The library reads the switch once, when it is first imported, so it must be set before.
"""

import importlib
import os
import sys

from countersign.domain.errors import StorageError

VARIABLE = "LANGGRAPH_STRICT_MSGPACK"
_SWITCH = "langgraph.checkpoint.serde._msgpack"
"""Where the library keeps the switch it has read."""


def enable_strict() -> None:
    """Turns strict decoding on for this process; without effect once the library has read the switch."""
    if _SWITCH not in sys.modules:
        os.environ[VARIABLE] = "true"


def require_strict() -> None:
    """Refuses to go on where the library is loaded without strict decoding.

    Raises StorageError `storage.not_strict`.
    """
    if getattr(importlib.import_module(_SWITCH), "STRICT_MSGPACK_ENABLED", False) is not True:
        raise StorageError(
            "stored state would be decoded without an allow-list",
            where=VARIABLE,
            hint="call checkpoints.strict.enable_strict() before langgraph is first imported",
            detail="not_strict",
        )
