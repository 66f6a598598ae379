"""The ledger's tables about learning: labels, learnt models, and which of them was put into use."""

import sqlalchemy as sa

from countersign.ledger import columns
from countersign.ledger.instants import Instant

labels = columns.table(
    "labels",
    columns.seq(),
    columns.text("id", unique=True),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.packed("requests"),
    columns.text("text"),
    columns.text("language"),
    columns.packed("said"),
    columns.text("source"),
    columns.text("by"),
    columns.time("at"),
    sa.Column("removed_at", Instant),
    sa.Index("labels_by_ticket", "ticket", "turn", "seq"),
)
"""A turn's latest label counts. Removing one empties its text for good; the row stays."""

models = columns.table(
    "models",
    columns.seq(),
    sa.Column("version", sa.Integer, nullable=False, unique=True),
    columns.text("name"),
    columns.text("place", unique=True),
    columns.text("sha256"),
    columns.text("data"),
    columns.number("examples"),
    columns.packed("labels"),
    columns.packed("libraries"),
    columns.packed("card"),
    columns.packed("comparison"),
    columns.text("by"),
    columns.time("at"),
)

promotions = columns.table(
    "promotions",
    columns.seq(),
    columns.number("version"),
    columns.number("before"),
    sa.Column("act", sa.Text, sa.CheckConstraint("act IN ('promote', 'rollback')"), nullable=False),
    columns.text("by"),
    columns.time("at"),
)
"""The last row says which version is in use; without one it is 0, the model of the desk's own examples."""
