"""Connections to the shop's database: one engine writes, one reads; both are safe to share between threads."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection

from countersign.adapters.shop.faults import at_commit, before_commit
from countersign.domain.errors import SettingsError

_BUSY_SECONDS = 30
_POOL = 8
_OVERFLOW = 24
_SCHEMES = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Engines:
    """A pair of engines over one database."""

    writer: sa.Engine
    reader: sa.Engine

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Runs work in one transaction and commits it; any error undoes all of it.

        Raises RetryError, FailedError, or UnknownOutcomeError where the connection was lost during the commit.
        """
        with before_commit():
            connection = self.writer.connect()
        try:
            with before_commit():
                transaction = connection.begin()
                result = work(connection)
            with at_commit():
                transaction.commit()
            return result
        finally:
            # What goes wrong in giving the connection back can't change what happened, so it must not say otherwise.
            with suppress(exc.SQLAlchemyError):
                connection.close()

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        """A connection that sees one state of the database throughout. Raises RetryError or FailedError."""
        with before_commit(), self.reader.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def open_engines(url: str) -> Engines:
    """Engines for a URL of a SQLite file or a PostgreSQL database. Raises SettingsError for any other.

    A SQLite URL may say how many seconds a locked file is waited for: `?timeout=5`; 30 otherwise.
    """
    parsed = _parsed(url)
    return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)


def snapshot(url: str, folder: Path) -> Engines:
    """Engines to read from: over a copy, in a folder, of a SQLite file as it is now; else over the database itself.

    Raises SettingsError where there is no such file or database.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return _postgresql(parsed)
    path = Path(str(parsed.database))
    if not path.is_file():
        raise SettingsError("there is no shop to look facts up in", where=str(path), hint="run a desk first")
    copy = folder / "shop.db"
    # A log that a crash left stays where it is: who closes a file last in any other mode writes it back.
    log = path.with_name(f"{path.name}-wal")
    mode = "ro" if log.exists() and log.stat().st_size else "rw"
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return _sqlite(parsed.set(database=str(copy)))


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):
        raise _refused("is not a database URL") from None
    if parsed.drivername not in _SCHEMES:
        raise _refused(f"names {parsed.drivername}, which is not supported")
    return parsed.set(drivername=_SCHEMES[parsed.drivername])


def _refused(why: str) -> SettingsError:
    return SettingsError(
        f"the shop's URL {why}", where="shop", hint="use sqlite:///path/to/shop.db or postgresql://user@host/name"
    )


def _sqlite(url: sa.URL) -> Engines:
    if url.database in (None, "", ":memory:"):
        raise _refused("names no file")
    folder = Path(str(url.database)).parent
    if not folder.is_dir():
        raise SettingsError("the shop's folder does not exist", where=str(folder), hint="create it")
    writer, reader = _sqlite_engine(url, "BEGIN IMMEDIATE"), _sqlite_engine(url, "BEGIN")
    event.listen(reader, "connect", _read_only)
    return Engines(writer=writer, reader=reader)


def _sqlite_engine(url: sa.URL, begin: str) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"isolation_level": None, **({} if "timeout" in url.query else {"timeout": _BUSY_SECONDS})},
        hide_parameters=True,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=_BUSY_SECONDS,
    )
    event.listen(engine, "connect", _pragmas)

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", start)
    return engine


def _pragmas(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    # recursive_triggers: without it INSERT OR REPLACE deletes rows without firing the delete triggers.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _read_only(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _postgresql(url: sa.URL) -> Engines:
    return Engines(
        writer=_postgresql_engine(url, isolation_level="READ COMMITTED"),
        reader=_postgresql_engine(
            url, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True}
        ),
    )


def _postgresql_engine(url: sa.URL, **settings: object) -> sa.Engine:
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=_BUSY_SECONDS,
        connect_args={"connect_timeout": 10},
        **settings,
    )
