"""Words and colours for what people see, and the one way untrusted text gets to a terminal."""

import json
import os
import sys
import unicodedata
from collections.abc import Mapping

import typer
from rich.console import Console
from rich.text import Text

from countersign.domain.text import visible

_STATUS: Mapping[str, tuple[str, str]] = {
    "received": ("received", "white"),
    "waiting": ("waiting", "yellow"),
    "answered": ("answered", "green"),
    "handed_over": ("handed over", "blue"),
    "closed": ("closed", "bright_black"),
}
ANSWER_STYLE: Mapping[str, str] = {"allow": "green", "ask": "yellow", "deny": "red"}
ANSWERED_QUESTION = "It answers the desk's own question, so the request is the one that was asked about."
"""Where the triage model abstained and the desk went on all the same."""
_PIPE_WIDTH = 120


def console(*, stderr: bool = False) -> Console:
    """Where results (or, on standard error, progress) go. Texts are never read as markup; pipes get no colours."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def status_word(status: str) -> str:
    """A ticket's status as people say it."""
    return _STATUS.get(status, (status, ""))[0]


def status_style(status: str) -> str:
    """A ticket's status as a colour."""
    return _STATUS.get(status, ("", "white"))[1]


def line(text: str, limit: int = 300) -> str:
    """Any text as one line that a terminal only shows: no control, format or invisible characters."""
    words = " ".join(visible(text[: 4 * limit]).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def paragraph(text: str, limit: int = 4000) -> Text:
    """Any text with its line breaks, of which a terminal only shows the characters."""
    shown = visible(text[: 2 * limit]).replace("\t", "    ").strip()
    return Text(shown if len(shown) <= limit else shown[:limit] + " …")


def print_json(value: object) -> None:
    """A value as JSON on standard output; characters that a terminal would act on are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    risky = {sign for sign in set(text) if unicodedata.category(sign)[0] == "C" and sign != "\n"}
    typer.echo(text.translate({ord(sign): json.dumps(sign)[1:-1] for sign in risky}))
