"""Prints what waits for a person, and what is in quarantine."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.text import Text

from countersign.cli.style import console, line
from countersign.display.inbox import inbox, table
from countersign.domain.ticket import Quarantined
from countersign.ledger.read import Waiting


def print_inbox(found: Sequence[Waiting]) -> None:
    """What waits, as it stands now."""
    console().print(inbox(found, datetime.now(UTC)))


def print_quarantine(found: Sequence[Quarantined]) -> None:
    """Each item with its source and why it could not become a ticket."""
    out = console()
    if not found:
        out.print("Nothing is in quarantine.")
        return
    rows = table("source", "code", "reason")
    for item in found:
        rows.add_row(
            Text(line(item.source), overflow="fold"), Text(item.code, style="magenta"), Text(line(item.reason))
        )
    out.print(rows)
