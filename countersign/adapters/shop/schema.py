"""Creates what is missing in a shop's database."""

import sqlalchemy as sa

from countersign.adapters.shop import account_tables, order_tables
from countersign.adapters.shop.columns import metadata
from countersign.adapters.shop.guards import guard
from countersign.adapters.shop.write_tables import counters

__all__ = ["account_tables", "create_schema", "hold_lock", "order_tables"]

_FIRST_NUMBERS = dict.fromkeys(("RF", "RT", "RP", "LL", "DX"), 900000)
"""Records that the desk causes are numbered from here, so none meets a record that was there before."""
_LOCK = 4_027_001
"""An arbitrary number by which processes queue up for PostgreSQL's advisory lock."""


def create_schema(connection: sa.Connection) -> None:
    """Creates tables, triggers and counters that are missing; doing it again changes nothing."""
    hold_lock(connection)
    metadata.create_all(connection)
    _add_note(connection)
    guard(connection)
    known = set(connection.execute(sa.select(counters.c.name)).scalars())
    missing = [{"name": name, "value": value} for name, value in _FIRST_NUMBERS.items() if name not in known]
    if missing:
        connection.execute(sa.insert(counters), missing)


def _add_note(connection: sa.Connection) -> None:
    """Orders of a shop that was made before they had notes get an empty one."""
    if "note" not in {column["name"] for column in sa.inspect(connection).get_columns("orders")}:
        connection.execute(sa.text("ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT ''"))


def hold_lock(connection: sa.Connection) -> None:
    """Lets one transaction at a time set up or seed a shop; on SQLite every write holds such a lock anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
