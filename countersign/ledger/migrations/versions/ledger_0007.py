"""Where proposals come from: on whose word, named by whom, and whether a second model agrees."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the column; `{}` stands for a playbook's proposal. `migrate.upgrade` puts the triggers in place."""
    op.execute(sa.text("ALTER TABLE proposals ADD COLUMN provenance TEXT NOT NULL DEFAULT '{}'"))
