"""Reads mail from files, folders and records; hostile mail is parsed in a process of its own."""

from countersign.adapters.mail.sources import read_sources

__all__ = ["read_sources"]
