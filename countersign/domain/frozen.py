"""The one way values are declared, and the one way they are hashed."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue


class Frozen(BaseModel):
    """An immutable value: unknown fields are refused, instances compare and hash by content."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_bytes="base64")


Json = JsonValue


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN; models are dumped first."""
    return json.dumps(value, default=_dump, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """SHA-256, in hex, of a value's canonical JSON; lone surrogates are replaced, so any text has a digest."""
    return hashlib.sha256(canonical(value).encode("utf-8", "replace")).hexdigest()


def _dump(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if hasattr(value, "isoformat"):
        return value.isoformat()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
    raise TypeError(f"{type(value).__name__} has no canonical JSON")
