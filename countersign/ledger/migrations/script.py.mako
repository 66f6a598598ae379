"""${message}."""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Say in one sentence what changes. Triggers are put back by `migrate.upgrade` afterwards."""
    ${upgrades if upgrades else "pass"}
