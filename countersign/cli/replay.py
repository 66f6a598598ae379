"""`history`, `replay` and `fork`: a ticket as it was, once more, and as it might have been."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from countersign.cli.app import EXIT_DIVERGED, EXIT_FAILED, EXIT_INTERRUPTED, AsJson, DeskFolder, Var, app
from countersign.cli.look import TicketId, number_of
from countersign.domain.errors import MisuseError, SettingsError

if TYPE_CHECKING:
    from countersign.display.replays import ForkView
    from countersign.replay.found import Replayed
    from countersign.replay.replayer import Replayer
    from countersign.replay.steps import Kept


@app.command()
def history(ticket: TicketId, as_json: AsJson = False, var: Var = None) -> None:
    """List the steps of a ticket's thread.

    Which node ran, when, and what it decided; `fork --at` takes a step's number.
    """
    from countersign.replaying import read_history
    from countersign.settings import read_settings

    steps = read_history(read_settings(var=var), number_of(ticket))
    if as_json:
        from countersign.cli.style import print_json

        print_json({"ticket": number_of(ticket), "steps": [_step(step) for step in steps]})
    else:
        from countersign.cli.style import console
        from countersign.display.replay import history as drawn

        console().print(drawn(number_of(ticket), steps))


@app.command()
def replay(
    ticket: Annotated[
        str | None, typer.Argument(metavar="[TICKET]", help="A ticket's number, for instance CS-1001.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every ticket.")] = False,
    against: Annotated[
        Literal["record", "live"], typer.Option(help="Where facts come from: as recorded, or looked up now.")
    ] = "record",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Run tickets again from their record, without touching anything.

    Names the first step that comes to something else now, and the code, prompt, rule, template, model or fact that has
    changed since. Ends with exit code 5 where a ticket diverged.
    """
    if (ticket is None) is not every:
        raise SettingsError("name one ticket, or say --all", where="replay")
    from countersign.replaying import open_replayer
    from countersign.settings import read_settings

    settings = read_settings(desk=desk, var=var)
    with open_replayer(settings, live=against == "live") as replayer:
        names = (number_of(ticket),) if ticket else replayer.tickets()
        found = list(results(replayer, names, quiet=as_json))
    if as_json:
        from countersign.cli.style import print_json

        print_json({"tickets": [one.model_dump(mode="json") for one in found], "of": len(names)})
    else:
        print_replays(found, len(names))
    exit_by(found, len(names))


@app.command()
def fork(
    ticket: TicketId,
    at: Annotated[int, typer.Option("--at", metavar="STEP", min=1, help="A step's number, from history.")],
    values: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="What that step leaves instead; may be repeated.")
    ],
    propose: Annotated[
        bool, typer.Option("--propose", help="Put what comes of it before the live ticket, as --as PERSON's edit.")
    ] = False,
    person: Annotated[str, typer.Option("--as", metavar="PERSON", help="Who proposes: an id of people.toml.")] = "",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Ask what would have come of a ticket, had a step left something else.

    PATH is a channel and what is in it, for instance sender.verified or plans.0.proposals.0.args.amount. Nothing
    happens and nothing is kept. With --propose it becomes an edit of the question that is open, under the same policy
    and limits as any.
    """
    if propose and not person:
        raise SettingsError("say who proposes", where="--as", hint="an id of the desk's people.toml")
    from countersign.display.replays import ForkView
    from countersign.replaying import open_replayer
    from countersign.settings import read_settings

    wanted = dict(_pair(value) for value in values)
    with open_replayer(read_settings(desk=desk, var=var), asks=True) as replayer:
        view = ForkView(replayer.fork(number_of(ticket), at, wanted))
    if not propose:
        _print_fork(view, as_json)
        return
    _propose(view, person, as_json, desk, var)


def results(replayer: "Replayer", names: tuple[str, ...], *, quiet: bool) -> "Iterator[Replayed]":
    """Each ticket's result as it comes, with a bar on a terminal; Ctrl-C and SIGTERM end it, and nothing is left."""
    from rich.progress import track

    from countersign.cli.style import console
    from countersign.display.replay import result_line

    out = console(stderr=True)
    shows = len(names) > 1 and not quiet
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt), replayer.scratch() as folder:
            for name in track(names, "tickets", console=out, transient=True, disable=not (shows and out.is_terminal)):
                one = replayer.one(name, folder)
                yield one
                if shows and one.result != "same":
                    out.print(result_line(one), soft_wrap=True)
    finally:
        signal.signal(signal.SIGTERM, before)


def print_replays(found: "list[Replayed]", of: int) -> None:
    """What came of it, and how many tickets were not run again."""
    from countersign.cli.style import console
    from countersign.display.replay import replays

    out = console()
    out.print(replays(found))
    if len(found) < of:
        out.print(f"Interrupted: {of - len(found)} tickets were not run again.")


def exit_by(found: "list[Replayed]", of: int) -> None:
    """What a script should look at first: a divergence, then what was not run."""
    if any(one.result == "diverged" for one in found):
        raise typer.Exit(EXIT_DIVERGED)
    if len(found) < of:
        raise typer.Exit(EXIT_INTERRUPTED)
    if of == 1 and found[0].result == "not kept":
        raise typer.Exit(EXIT_FAILED)


def _pair(value: str) -> tuple[str, object]:
    path, sign, wanted = value.partition("=")
    if not sign or not path.strip():
        raise MisuseError(f"{value!r} sets nothing", where="--set", hint="write PATH=VALUE", detail="path")
    return path.strip(), wanted


def _print_fork(view: "ForkView", as_json: bool) -> None:
    from countersign.cli.style import console, print_json

    if as_json:
        print_json(_fork(view))
    else:
        console().print(view)


def _propose(view: "ForkView", person: str, as_json: bool, desk: Path | None, var: Path | None) -> None:
    """The fork is shown first; then the live ticket has it as an edit, or says why not."""
    from countersign.cli.run import opened
    from countersign.cli.style import print_json, status_word

    if not as_json:
        _print_fork(view, as_json)
    with opened(desk, var) as runtime:
        ticket = runtime.propose(view, by=person)
    if as_json:
        print_json(_fork(view) | {"proposed": ticket.model_dump(mode="json")})
    else:
        typer.echo(f"Proposed by {person}: {ticket.id} is {status_word(ticket.status)}.")


def _fork(view: "ForkView") -> dict[str, object]:
    found = view.fork
    return {
        "ticket": found.ticket, "turn": found.turn, "at": found.at, "set": dict[str, object](found.changed),
        "then": [_step(step) for step in found.then], "now": [_step(step) for step in found.now],
        "waits": found.waits, "differences": [one.model_dump(mode="json") for one in found.differences],
    }  # fmt: skip


def _step(step: "Kept") -> Mapping[str, object]:
    from pydantic_core import to_jsonable_python

    from countersign.display.replay import as_step
    from countersign.display.steps import said

    shown = as_step(step)
    return {
        "step": step.number, "turn": step.turn, "node": step.node, "kind": shown.kind, "at": step.at.isoformat(),
        "waits": step.waits, "said": said(shown).splitlines(), "wrote": to_jsonable_python(dict(step.wrote)),
    }  # fmt: skip
