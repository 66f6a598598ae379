"""Where the command line writes: results, progress, JSON. Words and colours come from `countersign.display.words`."""

import json
import os
import sys
import unicodedata

import typer
from rich.console import Console

from countersign.display.words import (
    ANSWER_STYLE,
    ANSWERED_QUESTION,
    line,
    paragraph,
    status_style,
    status_word,
)

__all__ = [
    "ANSWERED_QUESTION",
    "ANSWER_STYLE",
    "console",
    "line",
    "paragraph",
    "print_json",
    "status_style",
    "status_word",
]

_PIPE_WIDTH = 120


def console(*, stderr: bool = False) -> Console:
    """Where results (or, on standard error, progress) go. Texts are never read as markup; pipes get no colours."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def print_json(value: object) -> None:
    """A value as JSON on standard output; characters that a terminal would act on are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    risky = {sign for sign in set(text) if unicodedata.category(sign)[0] == "C" and sign != "\n"}
    typer.echo(text.translate({ord(sign): json.dumps(sign)[1:-1] for sign in risky}))
