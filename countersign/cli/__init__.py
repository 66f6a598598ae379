"""The command line: one thin file per command group."""

from countersign.cli.app import main

__all__ = ["main"]
