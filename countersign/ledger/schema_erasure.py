"""Tables of what can be erased: the secrets that key the audit's digests, and what was erased."""

import sqlalchemy as sa

from countersign.ledger import columns
from countersign.ledger.instants import Instant

secrets = columns.table("secrets", columns.seq(), columns.text("ref", unique=True), columns.text("secret"))
"""A secret for each ticket, and for each item in quarantine; empty once it was destroyed."""

erasures = columns.table(
    "erasures",
    columns.seq(),
    columns.text("ref", unique=True),
    columns.text("by"),
    columns.number("effects"),
    columns.time("begun_at"),
    sa.Column("done_at", Instant),
)
"""`ref` is the ticket or the item in quarantine; `effects` counts what it did, whose numbers stay used up."""
