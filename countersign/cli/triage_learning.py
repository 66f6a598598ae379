"""`triage label`, `learn`, `rollback` and `models`: people teach the local classifier."""

from typing import Annotated

import typer

from countersign.cli.app import AsJson, DeskFolder, Var
from countersign.cli.look import TicketId, number_of
from countersign.cli.run import opened
from countersign.cli.triage import triage

As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who does it: an id of the desk's people.toml.")]


@triage.command()
def label(
    ticket: TicketId,
    requests: Annotated[
        list[str], typer.Argument(metavar="REQUEST...", help="What it asks: ids of requests/*.toml, or none.")
    ],
    person: As,
    turn: Annotated[
        int, typer.Option(min=0, metavar="N", help="The turn; the last in which somebody wrote where it is left out.")
    ] = 0,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Say what a ticket asks.

    The redacted text is kept with it, to learn from. Another word on the same turn takes this one's place.
    """
    with opened(desk, var) as runtime:
        made = runtime.triage.label(number_of(ticket), *requests, by=person, turn=turn)
    if as_json:
        from countersign.cli.style import print_json

        print_json(made.model_dump(mode="json"))
        return
    named = ", ".join(made.said) or "nothing"
    typer.echo(f"{made.ticket} turn {made.turn} asks {', '.join(made.requests)} ({made.by}); triage named {named}.")


@triage.command()
def learn(
    person: As = "",
    margin: Annotated[
        float | None,
        typer.Option(min=0.0, max=0.2, metavar="SHARE", help="How much worse it may be.  [default: the desk's]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it, and promote nothing.")] = False,
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Learn from examples and labels.

    The new model and the one in use are tried on the same held-out examples and on past tickets. Where the new one is
    not worse by more than the margin, it is put into use in that person's name, from the next message on.
    """
    from countersign.cli.style import console, print_json
    from countersign.display.learning import learnt

    with opened(desk, var) as runtime:
        from countersign.learning import learn as taught

        with console(stderr=True).status("Learning") as status:
            found = taught(runtime, person, margin=margin, dry_run=dry_run,
                           on_stage=lambda stage: status.update(f"Learning: {stage}"))  # fmt: skip
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        console().print(learnt(found))


@triage.command()
def rollback(
    version: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", min=0, help="0 is the desk's own examples.", show_default=False)
    ] = None,
    person: As = "",
    as_json: AsJson = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Put an earlier version into use again.

    The one before where none is named. It counts from the next message on.
    """
    with opened(desk, var) as runtime:
        wanted = runtime.triage.roll_back(version, by=person)
    if as_json:
        from countersign.cli.style import print_json

        print_json({"version": wanted, "by": person})
    else:
        typer.echo(f"Version {wanted} is in use again, by {person}.")


@triage.command()
def models(as_json: AsJson = False, desk: DeskFolder = None, var: Var = None) -> None:
    """List the versions of the model.

    Data, figures, libraries, file, who put which into use and when, and what is wrong with a file.
    """
    from countersign.cli.style import console, print_json
    from countersign.desk import load_desk
    from countersign.display.learning import models as drawn
    from countersign.learning import listed
    from countersign.settings import read_settings

    settings = read_settings(desk=desk, var=var)
    found = listed(settings.ledger_file, settings, load_desk(settings.desk_folder))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        console().print(drawn(found))
