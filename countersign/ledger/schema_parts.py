"""What was in use when something was read: the desk's parts by digest, written once for each state of the desk."""

from countersign.ledger import columns

parts = columns.table("parts", columns.seq(), columns.text("digest", unique=True), columns.packed("content"))
"""`content` is `{name: digest}`, and `digest` the digest of it, which rows of the journal name."""
