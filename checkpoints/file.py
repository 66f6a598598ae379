"""The SQLite file that keeps threads: opening it, its tables, its transactions. No langgraph in here."""

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from countersign.domain.errors import StorageError

SCHEMA_VERSION = 1
"""PRAGMA user_version of a file that this program writes."""
BUSY_SECONDS = 30.0
"""How long a writer waits for another process."""

_TABLES = (
    """CREATE TABLE checkpoints (
        thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL, parent_id TEXT,
        metadata TEXT NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)) STRICT""",
    """CREATE TABLE channel_values (
        thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, channel TEXT NOT NULL, version ANY NOT NULL,
        type TEXT NOT NULL, body BLOB NOT NULL, refs BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (thread_id, checkpoint_ns, channel, version)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE writes (
        thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL,
        idx INTEGER NOT NULL, task_path TEXT NOT NULL, channel TEXT NOT NULL,
        type TEXT NOT NULL, body BLOB NOT NULL, refs BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE pieces (
        thread_id TEXT NOT NULL, digest BLOB NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (thread_id, digest)) STRICT""",
)

_DETAILS = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_READONLY: "unreachable",
}


class ThreadFile:
    """One connection to the file, shared by all threads of the process, one transaction at a time.

    `on_point`, when given, is called with `<operation>.before` and `<operation>.after` around every commit.
    Every fault of SQLite is raised as StorageError: `storage.busy`, `.full`, `.corrupt`, `.unreachable`,
    `.closed` or `.failed`.
    """

    def __init__(self, path: Path, on_point: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._on_point = on_point or _pass
        self._lock = threading.Lock()
        self._connection = _open(path)
        self._closed = False

    @contextmanager
    def reading(self, thread: str = "") -> Generator[sqlite3.Connection]:
        """One consistent view of the file."""
        with self._lock, self._faults(thread):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.rollback()

    @contextmanager
    def writing(self, operation: str, thread: str = "") -> Generator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        with self._lock, self._faults(thread):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._on_point(f"{operation}.before")
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise
            self._on_point(f"{operation}.after")

    def require_open(self) -> None:
        """Raises StorageError `storage.closed` after `close`."""
        if self._closed:
            raise StorageError("the checkpoint file is closed", where=str(self._path), detail="closed")

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._lock:
            self._closed = True
            self._connection.close()

    @contextmanager
    def _faults(self, thread: str) -> Generator[None]:
        self.require_open()
        with storage_faults(f"thread {thread}" if thread else str(self._path)):
            yield


@contextmanager
def storage_faults(where: str) -> Generator[None]:
    """Raises what SQLite has to say as StorageError with a stable code, naming `where`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest its refinement
        detail = _DETAILS.get(code, "failed")
        raise StorageError(f"checkpoints can't be used: {error}", where=where, detail=detail) from error


@contextmanager
def read_only(path: Path) -> Generator[sqlite3.Connection]:
    """A connection that can't change the file, after its version was checked."""
    with storage_faults(str(path)), closing(_connect(f"{path.absolute().as_uri()}?mode=ro")) as connection:
        check_version(connection, path)
        yield connection


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, 0 for an empty one. Raises `storage.newer` and `storage.foreign`."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StorageError(
            f"the checkpoint file has schema version {version}, this program knows {SCHEMA_VERSION}",
            where=str(path),
            hint="use the newer program that wrote it, or move the file away",
            detail="newer",
        )
    if not version and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise StorageError(
            "the file holds another program's tables", where=str(path), hint="choose another file", detail="foreign"
        )
    return version


def _open(path: Path) -> sqlite3.Connection:
    with storage_faults(str(path)):
        _make_private(path)
        connection = _connect(path.absolute().as_uri())
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def _make_private(path: Path) -> None:
    """The file readable by its owner alone, in a folder of the same kind where it has to be made.

    SQLite gives the files it puts beside it the same mode.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise StorageError(
            f"the checkpoint file can't be made: {error.strerror}", where=str(path), detail="unreachable"
        ) from error


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # only before the first table: pruning gives pages back
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA secure_delete=ON")  # what a customer wants forgotten is overwritten
    connection.execute("BEGIN IMMEDIATE")
    if not check_version(connection, path):
        for table in _TABLES:
            connection.execute(table)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _pass(_point: str) -> None:
    return
