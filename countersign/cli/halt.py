"""`halt` and `unhalt`: stop new effects everywhere at once, and go on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.app import AsJson, DeskFolder, Var, app
from countersign.domain.errors import RejectedError, SettingsError

As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who does it: an id of the desk's people.toml.")]
Action = Annotated[
    str,
    typer.Option("--action", metavar="KIND", help="One kind of effect, refund for instance; all where none is named."),
]


@app.command()
def halt(
    person: As,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the record.")] = "",
    action: Action = "",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Stop new effects, everywhere, at once.

    It holds for every process and every ticket, whatever was granted or approved before. What has begun is finished
    and recorded; what is stopped is asked about, with the reason.
    """
    from countersign.ledger import open_ledger

    kind, path = _kind(action), _ledger(person, desk, var)
    ledger = open_ledger(path)
    try:
        done = ledger.halt(kind, person, why, datetime.now(UTC))
    finally:
        ledger.close()
    _tell(kind, "stopped", done, as_json)


@app.command()
def unhalt(person: As, action: Action = "", as_json: AsJson = False, desk: DeskFolder = None, var: Var = None) -> None:
    """Let effects happen again.

    A stop of one kind and a stop of all are lifted one by one, each by its own name.
    """
    from countersign.ledger import open_ledger

    kind, path = _kind(action), _ledger(person, desk, var)
    ledger = open_ledger(path)
    try:
        done = ledger.unhalt(kind, person, datetime.now(UTC))
    finally:
        ledger.close()
    _tell(kind, "going on", done, as_json)


def _kind(action: str) -> str:
    """The kind that is named; `*` stands for all."""
    from typing import get_args

    from countersign.domain.plan import Kind

    if action and action not in get_args(Kind):
        hint = f"one of {', '.join(get_args(Kind))}"
        raise SettingsError("is no kind of effect", where=f"--action {action}", hint=hint)
    return action or "*"


def _ledger(person: str, desk: Path | None, var: Path | None) -> Path:
    """The ledger's file, for a person of the desk. Raises RejectedError for anybody else."""
    from countersign.desk import load_desk
    from countersign.settings import read_settings

    settings = read_settings(desk=desk, var=var)
    people = load_desk(settings.desk_folder).people
    if person not in people:
        hint = f"name one of {', '.join(people)}"
        raise RejectedError("nobody of the desk has that id", where="--as", hint=hint, detail="unknown_person")
    return settings.ledger_file


def _tell(kind: str, state: str, done: bool, as_json: bool) -> None:
    from countersign.cli.style import print_json

    what = "every kind of effect" if kind == "*" else kind
    if as_json:
        print_json({"kind": kind, "state": state, "changed": done})
    else:
        typer.echo(f"{what}: {state}." if done else f"{what}: nothing to change.")
