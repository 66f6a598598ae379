"""Text as a reader sees it: one normal form, nothing invisible."""

import re
import unicodedata

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Other characters that show nothing (Unicode Default_Ignorable_Code_Point): they can carry hidden text."""


def clean(text: str) -> str:
    """Returns the text in NFKC without control, format, surrogate, private, unassigned and invisible characters.

    Line breaks of every kind become "\\n"; tabs stay. Cleaning twice changes nothing.
    """
    return visible(unicodedata.normalize("NFKC", visible(text)))


def visible(text: str) -> str:
    """Drops what `clean` drops, but keeps the characters that remain as they were written."""
    text = _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text))
    unseen = {ord(sign): None for sign in set(text) if unicodedata.category(sign) in _DROPPED and sign not in "\n\t"}
    return text.translate(unseen) if unseen else text


def whole(text: str) -> str:
    """The text with a replacement sign for each half of a character: those can be neither stored nor sent on."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str, limit: int = 1000) -> str:
    """The cleaned text on one line, words parted by one space, at most `limit` characters."""
    return " ".join(clean(text).split())[:limit]
