"""The parts of the desk, code and models by digest, and which of them each row of the journal was read under."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = (
    "CREATE TABLE parts (seq INTEGER NOT NULL PRIMARY KEY, digest TEXT NOT NULL UNIQUE, content TEXT NOT NULL) STRICT",
    "ALTER TABLE journal ADD COLUMN parts TEXT NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    """Adds the parts; what was read before names none."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
