"""What is forgotten with age: which tickets were pruned, and which a person keeps whole."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_STATEMENTS = (
    """CREATE TABLE prunings (
        seq INTEGER NOT NULL PRIMARY KEY, ticket TEXT NOT NULL REFERENCES tickets (id), turn INTEGER NOT NULL,
        at TEXT NOT NULL, UNIQUE (ticket, turn)) STRICT""",
    """CREATE TABLE keeps (
        seq INTEGER NOT NULL PRIMARY KEY, ticket TEXT NOT NULL REFERENCES tickets (id), by TEXT NOT NULL,
        reason TEXT NOT NULL, at TEXT NOT NULL, lifted_by TEXT NOT NULL, lifted_at TEXT) STRICT""",
    "CREATE UNIQUE INDEX one_keep_a_ticket ON keeps (ticket) WHERE lifted_by = ''",
)


def upgrade() -> None:
    """Adds the tables; `migrate.upgrade` puts the triggers in place afterwards."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
