"""`run`, `ask` and `reconcile`: what makes things happen."""

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli import recording
from countersign.cli.app import EXIT_INPUT, EXIT_INTERRUPTED, EXIT_TERMINATED, AsJson, DeskFolder, Var, app
from countersign.domain.errors import SettingsError

if TYPE_CHECKING:
    from countersign.batch import Batch, Summary
    from countersign.domain.ticket import Message, Quarantined
    from countersign.intake import Taken
    from countersign.runtime import Runtime

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE...", help=".eml, mbox, Maildir, folder, .jsonl, .csv, or - for standard input."),
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Tickets handled at once.")]

Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="DIR", help="Write the models' answers into a folder, to be replayed."),
]
Replay = Annotated[
    Path | None, typer.Option("--replay", metavar="DIR", help="Tell recorded answers; no model is asked.")
]

Happened = Annotated[
    str, typer.Option("--sent", metavar="EFFECT", help="An unknown effect that happened: the mail was found.")
]
Nothing = Annotated[
    str, typer.Option("--not-sent", metavar="EFFECT", help="An unknown effect that did not happen: no mail was found.")
]
As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Whose word it is: an id of the desk's people.toml.")]

_UNREADABLE = ("input.missing", "input.denied")
"""Sources that may be there the next time, so that their absence is news every time."""


@app.command()
def run(
    sources: Sources,
    workers: Workers = None,
    record: Record = None,
    replay: Replay = None,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Handle a mailbox.

    Each message is answered, acted on, left waiting for a person, or handed over; everything is kept. What an earlier
    run left unfinished is finished first. The same message twice is one ticket.
    """
    with opened(desk, var, replay) as runtime:
        at_once = workers or runtime.settings.workers
        items = _read(sources, runtime)
        batch, summary = work(runtime, lambda batch: batch.run(items), at_once, quiet=as_json)
        written = recording.export(runtime, batch.tickets, record) if record else 0
        missed = recording.misses(runtime)
    if as_json:
        _print_json(report(batch, summary))
    else:
        from countersign.cli.progress import print_summary

        print_summary(summary)
        if record:
            typer.echo(f"{written} answers of models recorded in {record}.")
    recording.exit_by_misses(missed)
    exit_by(batch, summary)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the customer writes.")],
    sender: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="Who writes it.")],
    subject: Annotated[str, typer.Option(metavar="TEXT", help="The subject.")] = "",
    authenticated: Annotated[
        bool, typer.Option("--authenticated", help="Vouch for the address, as a trusted mail server would.")
    ] = False,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Handle one message, given as text.

    Then show what came of it.
    """
    from countersign.intake import typed

    with opened(desk, var) as runtime:
        message = (typed(text, sender, subject, authenticated, runtime.deps),)
        batch, summary = work(runtime, lambda batch: batch.run(message), 1, quiet=True)
    if as_json:
        _print_json(report(batch, summary))
    else:
        _print_taken(batch, runtime)
    if summary.interrupted and not as_json:
        typer.echo("Go on with: countersign resume --all." if batch.taken else "The message was not taken: ask again.")
    exit_by(batch, summary)


@app.command()
def reconcile(
    happened: Happened = "",
    nothing: Nothing = "",
    person: As = "",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Put right what a crash left.

    Effects in doubt are settled with their system of record, tickets that were under way are finished. What no system
    can tell, a mail that SMTP may have taken, a person settles by --sent or --not-sent; the audit keeps their name.
    """
    if happened or nothing or person:
        _settle_by_word(happened, nothing, person, as_json, desk, var)
        return
    with opened(desk, var) as runtime:
        batch, summary = work(runtime, lambda batch: batch.run(()), 1, quiet=True)
    found = batch.reconciled
    if as_json:
        _print_json({"summary": _counts(summary), "settled": found.settled, "unknown": list(found.unknown)})
    else:
        _print_reconciled(batch, summary)
    exit_by(batch, summary)


def _print_reconciled(batch: "Batch", summary: "Summary") -> None:
    found, finished = batch.reconciled, len(batch.tickets) - summary.unfinished
    typer.echo(f"{found.settled} effects settled, {len(found.unknown)} unknown, {finished} tickets finished.")
    for effect in found.unknown:
        typer.echo(f"Nobody can tell what became of effect {effect}: look in the system of record.")
        typer.echo(f"Then say so: countersign reconcile --sent {effect} --as PERSON, or --not-sent.")
    if summary.unfinished:
        typer.echo(f"{summary.unfinished} tickets are unfinished: countersign resume --all goes on with them.")


def _settle_by_word(
    happened: str, nothing: str, person: str, as_json: bool, desk: Path | None, var: Path | None
) -> None:
    from countersign.reconcile import settle_by_word

    if bool(happened) == bool(nothing) or not person:
        hint = "give one of --sent and --not-sent, with --as"
        raise SettingsError("a person says of one effect whether it happened", where="--sent", hint=hint)
    with opened(desk, var) as runtime:
        found = settle_by_word(happened or nothing, bool(happened), person, runtime.deps, runtime.locks)
        status = runtime.ticket(found.ticket).status
    if as_json:
        _print_json({"effect": found.id, "ticket": found.ticket, "happened": bool(happened), "by": person})
        return
    typer.echo(f"{found.kind} on {found.target}: {'happened' if happened else 'did not happen'}, says {person}.")
    if status == "waiting":
        typer.echo(f"{found.ticket} waits: countersign review {found.ticket}")


@contextmanager
def opened(desk: Path | None, var: Path | None, replay: Path | None = None) -> "Generator[Runtime]":
    """An open desk; the first time it takes a few seconds, which a terminal is told about."""
    from countersign.cli.style import console
    from countersign.settings import read_settings

    settings = read_settings(desk=desk, var=var, replay=replay)
    with ExitStack() as stack:
        with console(stderr=True).status("Opening the desk: shop, help centre, triage, policy"):
            from countersign.runtime import open_runtime

            runtime = stack.enter_context(open_runtime(settings))
        yield runtime
    lost = runtime.deps.tracer.lost
    if lost:
        typer.echo(f"countersign: {lost:,} spans were not kept or not delivered [telemetry.lost]", err=True)


def work(
    runtime: "Runtime", what: "Callable[[Batch], Summary]", workers: int, *, quiet: bool
) -> "tuple[Batch, Summary]":
    """A batch with its progress; Ctrl-C and SIGTERM drain it."""
    from countersign.batch import Batch
    from countersign.cli.drain import drained_by_signals
    from countersign.cli.progress import Progress

    with Progress(quiet=quiet) as progress:
        batch = Batch(runtime, workers=workers, listen=progress.hear)
        with drained_by_signals(batch):
            return batch, what(batch)


def _print_taken(batch: "Batch", runtime: "Runtime") -> None:
    """What became of the one message, and not of what an earlier crash left."""
    from countersign.cli.style import line
    from countersign.cli.timeline import print_timeline

    for taken in batch.taken:
        if taken.quarantined:
            typer.echo(f"countersign: {line(taken.quarantined.reason)} [{taken.quarantined.code}]", err=True)
        else:
            print_timeline(runtime.settings, taken.ticket)


def report(batch: "Batch", summary: "Summary") -> dict[str, object]:
    """What `--json` prints: the summary, every item of the sources, every ticket handled."""
    return {
        "summary": _counts(summary),
        "items": [_item(taken) for taken in batch.taken],
        "tickets": [ticket.model_dump(mode="json") for ticket in batch.tickets.values()],
    }


def _counts(summary: "Summary") -> dict[str, object]:
    return {**asdict(summary), "spent": [item.model_dump(mode="json") for item in summary.spent]}


def _item(taken: "Taken") -> dict[str, object]:
    quarantined = taken.quarantined
    return {
        "source": taken.source,
        "ticket": taken.ticket or None,
        "new": taken.new,
        "continued": taken.continued,
        "quarantined": {"code": quarantined.code, "reason": quarantined.reason} if quarantined else None,
    }


def _read(sources: list[str], runtime: "Runtime") -> "Iterator[Message | Quarantined]":
    from countersign.adapters.mail import read_sources

    return read_sources(sources, runtime.deps.blobs, runtime.deps.desk.settings.mail, sys.stdin.buffer)


def exit_by(batch: "Batch", summary: "Summary") -> None:
    """An exit code that tells a script what to look at; what is known from an earlier run counts once."""
    if summary.interrupted:
        raise typer.Exit(EXIT_TERMINATED if batch.control.drain_reason == "SIGTERM" else EXIT_INTERRUPTED)
    if any(taken.quarantined and (taken.new or taken.quarantined.code in _UNREADABLE) for taken in batch.taken):
        raise typer.Exit(EXIT_INPUT)


def _print_json(value: object) -> None:
    from countersign.cli.style import print_json

    print_json(value)
