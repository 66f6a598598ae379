"""What models were asked, and what it cost."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_STATEMENTS = (
    """CREATE TABLE model_calls (
        seq INTEGER NOT NULL PRIMARY KEY, ticket TEXT NOT NULL REFERENCES tickets (id), turn INTEGER NOT NULL,
        step TEXT NOT NULL, node TEXT NOT NULL, tier TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        settings TEXT NOT NULL, prompt TEXT NOT NULL, request TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('started', 'answered', 'failed', 'recorded')), code TEXT NOT NULL,
        calls INTEGER NOT NULL, tokens INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
        ms INTEGER NOT NULL, micros INTEGER NOT NULL, at TEXT NOT NULL) STRICT""",
    "CREATE INDEX model_calls_by_ticket ON model_calls (ticket, turn, seq)",
    "CREATE INDEX model_calls_by_time ON model_calls (at)",
)


def upgrade() -> None:
    """Adds the model calls; `migrate.upgrade` puts the triggers in place afterwards."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
