"""`retention` and `keep`: what is forgotten with age, and what never is."""

from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import EXIT_INTERRUPTED, AsJson, DeskFolder, Var, app
from countersign.cli.look import TicketId, number_of
from countersign.cli.run import opened

if TYPE_CHECKING:
    from countersign.domain.retention import Freed


@app.command()
def retention(
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", metavar="DAYS", min=0, max=36_500, help="Days that an ended ticket keeps everything (desk.toml)."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Forget what ended long ago.

    Threads are cut to their last checkpoint; journals, raw mail and attachments go. What the ledger decided stays, and
    so does everything of a ticket that waits or is marked keep. Ctrl-C stops it; the same command goes on.
    """
    from rich.progress import Progress

    from countersign.cli import style
    from countersign.retention import retain

    shown = style.console(stderr=True)
    bar = Progress(console=shown, transient=True, disable=not shown.is_terminal)
    with opened(desk, var) as runtime, bar:
        task = bar.add_task("tickets", total=None)
        freed = retain(
            runtime, keep, dry_run=dry_run, listen=lambda done, of: bar.update(task, completed=done, total=of)
        )
    if as_json:
        style.print_json(freed.model_dump(mode="json"))
    else:
        _print(freed)
    if freed.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


@app.command()
def keep(
    ticket: TicketId,
    person: Annotated[str, typer.Option("--as", metavar="PERSON", help="Who says so: an id of people.toml.")],
    off: Annotated[bool, typer.Option("--off", help="Let it be forgotten again.")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="A note for the record.")] = "",
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Keep a ticket whole.

    Retention leaves its checkpoints, journals and mail alone, however old they get. The audit keeps who said so.
    """
    from countersign.ledger.retention import pruned

    name = number_of(ticket)
    with opened(desk, var) as runtime:
        changed = runtime.unkeep(name, by=person) if off else runtime.keep(name, by=person, why=why)
        past = pruned(runtime.ledger, name)
    already = "" if changed else " already"
    typer.echo(f"{name} is{already} no longer kept." if off else f"{name} is{already} kept whole.")
    if past and not off:
        typer.echo(f"Up to turn {past.turn} it was pruned on {past.at:%d %b %Y}: that is gone.")


def _print(freed: "Freed") -> None:
    from rich.table import Table

    from countersign.cli.style import console

    out = console()
    would = "would be " if freed.dry_run else ""
    out.print(f"Tickets that ended before {freed.before:%d %b %Y %H:%M} UTC {would}pruned to what was decided:")
    rows = Table(box=None, pad_edge=False, show_header=False)
    rows.add_column(style="bold", justify="right")
    rows.add_column()
    for count, name in _counts(freed):
        rows.add_row(f"{count:,}", name)
    out.print(rows)
    for name, size in freed.disk.items():
        out.print(f"{name}: {_size(size)} {'given back' if size >= 0 else 'more, by what came in meanwhile'}")
    if freed.interrupted:
        out.print("Interrupted: the same command goes on from here.")


def _counts(freed: "Freed") -> list[tuple[int, str]]:
    """What is the exception is no row where there is nothing."""
    mail = f"raw mails and attachments, {_size(freed.mail.bytes)}"
    always = [
        (freed.tickets, "tickets"), (freed.checkpoints, "checkpoints"), (freed.answers, "journal rows"),
        (freed.mail.files, mail),
    ]  # fmt: skip
    exceptions = [
        (freed.kept, "tickets are marked keep: nothing of them goes"),
        (freed.busy, "tickets are in other hands: the next retention finds them"),
        (freed.damaged, "threads can't be read and were left alone: see countersign doctor"),
    ]
    return always + [row for row in exceptions if row[0]]


def _size(count: int) -> str:
    """Bytes in their largest unit, powers of ten."""
    for unit, size in (("MB", 1_000_000), ("kB", 1_000)):
        if abs(count) >= size:
            return f"{abs(count) / size:.1f} {unit}"
    return f"{abs(count)} bytes"
