"""Database faults in the error tree's words; no text of theirs is passed on, it may hold personal data."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from pydantic import ValidationError
from sqlalchemy import exc

from countersign.domain.errors import CountersignError, FailedError, RetryError, UnknownOutcomeError

_ROLLED_BACK = ("23", "40")
"""SQLSTATE classes by which PostgreSQL says that it undid the transaction: integrity, and rollback."""
_FINAL = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""SQLite's codes for a file that is no shop, or no database at all."""
_UNDECIDED = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def before_commit() -> Generator[None]:
    """Translates faults of anything up to the commit: nothing happened.

    Raises RetryError where the same call may succeed later, FailedError where it won't.
    """
    try:
        yield
    except (exc.SQLAlchemyError, OverflowError, UnicodeError, ValidationError) as error:
        raise _harmless(error) from None


@contextmanager
def at_commit() -> Generator[None]:
    """Translates faults of the commit itself: unknown, unless the database says that it undid the change."""
    try:
        yield
    except exc.DBAPIError as error:
        if _undone(error):
            raise _harmless(error) from None
        raise UnknownOutcomeError(
            f"the shop's database was lost during a commit ({_name(error)})",
            detail="commit",
            hint="look the key up",
        ) from None


def _harmless(error: Exception) -> CountersignError:
    if isinstance(error, exc.IntegrityError):
        return FailedError(f"the shop's database refused the change ({_name(error)})", detail="constraint")
    if isinstance(error, exc.TimeoutError):
        return RetryError("the shop's database has no free connection", detail="busy")
    if isinstance(error, exc.DBAPIError) and _passing(error):
        return RetryError(f"the shop's database can't be reached or is busy ({_name(error)})", detail="unreachable")
    return FailedError(f"the shop's database can't carry this out ({_name(error)})", detail="nonsense")


def _passing(error: exc.DBAPIError) -> bool:
    if _sqlite_code(error) in _FINAL:
        return False
    return error.connection_invalidated or isinstance(error, (exc.OperationalError, exc.InterfaceError))


def _undone(error: exc.DBAPIError) -> bool:
    code = _sqlite_code(error)
    if code is not None:
        return code not in _UNDECIDED
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(state, str) and state[:2] in _ROLLED_BACK


def _sqlite_code(error: exc.DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _name(error: Exception) -> str:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or type(cause).__name__)
