"""`inbox`, `show`, `why` and `quarantine`: what the ledger holds. These commands change nothing."""

from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.app import AsJson, Var, app

TicketId = Annotated[str, typer.Argument(metavar="TICKET", help="A ticket's number, for instance CS-1001.")]


_MOST = 50
"""Tickets of the inbox that are drawn: those to take next."""


@app.command()
def inbox(
    every: Annotated[bool, typer.Option("--all", help="All of them, not only the first 50.")] = False,
    as_json: AsJson = False,
    var: Var = None,
) -> None:
    """List what waits for a person.

    The most money first, then what a rule asked about, then the oldest. JSON has all of them.
    """
    from countersign.cli import listing, style
    from countersign.ledger.waiting import queue

    found = queue(_ledger(var), None if every or as_json else _MOST)
    if as_json:
        style.print_json([item.model_dump(mode="json") for item in found.first])
    else:
        listing.print_inbox(found)


@app.command()
def show(ticket: TicketId, as_json: AsJson = False, var: Var = None) -> None:
    """Draw a ticket's timeline.

    What came in, what triage named, what was decided, what happened, the reply. Times are UTC.
    """
    from countersign.cli import timeline
    from countersign.settings import read_settings

    settings = read_settings(var=var)
    if as_json:
        timeline.print_events(settings, number_of(ticket))
    else:
        timeline.print_timeline(settings, number_of(ticket))


@app.command()
def why(ticket: TicketId, as_json: AsJson = False, var: Var = None) -> None:
    """Say who decided what, and why.

    Under which rules of which policy, from which facts, approved by whom.
    """
    from countersign.cli import reasons, style
    from countersign.ledger.read import why as told

    found = told(_ledger(var), number_of(ticket))
    if as_json:
        style.print_json(found)
    else:
        reasons.print_reasons(found)


@app.command()
def quarantine(as_json: AsJson = False, var: Var = None) -> None:
    """List what could not become a ticket."""
    from countersign.cli import listing, style
    from countersign.ledger.read import quarantined

    found = quarantined(_ledger(var))
    if as_json:
        style.print_json([item.model_dump(mode="json") for item in found])
    else:
        listing.print_quarantine(found)


def _ledger(var: Path | None) -> Path:
    from countersign.settings import read_settings

    return read_settings(var=var).ledger_file


def number_of(ticket: str) -> str:
    """The ticket's number as the ledger writes it: `cs-1001` and `1001` are understood."""
    upper = ticket.strip().upper()
    return f"CS-{upper}" if upper.isdecimal() else upper
