"""The version of the ledger's files that this program reads and writes."""

HEAD = "0006"
"""The newest migration."""
