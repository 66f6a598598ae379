"""The SQLite file that keeps threads: opening it, its tables, its transactions. No langgraph in here."""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from checkpoints.pieces import squeeze
from countersign.domain.errors import StorageError

SCHEMA_VERSION = 3
"""PRAGMA user_version of a file that this program writes; an earlier file is brought there when it is opened.

Version 2 has the same tables; what was added is how bodies and writes are kept, and both forms are read.
"""
_READ_FROM = 2
"""The earliest version that can be read without being brought up."""
BUSY_SECONDS = 30.0
"""How long a writer waits for another process."""
SCRUB_SECONDS = 10.0
"""How long whoever takes deleted bytes out of the file waits for another process."""
_WAL_ATTEMPTS = 20
_WAL_PAUSE_SECONDS = 0.05

_VALUES = """CREATE TABLE channel_values (
        thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, channel TEXT NOT NULL, version ANY NOT NULL,
        type TEXT NOT NULL, body BLOB NOT NULL, refs BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (thread_id, checkpoint_ns, channel, version)) STRICT, WITHOUT ROWID"""

_TABLES = (
    """CREATE TABLE checkpoints (
        thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL, parent_id TEXT,
        metadata TEXT NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)) STRICT""",
    _VALUES,
    """CREATE TABLE writes (
        thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL,
        idx INTEGER NOT NULL, task_path TEXT NOT NULL, channel TEXT NOT NULL,
        type TEXT NOT NULL, body BLOB NOT NULL, refs BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE pieces (
        thread_id TEXT NOT NULL, digest BLOB NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (thread_id, digest)) STRICT""",
)

_FROM_1 = (
    "ALTER TABLE channel_values RENAME TO former",
    _VALUES,
    "INSERT INTO channel_values SELECT * FROM former",
    "DROP TABLE former",
    "UPDATE pieces SET body = squeezed(body)",
)
"""From version 1: values without an index of their own, pieces squeezed."""

_STEPS = {0: _TABLES, 1: _FROM_1}

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
    With `only_read` the file is neither made nor changed: not even what a crash left in its log is put back.
    Every fault of SQLite is raised as StorageError: `storage.busy`, `.full`, `.corrupt`, `.unreachable`,
    `.closed` or `.failed`.
    """

    def __init__(self, path: Path, on_point: Callable[[str], None] | None = None, *, only_read: bool = False) -> None:
        self._path = path
        self._on_point = on_point or _pass
        self._lock = threading.Lock()
        self._connection = _open_to_read(path) if only_read else _open(path)
        self._closed = False

    @contextmanager
    def reading(self, thread: str = "") -> Generator[sqlite3.Connection]:
        """One consistent view of the file."""
        with self._lock:
            self.require_open()
            try:
                self._connection.execute("BEGIN")
                yield self._connection
            except sqlite3.Error as error:
                raise self._fault(error, thread) from error
            finally:
                self._connection.rollback()

    @contextmanager
    def writing(self, operation: str, thread: str = "") -> Generator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        with self._lock:
            self.require_open()
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._on_point(f"{operation}.before")
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._fault(error, thread) from error
            finally:
                self._connection.rollback()  # nothing is open after a commit
            self._on_point(f"{operation}.after")

    def give_back(self, *, repacked: bool = False) -> None:
        """Empties the log into the file, which is shorter by what was deleted; readers are waited for a moment.

        `repacked` writes the file anew first, without the gaps between its rows: writers wait for that, seconds for a
        gigabyte, and where it can't be done now the gaps stay.
        """
        with self._lock, self._patient(1):
            if repacked:
                with suppress(sqlite3.OperationalError):
                    self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _patient(self, seconds: float) -> Generator[None]:
        """For as long as this others are waited for."""
        self.require_open()
        self._connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")

    def scrub(self) -> None:
        """Writes the whole file anew without what was deleted, and empties the log: no byte of it stays in either.

        Raises StorageError (`storage.busy`) while another process reads or writes.
        """
        with self._lock, self._patient(SCRUB_SECONDS):
            try:
                self._connection.execute("VACUUM")
                busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.Error as error:
                raise self._fault(error, "") from error
        if busy:
            text = "the threads' log is read by another process"
            raise StorageError(text, where=str(self._path), detail="busy")

    def require_open(self) -> None:
        """Raises StorageError `storage.closed` after `close`."""
        if self._closed:
            raise StorageError("the checkpoint file is closed", where=str(self._path), detail="closed")

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def _fault(self, error: sqlite3.Error, thread: str) -> StorageError:
        return storage_error(error, f"thread {thread}" if thread else str(self._path))


def storage_error(error: sqlite3.Error, where: str) -> StorageError:
    """What SQLite has to say, with a stable code, naming `where`."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest its refinement
    return StorageError(f"checkpoints can't be used: {error}", where=where, detail=_DETAILS.get(code, "failed"))


@contextmanager
def read_only(path: Path) -> Generator[sqlite3.Connection]:
    """A connection that can't change the file, after its version was checked."""
    try:
        with closing(_connect(f"{path.absolute().as_uri()}?mode=ro")) as connection:
            if check_version(connection, path) < _READ_FROM:
                raise _older(path)
            yield connection
    except sqlite3.Error as error:
        raise storage_error(error, str(path)) from error


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


def _older(path: Path) -> StorageError:
    hint = "run a command that writes to it, such as `countersign resume --all`"
    return StorageError("the checkpoint file is of an earlier version", where=str(path), hint=hint, detail="version")


def mode_to_read(path: Path) -> str:
    """How a file is opened that is only looked at: `ro` where its log holds something, which then stays there.

    Who closes a file last in any other mode writes its log back into it. Without a log `rw` leaves nothing behind,
    where `ro` would leave an empty log and an index.
    """
    log = path.with_name(f"{path.name}-wal")
    return "ro" if log.exists() and log.stat().st_size else "rw"


def _open_to_read(path: Path) -> sqlite3.Connection:
    try:
        connection = _connect(f"{path.absolute().as_uri()}?mode={mode_to_read(path)}")
        connection.execute("PRAGMA query_only=ON")
        if check_version(connection, path) < _READ_FROM:
            raise _older(path)
    except sqlite3.Error as error:
        raise storage_error(error, str(path)) from error
    return connection


def _open(path: Path) -> sqlite3.Connection:
    _make_private(path)
    try:
        connection = _connect(path.absolute().as_uri())
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise storage_error(error, str(path)) from error
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
    use_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA secure_delete=ON")  # what a customer wants forgotten is overwritten
    connection.execute("BEGIN IMMEDIATE")
    version = check_version(connection, path)
    if version < SCHEMA_VERSION:
        connection.create_function("squeezed", 1, squeeze, deterministic=True)
        for statement in _STEPS.get(version, ()):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


def use_wal(connection: sqlite3.Connection, pause: Callable[[float], None] = time.sleep) -> None:
    """Switches the file to a write-ahead log, which it then stays in.

    Processes that make the file at the same moment exclude each other here without SQLite waiting, so the
    switch is tried again a few times. Raises sqlite3.OperationalError after the last.
    """
    for _ in range(_WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            pause(_WAL_PAUSE_SECONDS)
    connection.execute("PRAGMA journal_mode=WAL")


def _pass(_point: str) -> None:
    return
