"""Is the ledger's file sound? Its pages, its triggers, its audit chain."""

from pathlib import Path

from countersign.ledger import anchor, audit
from countersign.ledger.anchor import Head
from countersign.ledger.file import read_only
from countersign.ledger.triggers import Problem, compare_triggers

__all__ = ["Head", "Problem", "check_ledger", "head", "triggers", "verify"]


def verify(path: Path, noted: Head | None = None) -> tuple[Problem, ...]:
    """Reads the whole audit: rows that were edited, removed, inserted, reordered or cut off at the end.

    `noted` is a head that was written down elsewhere, to be found again; the anchor beside the file is always asked.
    Raises StorageError where the file can't be read.
    """
    anchored = anchor.read(path)  # before the view of the file begins, or a commit in between would look like a cut
    with read_only(path) as connection:
        found = audit.chain_problems(connection, anchored)
        return found if noted is None else (*found, *audit.head_problems(connection, noted))


def head(path: Path) -> Head:
    """The last row's number and hash: whoever keeps them elsewhere can tell later that nothing before was changed."""
    with read_only(path) as connection:
        return audit.head(connection)


def triggers(path: Path) -> tuple[Problem, ...]:
    """What differs between the file's triggers and the ones that belong there. Raises StorageError."""
    with read_only(path) as connection:
        return compare_triggers(connection)


def check_ledger(path: Path) -> tuple[Problem, ...]:
    """Everything that `doctor` wants to know of the file. Raises StorageError where it can't be read."""
    return _damage(path) + triggers(path) + verify(path) + _unfinished(path)


def _unfinished(path: Path) -> tuple[Problem, ...]:
    """Whoever was being erased when a process ended is not gone yet."""
    with read_only(path) as connection:
        begun = connection.exec_driver_sql("SELECT ref FROM erasures WHERE done_at IS NULL ORDER BY seq").scalars()
        return tuple(
            Problem(code="erasure.unfinished", text=f"the erasure of {ref} was begun and is not finished")
            for ref in begun
        )


def _damage(path: Path) -> tuple[Problem, ...]:
    with read_only(path) as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check").scalars()
        return tuple(Problem(code="file.damaged", text=text) for text in found if text != "ok")
