"""Prints a ticket's timeline, drawn or as JSON."""

from countersign.adapters.blobs import FolderBlobs
from countersign.cli.style import console, print_json
from countersign.display.spending import spending
from countersign.display.timeline import drawn, head
from countersign.ledger.calls import spent_on
from countersign.ledger.read import timeline, why
from countersign.settings import Settings


def print_events(settings: Settings, ticket_id: str) -> None:
    """The ticket, its events, and what models cost, as JSON."""
    ticket = why(settings.ledger_file, ticket_id)["ticket"]
    events = [event.model_dump(mode="json") for event in timeline(settings.ledger_file, ticket_id)]
    spent = [item.model_dump(mode="json") for item in spent_on(settings.ledger_file, ticket_id)]
    print_json({"ticket": ticket, "events": events, "spent": spent})


def print_timeline(settings: Settings, ticket_id: str) -> None:
    """The ticket's head and its timeline, times in UTC. Raises MisuseError for an unknown ticket."""
    ticket = why(settings.ledger_file, ticket_id)["ticket"]
    events = timeline(settings.ledger_file, ticket_id)
    out = console()
    out.print(head(ticket))
    out.print()
    out.print(drawn(events, FolderBlobs(settings.var / "blobs")))
    spent = spent_on(settings.ledger_file, ticket_id)
    if spent:
        out.print()
        out.print(spending(spent))
