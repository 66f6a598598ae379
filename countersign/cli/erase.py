"""`erase`: all that the desk knows about a customer is destroyed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import AsJson, DeskFolder, Var, app
from countersign.cli.run import opened
from countersign.domain.errors import SettingsError

if TYPE_CHECKING:
    from countersign.domain.erasure import Erased

BEYOND = (
    "the system of record, which is the business's own",
    "mail that was delivered, and the mailboxes and files that mail was read from",
    "recorded answers in folders that were not named with --cassette",
    "audit exports, backups, and the runtime folders of other desks",
    "what the file system keeps of files that were deleted",
)
"""What an erasure can't reach."""


@app.command()
def erase(
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="A customer's id in the system of record, or an address.")
    ],
    person: Annotated[str, typer.Option("--as", metavar="PERSON", help="Who does it: an id of people.toml.")],
    cassette: Annotated[
        list[Path] | None,
        typer.Option("--cassette", metavar="DIR", help="A folder of recorded answers to look in; may be repeated."),
    ] = None,
    leave_unknown: Annotated[
        bool, typer.Option("--leave-unknown", help="Give up on effects of which nobody can tell whether they happened.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Destroy all that is known about a customer.

    Rows, threads, mail, copies of replies, labels and the models that learnt from them; the audit's chain stays whole.
    Nothing brings it back. Stopped at any moment, the same command goes on.
    """
    from countersign.cli.style import print_json

    folders = tuple(cassette or ())
    with opened(desk, var) as runtime:
        if not (yes or dry_run):
            _confirm(runtime.erase(customer, by=person, cassettes=folders, leave_unknown=leave_unknown, dry_run=True))
        found = runtime.erase(customer, by=person, cassettes=folders, leave_unknown=leave_unknown, dry_run=dry_run)
    if as_json:
        print_json(found.model_dump(mode="json") | {"beyond": list(BEYOND)})
    else:
        _print(found)


def _confirm(found: "Erased") -> None:
    """Shows what would go and asks; ends the command where the answer is no."""
    if not sys.stdin.isatty():
        raise SettingsError("nobody can be asked here", where="erase", hint="look with --dry-run, then say --yes")
    _print(found)
    typer.confirm("Destroy it? Nothing brings it back.", abort=True, err=True)


def _print(found: "Erased") -> None:
    from rich.padding import Padding
    from rich.table import Table

    from countersign.cli.style import console

    out = console()
    count, named = len(found.tickets), f": {', '.join(found.tickets)}" if found.tickets else "."
    verb = "would be" if found.dry_run else "is" if count == 1 else "are"
    out.print(f"{count} {'ticket' if count == 1 else 'tickets'} {verb} erased{named}", soft_wrap=True)
    rows = Table(box=None, pad_edge=False, show_header=False)
    rows.add_column(style="bold", justify="right")
    rows.add_column()
    for count, name in _counts(found):
        rows.add_row(f"{count:,}", name)
    out.print(rows)
    for text in _notes(found):
        out.print(text, soft_wrap=True)
    out.print("Out of reach:")
    for text in BEYOND:
        out.print(Padding(text, (0, 0, 0, 2)))


def _counts(found: "Erased") -> list[tuple[int, str]]:
    counts = [
        (found.rows, "rows of the ledger"), (found.threads, "threads with their checkpoints"),
        (found.mail.files, "mails, parsed texts and attachments"), (found.sent, "copies of replies"),
        (found.quarantined, "items in quarantine"), (found.labels, "labels"), (found.cassettes, "recorded answers"),
    ]  # fmt: skip
    return [row for row in counts if row[0]]


def _notes(found: "Erased") -> list[str]:
    """What is the exception, and what somebody has to do."""
    notes: list[str] = []
    if found.retrain:
        versions = ", ".join(map(str, found.retrain))
        notes.append(
            f"Triage models that learnt from it, to be trained again with countersign triage learn: {versions}"
        )
    if found.in_use is not None:
        notes.append(f"Until then version {found.in_use} of the triage model answers.")
    if found.unknown:
        notes.append(f"Nobody will ever know whether they happened: {', '.join(found.unknown)}")
    if found.others:
        notes.append(f"Other people's tickets that mention this customer stay as they are: {', '.join(found.others)}")
    if found.left:
        notes.append(f"The customer can still be recognised in: {', '.join(found.left)}")
    return notes
