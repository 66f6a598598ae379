"""What people teach: labels, the models learnt from them, and which one was put into use."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    """CREATE TABLE labels (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL REFERENCES tickets (id),
        turn INTEGER NOT NULL, requests TEXT NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL, said TEXT NOT NULL,
        source TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL, removed_at TEXT) STRICT""",
    "CREATE INDEX labels_by_ticket ON labels (ticket, turn, seq)",
    """CREATE TABLE models (
        seq INTEGER NOT NULL PRIMARY KEY, version INTEGER NOT NULL UNIQUE, name TEXT NOT NULL,
        place TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, data TEXT NOT NULL, examples INTEGER NOT NULL,
        labels TEXT NOT NULL, libraries TEXT NOT NULL, card TEXT NOT NULL, comparison TEXT NOT NULL,
        by TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
    """CREATE TABLE promotions (
        seq INTEGER NOT NULL PRIMARY KEY, version INTEGER NOT NULL, before INTEGER NOT NULL,
        act TEXT NOT NULL CHECK (act IN ('promote', 'rollback')), by TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
)


def upgrade() -> None:
    """Adds the tables; `migrate.upgrade` puts the triggers in place afterwards."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
