"""What a stored checkpoint holds, and how it becomes the library's checkpoint again.

Its body has everything but the channels' larger values, which are rows of their own, one per version:
small plain values ride along in the body, and of the others it has the names.
"""

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.base import SerializerProtocol

from checkpoints import bodies
from checkpoints.rows import CheckpointRow, Version, searched
from countersign.domain.errors import StorageError

_PLAIN = (type(None), bool, int, float)
_RIDES = 64
"""Characters up to which a text rides along: a row of its own would be longer."""


class Opened(NamedTuple):
    """A stored checkpoint, decoded but for the values that are rows of their own."""

    checkpoint: dict[str, Any]
    riding: dict[str, Any]
    kept: dict[str, Version]
    """Channels whose values are rows, with the version to look for."""
    metadata: CheckpointMetadata


def divide(checkpoint: Checkpoint, metadata: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A checkpoint's body, and the values that are rows of their own; a value without a version rides along."""
    values, versions = checkpoint["channel_values"], checkpoint["channel_versions"]
    riding = {name: value for name, value in values.items() if name not in versions or _rides(value)}
    rows = {name: value for name, value in values.items() if name not in riding}
    body = {key: part for key, part in checkpoint.items() if key != "channel_values"}
    long = {key: value for key, value in metadata.items() if searched(value) is not value}
    return body | {"riding": riding, "kept": list(rows), "long": long}, rows


def open_row(db: sqlite3.Connection, row: CheckpointRow, serde: SerializerProtocol) -> Opened:
    """The row, decoded. Raises StorageError `storage.corrupt` naming the thread."""
    with reading_thread(row.thread_id):
        body = cast("dict[str, Any]", serde.loads_typed(bodies.read(db, row)))
        versions = cast("dict[str, Version]", body["channel_versions"])
        kept = {name: versions[name] for name in body.pop("kept")}
        metadata = json.loads(row.metadata) | body.pop("long", {})  # earlier programs kept all of it in the column
        return Opened(body, body.pop("riding"), kept, metadata)


def rebuild(opened: Opened, values: Mapping[str, Any]) -> Checkpoint:
    """The library's checkpoint, with the values of the rows that it keeps."""
    return cast("Checkpoint", {**opened.checkpoint, "channel_values": {**opened.riding, **values}})


@contextmanager
def reading_thread(thread_id: str) -> Generator[None]:
    """Raises whatever is wrong with stored bytes as StorageError `storage.corrupt`, naming the thread."""
    try:
        yield
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise StorageError(
            f"a checkpoint can't be read: {error}",
            where=f"thread {thread_id}",
            hint="delete the thread; what was accepted is in the ledger and can start again",
            detail="corrupt",
        ) from error


def _rides(value: object) -> bool:
    return type(value) in _PLAIN or (type(value) is str and len(value) <= _RIDES)
