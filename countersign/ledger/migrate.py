"""Brings a ledger's file to this program's version. Alembic is imported only where there is something to do."""

from pathlib import Path

import sqlalchemy as sa

from countersign.domain.errors import StorageError
from countersign.ledger.faults import require_head
from countersign.ledger.schema import HEAD
from countersign.ledger.triggers import install_triggers

MIGRATIONS = Path(__file__).parent / "migrations"


def version_of(connection: sa.Connection) -> str:
    """The migration that the file stands at; empty where it has no tables of ours."""
    exists = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.exec_driver_sql(exists).first() is None:
        return ""
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""


def require_version(connection: sa.Connection, path: Path) -> None:
    """Raises StorageError (`storage.version`) where the file stands at another version than this program's."""
    require_head(version_of(connection), path)


def upgrade(connection: sa.Connection, path: Path) -> None:
    """Migrates inside the caller's transaction, then puts the triggers in place.

    Raises StorageError (`storage.version`) where the file was written by a newer program.
    """
    if version_of(connection) == HEAD:
        return
    _run_alembic(connection, path)
    install_triggers(connection)


def _run_alembic(connection: sa.Connection, path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        found = version_of(connection)
        message = f"the ledger stands at version {found}, which this program does not know"
        raise StorageError(message, where=str(path), hint="use the newest program", detail="version") from error
