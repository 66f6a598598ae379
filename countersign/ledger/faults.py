"""What SQLite has to say of the ledger's file, as errors of ours."""

import sqlite3
from pathlib import Path

from countersign.domain.errors import StorageError
from countersign.ledger.version import HEAD

_DETAILS = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_READONLY: "unreachable",
}


def storage_error(cause: BaseException | None, path: Path) -> StorageError:
    """The cause with a stable code."""
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest its refinement
    return StorageError(f"the ledger can't be used: {cause}", where=str(path), detail=_DETAILS.get(code, "failed"))


def require_file(path: Path) -> None:
    """Raises StorageError `storage.missing` where there is no ledger to look at."""
    if not path.is_file():
        hint = "run `countersign run` first, or name another folder with --var"
        raise StorageError("there is no ledger", where=str(path), hint=hint, detail="missing")


def require_head(found: str, path: Path) -> None:
    """Raises StorageError `storage.version` where the file stands at another version than this program's."""
    if found != HEAD:
        raise StorageError(
            f"the ledger stands at version {found or 'none'}, this program needs {HEAD}",
            where=str(path),
            hint="run a command that writes to it, such as `countersign run`, with the newest program",
            detail="version",
        )
