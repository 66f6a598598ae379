"""Prints who decided what about a ticket, and why."""

from pydantic import JsonValue

from countersign.cli.style import console
from countersign.display.reasons import reasons


def print_reasons(found: JsonValue) -> None:
    """What `countersign.ledger.read.why` tells, drawn."""
    console().print(reasons(found))
