"""`init` and `policy check`: a desk of one's own."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.app import EXIT_MISUSE, AsJson, DeskFolder, app
from countersign.domain.errors import SettingsError
from countersign.settings import demonstration_desk, read_settings

policy = typer.Typer(
    help="The policy: what may be executed, what a person must approve, what is refused.", no_args_is_help=True
)
app.add_typer(policy, name="policy")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or is empty.")],
) -> None:
    """Copy the demonstration desk to DIR, to be edited and used with --desk DIR."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError("exists and is not empty", where=str(folder), hint="name a new folder")
    try:
        shutil.copytree(demonstration_desk(), folder, dirs_exist_ok=True)
    except OSError as error:
        raise SettingsError(f"can't be written: {error.strerror}", where=str(folder), hint="name another") from error
    typer.echo(
        f"{folder} holds the desk: desk.toml, people.toml, policy.cedar, requests/, replies/, knowledge/, examples/."
    )
    typer.echo(f"Use it with --desk {folder} or COUNTERSIGN_DESK={folder}; check it with countersign policy check.")


@policy.command()
def check(as_json: AsJson = False, desk: DeskFolder = None) -> None:
    """Validate policy, schema, people and phases; name the file, the line and the rule of each problem."""
    from countersign.desk import load_desk
    from countersign.policy.check import check_policy

    loaded = load_desk(read_settings(desk=desk).desk_folder)
    problems = check_policy(loaded)
    if as_json:
        typer.echo(json.dumps([problem.model_dump() for problem in problems], indent=2))
    for problem in () if as_json else problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(EXIT_MISUSE)
    if not as_json:
        typer.echo(f"{loaded.folder}: policy, schema, people and phases are valid.")
