"""What people sign: their word on each proposal, and what an edit puts in its place."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    "ALTER TABLE reviews ADD COLUMN signed TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE reviews ADD COLUMN edited TEXT",
    """CREATE TABLE signatures (
        seq INTEGER NOT NULL PRIMARY KEY, review TEXT NOT NULL REFERENCES reviews (id),
        ticket TEXT NOT NULL REFERENCES tickets (id), proposal TEXT NOT NULL, kind TEXT NOT NULL,
        target TEXT NOT NULL, key TEXT NOT NULL, arguments_digest TEXT NOT NULL,
        version TEXT NOT NULL, answer TEXT NOT NULL CHECK (answer IN ('approve', 'reject')), by TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount >= 0), at TEXT NOT NULL, UNIQUE (review, proposal)) STRICT""",
    "CREATE INDEX signatures_by_person ON signatures (by, kind, at)",
    "CREATE INDEX signatures_by_proposal ON signatures (proposal)",
    "CREATE INDEX signatures_by_ticket ON signatures (ticket, seq)",
)


def upgrade() -> None:
    """Adds the signatures; `migrate.upgrade` puts the triggers in place afterwards."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
