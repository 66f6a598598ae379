"""What a decision and a grant bind besides: the tool's contract."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    "ALTER TABLE decisions ADD COLUMN contract TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE grants ADD COLUMN contract TEXT NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    """Adds the columns; grants from before bind no contract, so that none of them is carried out unasked."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
