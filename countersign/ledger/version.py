"""The version of the ledger's files that this program reads and writes."""

HEAD = "0008"
"""The newest migration."""
