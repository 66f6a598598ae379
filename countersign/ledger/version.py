"""The version of the ledger's files that this program reads and writes."""

HEAD = "0009"
"""The newest migration."""
