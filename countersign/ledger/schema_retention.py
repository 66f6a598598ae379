"""Tables of what is forgotten with age: which tickets were pruned, and which a person keeps whole."""

import sqlalchemy as sa

from countersign.ledger import columns
from countersign.ledger.instants import Instant

prunings = columns.table(
    "prunings",
    columns.seq(),
    columns.of("ticket", "tickets.id"),
    columns.number("turn"),
    columns.time("at"),
    sa.UniqueConstraint("ticket", "turn"),
)
"""The journals of this turn, and of those before it, were forgotten."""

keeps = columns.table(
    "keeps",
    columns.seq(),
    columns.of("ticket", "tickets.id"),
    columns.text("by"),
    columns.text("reason"),
    columns.time("at"),
    columns.text("lifted_by"),
    sa.Column("lifted_at", Instant),
    sa.Index("one_keep_a_ticket", "ticket", unique=True, sqlite_where=sa.text("lifted_by = ''")),
)
