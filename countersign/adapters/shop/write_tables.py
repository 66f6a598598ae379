"""What the desk asked the business for, and the proof of it."""

import sqlalchemy as sa

from countersign.adapters.shop.columns import metadata, moment, number, one_of, primary, text
from countersign.domain.plan import Kind

writes = sa.Table(
    "writes",
    metadata,
    primary("key"),
    text("kind"),
    text("target"),
    text("arguments"),
    text("digest"),
    moment("at"),
    one_of("kind", Kind),
    sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name="key_length"),
)
"""What the desk asked for, by its key: arguments as canonical JSON, and their digest."""

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=False, unique=True),
    text("reference"),
    sa.Column("amount", sa.BigInteger, nullable=True),
    text("currency", null=True),
    sa.Column("details", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

counters = sa.Table("counters", metadata, primary("name"), number("value"))
"""The last number given to each kind of record that the desk's writes create."""
