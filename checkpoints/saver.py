"""The one object that keeps threads: a LangGraph saver for sync and async callers over one SQLite file."""

import asyncio
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from checkpoints import bodies, retention, rows
from checkpoints.content import divide, open_row, reading_thread, rebuild
from checkpoints.file import ThreadFile
from checkpoints.pieces import Packed, pack, verified
from checkpoints.rows import Place, WriteRow
from countersign.domain.errors import MisuseError

P = ParamSpec("P")
T = TypeVar("T")


class ThreadSaver(BaseCheckpointSaver[str]):
    """Keeps checkpoints in the file at `path`, which is made (mode 0600) where there is none.

    Sync methods may be called from any thread. Async methods do the same in one worker thread, so no event
    loop waits for the disk. Opening reads the disk: under an event loop, open it with `asyncio.to_thread`.
    A channel's value is stored once per version and its long parts once per thread, so that a thread grows
    with what is new. `on_point` is called with `<operation>.before` and `.after` around each commit. With `only_read`
    the file must be there, and is not changed.

    Raises StorageError: `storage.corrupt` naming the thread, where what is stored can't be read, and what
    `checkpoints.file.ThreadFile` names.
    """

    def __init__(
        self,
        path: Path,
        *,
        serde: SerializerProtocol,
        on_point: Callable[[str], None] | None = None,
        only_read: bool = False,
    ) -> None:
        super().__init__(serde=serde)
        self._file = ThreadFile(path, on_point, only_read=only_read)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoints")

    def close(self) -> None:
        """Ends the worker thread and closes the file, also for the copies that graphs were compiled with."""
        self._worker.shutdown()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """A larger version: a counter of fixed width, and 32 random bits that keep two branches of a thread apart.

        `langgraph dev` counts by itself and writes the same form, so its versions and ours can be compared.
        """
        counter = int(current.partition(".")[0]) if current else 0
        return f"{counter + 1:032}.{secrets.randbits(32):010}"

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that the config names, or the thread's latest; None where there is none."""
        return self._load(_place(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the library's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints, newest first, read one by one. Raises ValueError for an unsafe metadata key."""
        for place in self._matching(config, filter, before, limit):
            if found := self._load(place):
                yield found

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Stores a checkpoint and the values whose versions are new, in one transaction."""
        parent = _place(config)
        place = parent._replace(checkpoint_id=checkpoint["id"])
        known = get_checkpoint_metadata(config, metadata)
        content, values = divide(checkpoint, known)
        pieces: dict[bytes, bytes] = {}
        packed = {name: self._packed(value, pieces) for name, value in values.items() if name in new_versions}
        text = json.dumps({key: rows.searched(value) for key, value in known.items()})
        with self._file.writing("put", place.thread_id) as db:
            for name, value in packed.items():
                rows.add_value(db, place, name, new_versions[name], value)
            rows.add_pieces(db, place.thread_id, pieces)
            body = bodies.add(db, place, parent, *self.serde.dumps_typed(content))
            rows.add_checkpoint(db, place, parent.checkpoint_id, text, body)
        return _config(place)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Stores what a task wrote on top of a checkpoint, in one transaction."""
        place = _place(config)
        pieces: dict[bytes, bytes] = {}
        found: Sequence[WriteRow] = [
            WriteRow(task_id, WRITES_IDX_MAP.get(channel, position), task_path, channel, self._packed(value, pieces))
            for position, (channel, value) in enumerate(writes)
        ]
        with self._file.writing("put_writes", place.thread_id) as db:
            rows.add_writes(db, place, found)
            rows.add_pieces(db, place.thread_id, pieces)

    def delete_thread(self, thread_id: str) -> None:
        """Forgets a thread: its bytes are overwritten and its pages given back."""
        with self._file.writing("delete_thread", thread_id) as db:
            retention.delete_thread(db, thread_id)

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints that these runs made, with their writes; what others need stays."""
        with self._file.writing("delete_for_runs") as db:
            retention.delete_for_runs(db, run_ids, self.serde)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Adds everything of one thread to another."""
        with self._file.writing("copy_thread", source_thread_id) as db:
            retention.copy_thread(db, source_thread_id, target_thread_id)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keeps each namespace's latest checkpoint and its writes (`keep_latest`), or nothing (`delete`).

        One transaction per thread. Raises MisuseError for another strategy.
        """
        if strategy not in ("keep_latest", "delete"):
            raise MisuseError(f"there is no pruning strategy {strategy!r}", hint="use keep_latest or delete")
        for thread_id in thread_ids:
            with self._file.writing("prune", thread_id) as db:
                if strategy == "delete":
                    retention.delete_thread(db, thread_id)
                else:
                    retention.keep_latest(db, thread_id, self.serde)

    def keep_last(self, thread_id: str) -> int:
        """Forgets all of a finished thread but its last checkpoint; answers how many checkpoints went."""
        with self._file.writing("keep_last", thread_id) as db:
            return retention.keep_last(db, thread_id, self.serde)

    def lengths(self) -> dict[str, int]:
        """How many checkpoints each thread has."""
        with self._file.reading() as db:
            return dict(db.execute("SELECT thread_id, COUNT(*) FROM checkpoints GROUP BY thread_id"))

    def give_back(self, *, repacked: bool = False) -> None:
        """Returns the space of what was deleted to the disk; `repacked`, of the gaps between rows as well."""
        self._file.give_back(repacked=repacked)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`."""
        return await self._aside(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the library's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As `list`."""
        for place in await self._aside(self._matching, config, filter, before, limit):
            if found := await self._aside(self._load, place):
                yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As `put`."""
        return await self._aside(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As `put_writes`."""
        await self._aside(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """As `delete_thread`."""
        await self._aside(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """As `delete_for_runs`."""
        await self._aside(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """As `copy_thread`."""
        await self._aside(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As `prune`."""
        await self._aside(self.prune, thread_ids, strategy=strategy)

    async def _aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._file.require_open()
        return await asyncio.get_running_loop().run_in_executor(self._worker, partial(work, *args, **kwargs))

    def _matching(
        self,
        config: RunnableConfig | None,
        filter: dict[str, Any] | None,  # noqa: A002 - the library's name
        before: RunnableConfig | None,
        limit: int | None,
    ) -> Sequence[Place]:
        asked = (config or {}).get("configurable", {})
        within = {column: asked[column] for column in ("thread_id", "checkpoint_ns") if column in asked}
        if asked.get("checkpoint_id"):
            within["checkpoint_id"] = asked["checkpoint_id"]
        earlier = (before or {}).get("configurable", {}).get("checkpoint_id")
        with self._file.reading() as db:
            return rows.places(db, within, filter or {}, earlier, limit)

    def _load(self, place: Place) -> CheckpointTuple | None:
        with self._file.reading(place.thread_id) as db:
            row = rows.checkpoint(db, place)
            if row is None:
                return None
            opened = open_row(db, row, self.serde)
            values = {name: self._value(db, place, name, version) for name, version in opened.kept.items()}
            with reading_thread(row.thread_id):
                writes = [(write, rows.data_of(db, place.thread_id, write.packed)) for write in rows.writes(db, row)]
        with reading_thread(row.thread_id):
            checkpoint = rebuild(opened, {name: self._decoded(*value) for name, value in values.items()})
            pending = [(write.task_id, write.channel, self._decoded(write.packed, data)) for write, data in writes]
        parent = _config(Place(row.thread_id, row.ns, row.parent_id)) if row.parent_id else None
        return CheckpointTuple(_config(Place(*row[:3])), checkpoint, opened.metadata, parent, pending)

    def _value(self, db: sqlite3.Connection, place: Place, channel: str, version: rows.Version) -> tuple[Packed, bytes]:
        packed = rows.value(db, place, channel, version)
        return packed, rows.data_of(db, place.thread_id, packed)

    def _packed(self, value: object, pieces: dict[bytes, bytes]) -> Packed:
        """The value's row; its pieces are added to `pieces`."""
        packed, own = pack(*self.serde.dumps_typed(value))
        pieces.update(own)
        return packed

    def _decoded(self, packed: Packed, data: bytes) -> Any:
        return self.serde.loads_typed(verified(packed, data))


def _place(config: RunnableConfig) -> Place:
    asked = config.get("configurable", {})
    if not asked.get("thread_id"):
        raise MisuseError("the config names no thread", hint='pass {"configurable": {"thread_id": ...}}')
    return Place(str(asked["thread_id"]), asked.get("checkpoint_ns") or "", asked.get("checkpoint_id") or None)


def _config(place: Place) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": place.thread_id,
            "checkpoint_ns": place.ns,
            "checkpoint_id": place.checkpoint_id,
        }
    }
