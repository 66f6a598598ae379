"""`run`, `ask` and `reconcile`: what makes things happen."""

import io
import json
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import EXIT_INPUT, AsJson, DeskFolder, Var, app
from countersign.domain.ticket import Message, Quarantined
from countersign.settings import read_settings

if TYPE_CHECKING:
    from countersign.batch import Batch, Summary
    from countersign.intake import Taken
    from countersign.runtime import Runtime

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE...", help=".eml, mbox, Maildir, folder, .jsonl, .csv, or - for standard input."),
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Tickets handled at once.")]


@app.command()
def run(
    sources: Sources, workers: Workers = None, as_json: AsJson = False, desk: DeskFolder = None, var: Var = None
) -> None:
    """Handle a mailbox: answer, act, wait for a person, or hand over; everything is kept."""
    with _runtime(desk, var) as runtime:
        at_once = workers or runtime.settings.workers
        batch = _run_batch(runtime, _read(sources, runtime), at_once, as_json)
    _exit_by(batch)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="What the customer writes.")],
    sender: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="Who writes it.")],
    subject: Annotated[str, typer.Option(help="The subject.")] = "",
    authenticated: Annotated[
        bool, typer.Option("--authenticated", help="Vouch for the address, as a trusted mail server would.")
    ] = False,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Handle one ticket, given as text, and show what came of it."""
    with _runtime(desk, var) as runtime:
        batch = _run_batch(runtime, _one(text, sender, subject, authenticated, runtime), 1, as_json, quiet=True)
        if not as_json:
            from countersign.cli.timeline import print_timeline

            for ticket_id in batch.tickets:
                print_timeline(runtime.settings, ticket_id)
    _exit_by(batch)


@app.command()
def reconcile(as_json: AsJson = False, desk: DeskFolder = None, var: Var = None) -> None:
    """Put right what a crash left: settle effects in doubt, finish tickets that were under way."""
    from countersign.batch import Batch

    with _runtime(desk, var) as runtime:
        batch = Batch(runtime)
        summary = batch.run(())
        found = batch.reconciled
    if as_json:
        _print_json({"summary": asdict(summary), "settled": found.settled, "unknown": list(found.unknown)})
        return
    typer.echo(f"{found.settled} effects settled, {len(found.unknown)} unknown, {len(batch.tickets)} tickets finished.")
    for effect in found.unknown:
        typer.echo(f"Nobody can tell what became of effect {effect}: look in the system of record.")


@contextmanager
def _runtime(desk: Path | None, var: Path | None) -> "Iterator[Runtime]":
    from countersign.runtime import open_runtime

    with open_runtime(read_settings(desk=desk, var=var)) as runtime:
        yield runtime


def _run_batch(
    runtime: "Runtime", items: Iterable[Message | Quarantined], workers: int, as_json: bool, quiet: bool = False
) -> "Batch":
    from countersign.batch import Batch
    from countersign.cli.progress import Progress

    with Progress(quiet=quiet or as_json) as progress:
        batch = Batch(runtime, workers=workers, listen=progress.hear)
        summary = batch.run(items)
    if as_json:
        _print_json(report(batch, summary))
    elif not quiet:
        progress.print_summary(summary)
    return batch


def report(batch: "Batch", summary: "Summary") -> dict[str, object]:
    """What `--json` prints: the summary, every item of the sources, every ticket handled."""
    return {
        "summary": asdict(summary),
        "items": [_item(taken) for taken in batch.taken],
        "tickets": [ticket.model_dump(mode="json") for ticket in batch.tickets.values()],
    }


def _item(taken: "Taken") -> dict[str, object]:
    quarantined = taken.quarantined
    return {
        "source": taken.source,
        "ticket": taken.ticket or None,
        "new": taken.new,
        "continued": taken.continued,
        "quarantined": {"code": quarantined.code, "reason": quarantined.reason} if quarantined else None,
    }


def _read(sources: list[str], runtime: "Runtime") -> Iterator[Message | Quarantined]:
    from countersign.adapters.mail import read_sources

    return read_sources(sources, runtime.deps.blobs, runtime.deps.desk.settings.mail, sys.stdin.buffer)


def _one(
    text: str, sender: str, subject: str, authenticated: bool, runtime: "Runtime"
) -> Iterator[Message | Quarantined]:
    """Asking twice is two messages, so each gets an id of its own."""
    from countersign.adapters.mail import read_sources

    record = {"id": uuid.uuid4().hex, "from": sender, "subject": subject, "text": text, "authenticated": authenticated}
    line = io.BytesIO(json.dumps(record).encode())
    return read_sources(["-"], runtime.deps.blobs, runtime.deps.desk.settings.mail, line)


def _exit_by(batch: "Batch") -> None:
    if any(taken.quarantined and taken.new for taken in batch.taken):
        raise typer.Exit(EXIT_INPUT)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
