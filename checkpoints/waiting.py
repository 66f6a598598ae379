"""Which threads wait for an answer, straight from the file: no langgraph, no class from a blob is built."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import ormsgpack

from checkpoints import rows
from checkpoints.file import read_only
from checkpoints.pieces import Packed, verified
from countersign.domain.errors import StorageError

_SQL = """
    SELECT w.thread_id, w.checkpoint_id, w.task_id, w.type, w.body, w.refs, w.crc FROM writes w
    JOIN (SELECT thread_id, MAX(checkpoint_id) AS checkpoint_id FROM checkpoints
          WHERE checkpoint_ns = '' GROUP BY thread_id) latest USING (thread_id, checkpoint_id)
    WHERE w.checkpoint_ns = '' AND w.channel = '__interrupt__' AND NOT EXISTS (
        SELECT 1 FROM writes done WHERE done.idx >= 0
        AND (done.thread_id, done.checkpoint_ns, done.checkpoint_id, done.task_id)
          = (w.thread_id, '', w.checkpoint_id, w.task_id))
    ORDER BY w.checkpoint_id, w.task_id"""
"""A thread waits where a task of its latest checkpoint was interrupted and has not finished since."""


class Asked(NamedTuple):
    """One interrupt: the id that a resume must name, and what it asks, as plain data."""

    interrupt_id: str
    value: object


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that waits. `payload` is as stored, a type tag and bytes; `asked` decodes it when called."""

    thread_id: str
    checkpoint_id: str
    task_id: str
    payload: tuple[str, bytes]
    crc: int

    def asked(self) -> tuple[Asked, ...]:
        """The task's interrupts. Raises StorageError `storage.corrupt`, naming the thread."""
        type_, data = self.payload
        try:
            verified(Packed(type_, b"", b"", self.crc), data)
            found = cast(
                "list[dict[str, Any]]", ormsgpack.unpackb(data, ext_hook=_plain, option=ormsgpack.OPT_NON_STR_KEYS)
            )
            return tuple(Asked(each["id"], each["value"]) for each in found)
        except (ValueError, TypeError, LookupError) as error:
            raise StorageError(
                f"what it asks can't be read: {error}", where=f"thread {self.thread_id}", detail="corrupt"
            ) from error


def waiting(path: Path) -> list[Waiting]:
    """Every task that waits, longest-waiting checkpoint first; none where there is no file yet.

    Raises StorageError as `checkpoints.file.read_only` does.
    """
    if not path.exists():
        return []
    with read_only(path) as db:
        return [_waiting(db, *found) for found in db.execute(_SQL).fetchall()]


def _waiting(db: sqlite3.Connection, thread: str, checkpoint: str, task: str, *packed: Any) -> Waiting:
    stored = Packed(*packed)
    return Waiting(thread, checkpoint, task, (stored.type, rows.data_of(db, thread, stored)), stored.crc)


def _plain(_code: int, data: bytes) -> object:
    """The arguments of the object that an extension stands for: module, name, arguments, perhaps a method."""
    return cast("list[object]", ormsgpack.unpackb(data, ext_hook=_plain, option=ormsgpack.OPT_NON_STR_KEYS))[2]
