"""Numbered migrations of the ledger's file."""
