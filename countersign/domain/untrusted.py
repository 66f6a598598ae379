"""Texts that somebody else wrote, made safe to show to a model: what a reader can see, and nothing else.

They are data: whoever shows them puts them into JSON strings, which no text can close by itself.
"""

import re
from html.parser import HTMLParser

from countersign.domain.redaction import redact
from countersign.domain.text import clean, whole

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_UNSEEN = frozenset("script style template noscript head title svg math iframe object textarea select".split())
_STYLED = frozenset({"style", "class", "id", "hidden", "aria-hidden", "bgcolor", "color", "size", "width", "height"})
"""In a field for plain text nothing has to be styled: an element that is may be hidden, and its text is left out."""
_EMPTY = frozenset("area base br col embed hr img input link meta source track wbr".split())
_MOST_READ = 4
"""Characters that are read for each one that may be kept: the rest can only be markup."""


def readable(text: str, limit: int = 2000) -> str:
    """What a reader sees of a text: no invisible characters, no markup, nothing hidden in it, no secrets.

    At most `limit` characters. Doing it twice changes nothing that matters: the result has no markup to take out.
    """
    seen = clean(whole(text[: limit * _MOST_READ]))
    if _TAG.search(seen):
        seen = clean(_without_markup(seen))
    return redact(_TAG.sub("< ", seen)).text.strip()[:limit]


def _without_markup(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return "".join(reader.kept)


class _Reader(HTMLParser):
    """Keeps the text of elements that nothing hides; comments, declarations and instructions are dropped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            self.kept.append("" if self._hidden else " ")
            return
        hides = tag in _UNSEEN or any(name in _STYLED for name, _ in attrs)
        self._open.append((tag, self._hidden or hides))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.kept.append(data)
