"""`token`: lets a person in at the development server."""

from typing import Annotated

import typer

from countersign.cli.app import DeskFolder, Var, app


@app.command()
def token(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A person's id from the desk's people.toml.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Make the person's token worthless.")] = False,
    desk: DeskFolder = None,
    var: Var = None,
) -> None:
    """Make a person's token for the development server, in the place of the one they had.

    It is printed once; only its hash is kept, in tokens.toml under var.
    """
    from countersign.desk import load_desk
    from countersign.domain.errors import RejectedError
    from countersign.server.tokens import Tokens
    from countersign.settings import read_settings

    settings = read_settings(desk=desk, var=var)
    tokens = Tokens(settings.var)
    if revoke:
        tokens.revoke(person)
        typer.echo(f"{person} has no token any more.", err=True)
        return
    people = load_desk(settings.desk_folder).people
    if person not in people:
        hint = f"name one of {', '.join(people)}, or add them to people.toml"
        raise RejectedError("nobody of the desk has that id", where=person, hint=hint, detail="unknown_person")
    typer.echo(tokens.issue(person))
