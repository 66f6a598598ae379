"""Prints what waits for a person, and what is in quarantine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from countersign.cli.style import console, line
from countersign.display.inbox import inbox, table

if TYPE_CHECKING:
    from countersign.domain.ticket import Quarantined
    from countersign.ledger.waiting import Queue


def print_inbox(found: "Queue") -> None:
    """What waits, as it stands now."""
    console().print(inbox(found.first, datetime.now(UTC), (found.waiting, found.handed_over)))


def print_quarantine(found: "Sequence[Quarantined]") -> None:
    """Each item with its source and why it could not become a ticket."""
    out = console()
    if not found:
        out.print("Nothing is in quarantine.")
        return
    rows = table("code", "source, and reason")
    for item in found:
        source = line(item.source)
        reason = line(item.reason).removeprefix(f"{source}: ")
        text = Text.assemble((source, "bold"), f"\n{reason}", overflow="fold")
        rows.add_row(Text(item.code, style="magenta"), text)
    out.print(rows)
