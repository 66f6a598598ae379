"""The ledger's SQLite file: who may open it, how it is locked, what a connection may do, when it is anchored."""

import os
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import NullPool, QueuePool

from countersign.domain.errors import CountersignError, InputError, RejectedError, StorageError
from countersign.ledger import anchor, audit
from countersign.ledger.faults import require_file, storage_error
from countersign.ledger.migrate import require_version, upgrade, version_of
from countersign.ledger.schema import HEAD

OnPoint = Callable[[str], None]

BUSY_SECONDS = 30.0
"""How long a writer waits for another one."""

_QUEUE_SECONDS = 600.0
"""How long a thread waits for the others of its process: a few hundred at once take a while, and all of them get on."""

SCRUB_MILLISECONDS = 10_000
"""How long writing the file anew waits for whoever reads or writes."""

_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON", "secure_delete = ON")

_PAGES_AT_ONCE = 500

_LEVELS = (("synchronous", "FULL"), ("synchronous", "NORMAL"))

_FORGOTTEN = frozenset(
    {
        "journal", "signatures", "effects", "grants", "decisions", "reviews", "proposals", "verdicts", "outcomes",
        "quarantine",
    }
)  # fmt: skip
"""Tables that rows may be deleted from: journals by age, the others where a trigger finds them erased."""

_HARMLESS = frozenset(
    {
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
    }
)


class LedgerFile:
    """One file, one writer at a time in the whole world, any number of readers.

    `on_point` is called with `ledger.OPERATION.before` and `ledger.OPERATION.after` around every commit.
    Faults are raised as StorageError: `storage.busy`, `.full`, `.corrupt`, `.unreachable`, `.version`, `.closed` or
    `.failed`; what the file's own triggers refuse is RejectedError `rejected.law`.
    """

    def __init__(self, path: Path, on_point: OnPoint | None = None) -> None:
        self.path = path
        self._on_point = on_point or _pass
        with storage_faults(path):
            _create(path)
            _migrate(path)
        self._writer = _engine(path, writes=True)
        self._reader = _engine(path, writes=False)
        self._closed = False

    @contextmanager
    def writing(self, operation: str, *, durable: bool = True) -> Generator[sa.Connection]:
        """One transaction: all of it is kept, or nothing. The audit's head is anchored afterwards.

        One that is not `durable` survives the end of the process and waits for no disk; the next durable one keeps it
        for good with itself, so nothing is ever kept without what was written before it.
        """
        self._require_open()
        with storage_faults(self.path):
            writer = self._writer.execution_options(durable=durable)
            with writer.begin() as connection:
                yield connection
                head = audit.head(connection)
                self._on_point(f"ledger.{operation}.before")
            self._on_point(f"ledger.{operation}.after")
            anchor.write(self.path, head)

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """One consistent view; it never waits for a writer."""
        self._require_open()
        with storage_faults(self.path), self._reader.begin() as connection:
            yield connection

    def give_back(self) -> None:
        """Returns free pages to the disk, a few at a time so that no writer waits long, and empties the log.

        A file from before pages could be returned keeps them, and fills them again.
        """
        self._require_open()
        with storage_faults(self.path), closing(_maintenance(self.path)) as connection:
            left = -1
            while (free := connection.execute("PRAGMA freelist_count").fetchone()[0]) not in (0, left):
                connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")  # steps to the end
                left = free
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def scrub(self) -> None:
        """Writes the whole file anew without what was deleted, and empties the log: no byte of it stays in either.

        Raises StorageError (`storage.busy`) while another process reads or writes.
        """
        self._require_open()
        with storage_faults(self.path), closing(_maintenance(self.path)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {SCRUB_MILLISECONDS}")
            connection.execute("VACUUM")
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise StorageError("the ledger's log is read by another process", where=str(self.path), detail="busy")

    def close(self) -> None:
        """Closes every connection; none is opened again."""
        self._closed = True
        self._writer.dispose()
        self._reader.dispose()

    def _require_open(self) -> None:
        if self._closed:
            raise StorageError("the ledger is closed", where=str(self.path), detail="closed")


@contextmanager
def read_only(path: Path) -> Generator[sa.Connection]:
    """A view of a file that is only looked at: it is neither made nor migrated, and what its log holds stays there."""
    require_file(path)
    engine = _engine(path, writes=False, url=_url_to_read(path))
    with storage_faults(path):
        try:
            with engine.begin() as connection:
                require_version(connection, path)
                yield connection
        finally:
            engine.dispose()


@contextmanager
def storage_faults(path: Path) -> Generator[None]:
    """Raises what SQLite has to say as an error of ours, with a stable code."""
    try:
        yield
    except exc.IntegrityError as error:
        if "law: " not in str(error.orig):
            raise storage_error(error.orig, path) from error
        raise RejectedError(str(error.orig).replace("law: ", ""), detail="law") from error
    except exc.TimeoutError as error:
        raise StorageError("the ledger is busy", where=str(path), detail="busy") from error
    except exc.StatementError as error:
        if isinstance(error.orig, CountersignError):  # of a value that our own column types refuse
            raise error.orig from error
        raise storage_error(error.orig, path) from error
    except OSError as error:
        detail = "full" if error.errno == 28 else "unreachable"
        raise StorageError(f"the ledger can't be used: {error.strerror}", where=str(path), detail=detail) from error
    except UnicodeEncodeError as error:
        raise InputError("a text holds half a character", hint="clean it before storing it", detail="text") from error


def _create(path: Path) -> None:
    """Makes folder and file for the owner alone, before SQLite would make them for everyone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _migrate(path: Path) -> None:
    engine = sa.create_engine(_url(path), poolclass=NullPool, connect_args=_CONNECT, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    with engine.connect() as connection:
        if version_of(connection) == HEAD:
            return
        _switch_to_wal(connection)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        upgrade(connection, path)
        connection.exec_driver_sql("COMMIT")


def _switch_to_wal(connection: sa.Connection) -> None:
    """A log, and pages that can be given back. SQLite does not wait for this lock by itself: openings would collide."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.exec_driver_sql("PRAGMA auto_vacuum = INCREMENTAL")  # only before the first table
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _engine(path: Path, *, writes: bool, url: sa.URL | None = None) -> sa.Engine:
    # One writing connection for the process: its threads queue in the pool, which is fair; SQLite's own wait is not.
    size = {"pool_size": 1, "max_overflow": 0} if writes else {"pool_size": 5, "max_overflow": 20}
    engine = sa.create_engine(
        url or _url(path),
        poolclass=QueuePool,
        pool_timeout=_QUEUE_SECONDS,
        connect_args=_CONNECT,
        hide_parameters=True,
        **size,
    )
    event.listen(engine, "connect", _confine if writes else _confine_reader)
    event.listen(engine, "begin", _begin_writing if writes else _begin_reading)
    return engine


_CONNECT = {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False}


def _url(path: Path) -> sa.URL:
    return sa.URL.create("sqlite", database=str(path.absolute()))


def _url_to_read(path: Path) -> sa.URL:
    """Who closes a file last writes its log back into it, unless it was opened as one that can't be written."""
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return _url(path)
    return sa.URL.create("sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _maintenance(path: Path) -> sqlite3.Connection:
    """A connection that waits a moment only: there is always a next time."""
    return sqlite3.connect(path, timeout=1.0, isolation_level=None)


def _begin_writing(connection: sa.Connection) -> None:
    level = "FULL" if connection.get_execution_options().get("durable", True) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _confine(connection: sqlite3.Connection, record: object) -> None:
    _set_pragmas(connection, record)
    connection.set_authorizer(_authorize)


def _confine_reader(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA query_only = ON")
    _confine(connection, record)


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _by: str | None) -> int:
    """Permits reading, adding, updating all but the audit's chain, and forgetting what triggers let go.

    No DROP, ALTER, ATTACH or other DELETE; no new PRAGMA but how a transaction waits for the disk.
    """
    if action in _HARMLESS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_UPDATE and first is not None and (first != "audit" or second == "body"):
        return sqlite3.SQLITE_DENY if first.startswith("sqlite_") else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_DELETE and first in _FORGOTTEN:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (second is None or (first, second) in _LEVELS):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _pass(_point: str) -> None:
    """Where nobody listens."""
