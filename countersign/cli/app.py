"""The application object, its shared options, and how errors end a command."""

import os
import sys
import traceback
from importlib import import_module
from io import TextIOWrapper
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
EXIT_DIVERGED = 5
"""A replayed ticket came to something else than is recorded."""
EXIT_INTERRUPTED = 130
"""Ctrl-C: what ran is kept, and the same command goes on from there."""
EXIT_TERMINATED = 143
"""SIGTERM: as after Ctrl-C."""

_COMMANDS = (
    "run",
    "resume",
    "look",
    "stats",
    "review",
    "replay",
    "retention",
    "erase",
    "desk",
    "triage",
    "triage_learning",
    "token",
    "doctor",
    "audit",
    "halt",
    "graph",
    "tools",
    "lab",
    "lab_crash",
    "lab_models",
    "lab_attack",
)
"""The files with commands, in the order in which --help lists them."""

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
    """Runs a command; whatever goes wrong is one line on standard error and an exit code, never a traceback."""
    _prepare_streams()
    register()
    sys.exit(_run())


def _prepare_streams() -> None:
    """Any text can be written: what an encoding lacks is escaped, and a closed stream swallows it."""
    for name in ("stdout", "stderr"):
        stream: TextIOWrapper | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open to the end
        else:
            stream.reconfigure(errors="backslashreplace")


def register() -> None:
    """Imports the command files, each of which adds its commands, and lists them in one order whoever came first."""
    for name in _COMMANDS:
        import_module(f"countersign.cli.{name}")
    app.registered_commands.sort(key=lambda command: _rank(getattr(command.callback, "__module__", "")))
    app.registered_groups.sort(key=lambda group: _rank(str(group.name)))


def _rank(module: str) -> int:
    """The place of a file in the list; a group that is no file of its own stands with the desk's commands."""
    name = module.rpartition(".")[2]
    return _COMMANDS.index(name if name in _COMMANDS else "desk")


def _run() -> int:
    try:
        code = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except CountersignError as error:
        return _failed(str(error), error.full_code, exit_code(error))
    except typer.TyperException as error:
        return _misused(error)
    except typer.Abort:
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        return _nobody_listens()
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _failed(f"{place}{error.strerror or error}", "storage.unreachable", EXIT_FAILED)
    except Exception as error:  # noqa: BLE001  the last resort: people get one line, never a traceback
        return _failed(f"{_place(error)}: this is a fault in the program", f"bug.{type(error).__name__}", EXIT_FAILED)
    return _failed("interrupted", "interrupted", code) if code in (EXIT_INTERRUPTED, EXIT_TERMINATED) else code


def _failed(text: str, code: str, exit_code: int) -> int:
    """Writes the one line of an error; no text of ours or of a library brings control characters along."""
    shown = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    sys.stderr.write(f"countersign: {shown} [{code}]\n")
    return exit_code


def _misused(error: typer.TyperException) -> int:
    """A command line that can't be understood: what is wrong and where the help is."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True)
        return EXIT_MISUSE
    command = context.command_path if context else "countersign"
    return _failed(f"{error.format_message().rstrip('.')} (see {command} --help)", "usage", EXIT_MISUSE)


def _nobody_listens() -> int:
    """The reader of our output has gone; Python must not complain about it when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_FAILED


def exit_code(error: CountersignError) -> int:
    """The exit code that an error of ours ends a command with."""
    if isinstance(error, MisuseError):
        return EXIT_MISUSE
    return EXIT_INPUT if isinstance(error, InputError) else EXIT_FAILED


def _place(error: Exception) -> str:
    """File and line of a fault; its text stays out, it may hold a customer's data."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
