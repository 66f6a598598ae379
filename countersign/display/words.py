"""Words and colours for what people see, and the one way untrusted text gets into what is drawn."""

from collections.abc import Mapping

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
