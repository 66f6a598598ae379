"""`resume`: goes on with what is unfinished."""

from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import AsJson, DeskFolder, Var, app
from countersign.cli.look import number_of
from countersign.cli.run import Workers, exit_by, opened, report, work
from countersign.domain.errors import SettingsError

if TYPE_CHECKING:
    from countersign.batch import Batch, Summary
    from countersign.domain.ticket import Ticket


@app.command()
def resume(
    ticket: Annotated[
        str | None, typer.Argument(metavar="[TICKET]", help="A ticket's number, for instance CS-1001.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every ticket that is unfinished.")] = False,
    workers: Workers = None,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Go on with what is unfinished.

    A crash or Ctrl-C left it, a person answered while nothing ran, or its thread was lost: nothing happens twice.
    """
    if (ticket is None) is not every:
        raise SettingsError("name one ticket, or say --all", where="resume")
    with opened(desk, var) as runtime:
        named = runtime.ticket(number_of(ticket)).id if ticket else ""
        at_once = workers or runtime.settings.workers
        batch, summary = work(runtime, lambda batch: batch.resume(named), at_once, quiet=as_json)
        stands = runtime.ticket(named) if named else None
    if as_json:
        _print_json(batch, summary)
    elif batch.tickets:
        _print_summary(batch, summary)
    else:
        typer.echo(_nothing_to_do(stands))
    exit_by(batch, summary)


def _print_json(batch: "Batch", summary: "Summary") -> None:
    from countersign.cli.style import print_json

    found = batch.reconciled
    print_json(report(batch, summary) | {"settled": found.settled, "unknown": list(found.unknown)})


def _print_summary(batch: "Batch", summary: "Summary") -> None:
    from countersign.cli.progress import print_summary

    print_summary(summary)
    if summary.unfinished and not summary.interrupted:
        names = ", ".join(ticket.id for ticket in batch.tickets.values() if ticket.status == "received")
        typer.echo(f"Another process is running {names}.")


def _nothing_to_do(stands: "Ticket | None") -> str:
    from countersign.cli.style import status_word

    if stands is None:
        return "Nothing is unfinished."
    if stands.status == "waiting":
        return f"{stands.id} waits for a person: countersign review {stands.id}."
    return f"{stands.id} is {status_word(stands.status)}: nothing is unfinished."
