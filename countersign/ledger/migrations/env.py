"""Runs the migrations on the connection that `migrate.upgrade` hands over, inside its transaction."""

import sqlalchemy as sa
from alembic import context

connection: sa.Connection = context.config.attributes["connection"]
context.configure(connection=connection)
context.run_migrations()
