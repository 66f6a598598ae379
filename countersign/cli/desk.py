"""`init` and `policy check`: a desk of one's own."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.app import EXIT_MISUSE, AsJson, DeskFolder, app
from countersign.domain.errors import SettingsError

policy = typer.Typer(help="What may be executed, asked, refused.", no_args_is_help=True)
app.add_typer(policy, name="policy")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or is empty.")],
) -> None:
    """Copy the demonstration desk to DIR.

    It is there to be edited, and used with --desk DIR.
    """
    from countersign.settings import demonstration_desk

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
    """Validate the desk's rules.

    Policy, schema, people, phases and reply templates; names the file, line and rule of each problem.
    """
    from countersign.adapters.replies import check_templates
    from countersign.cli.style import print_json
    from countersign.desk import load_desk
    from countersign.policy.check import check_policy
    from countersign.settings import read_settings

    loaded = load_desk(read_settings(desk=desk).desk_folder)
    problems = [
        *({**asdict(found), "file": str(loaded.folder / found.file)} for found in check_policy(loaded)),
        *({**found.model_dump(), "rule": found.template} for found in check_templates(loaded)),
    ]
    if as_json:
        print_json([{name: found[name] for name in ("file", "line", "rule", "text")} for found in problems])
    for found in () if as_json else problems:
        rule = f"{found['rule']}: " if found["rule"] else ""
        typer.echo(f"{found['file']}:{found['line']}: {rule}{found['text']}", err=True)
    if problems:
        raise typer.Exit(EXIT_MISUSE)
    if not as_json:
        typer.echo(f"{loaded.folder}: policy, schema, people, phases and templates are valid.")
