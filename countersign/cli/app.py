"""The application object, its shared options, and how errors end a command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from countersign import __version__
from countersign.domain.errors import CountersignError, InputError, MisuseError

EXIT_MISUSE = 2
"""The command, a setting or the desk is wrong."""
EXIT_INPUT = 3
"""Something in the input could not be read; the rest was handled."""
EXIT_FAILED = 4
"""Storage or another part of ours failed."""

Var = Annotated[
    Path | None,
    typer.Option("--var", metavar="DIR", help="Where runtime files go (COUNTERSIGN_VAR).", show_default=False),
]
DeskFolder = Annotated[
    Path | None,
    typer.Option("--desk", metavar="DIR", help="The desk folder (COUNTERSIGN_DESK).", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(
    name="countersign",
    help="A support desk: code decides the path, agents only propose, policy rules, people countersign.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"countersign {__version__}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]  typer calls it
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Runs a command; an error of ours is one line on standard error and an exit code, never a traceback."""
    _register()
    try:
        app()
    except CountersignError as error:
        sys.stderr.write(f"countersign: {error} [{error.full_code}]\n")
        sys.exit(_exit_code(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(EXIT_FAILED)


def _exit_code(error: CountersignError) -> int:
    if isinstance(error, MisuseError):
        return EXIT_MISUSE
    return EXIT_INPUT if isinstance(error, InputError) else EXIT_FAILED


def _register() -> None:
    """Imports the command files, each of which adds its commands to the application."""
    from countersign.cli import desk, doctor, look, run

    del desk, doctor, look, run
