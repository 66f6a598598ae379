"""Locks: what a reply states is taken out before a model may word it anew, and put back as it was."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_STATED = (
    r"(?:https?://|www\.)\S+",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+",
    r"[€$£]\s?[\d.,]*\d|\b(?:EUR|USD|GBP)\s?[\d.,]*\d|\d[\d.,]*\s?(?:€|EUR|USD|GBP|euros?\b|dollars?\b|pounds?\b)",
    r"\b\d{1,2}(?:st|nd|rd|th)?\s+(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?(?:\s+\d{4})?",
    r"\S*\d\S*",
)
_LOCK = re.compile(r"\[\[(\d{1,3})\]\]")
_SMUGGLED = re.compile(r"\d|[@€$£%]|://|www\.|\[\[|\]\]", re.IGNORECASE)
_WEIGHTY = re.compile(
    r"\b(?:(refund|credit|reimburs|compensat|voucher|discount|free|gift|bonus)\w*|(cancel|replac|exchang|paus|clos|chang"
    r"|delet|approv|confirm|guarant|promis|author|accept|agree|waiv)\w*|(euro|dollar|pound|cent|hundred|thousand|million)s?"
    r"|(today|tonight|tomorrow|immediate|hour|day|week|month|year|soon|already|urgent)\w*|(password|account|bank|card|pin"
    r"|code)s?|(never|not|no|cannot|can't|won't|don't|doesn't|isn't)|(fault|liab|legal|court|lawyer|police)\w*)\b",
    re.IGNORECASE,
)
"""Words that bind the business, or turn a sentence round: a wording may drop a repeat of one, and bring in none."""
_LONGER = 2
_ROOM = 400


@dataclass(frozen=True, slots=True)
class Locked:
    """A text with a numbered lock for each thing that it states, and what stands behind each."""

    text: str
    pieces: tuple[str, ...]


def lock(text: str, fixed: Iterable[str]) -> Locked:
    """Locks the given values, and every amount, date, number, link and address."""
    values = sorted({value for value in fixed if value.strip()}, key=len, reverse=True)
    pattern = re.compile("|".join([*(re.escape(value) for value in values), *_STATED]))
    pieces: list[str] = []

    def replace(match: re.Match[str]) -> str:
        piece = match.group(0).rstrip(".,;:!?)")
        pieces.append(piece)
        return f"[[{len(pieces)}]]{match.group(0)[len(piece) :]}"

    return Locked(pattern.sub(replace, text), tuple(pieces))


def unlock(text: str, locked: Locked) -> str:
    """The new wording with every piece back in its place; empty where a lock is missing, doubled or foreign.

    It is empty too where something is stated outside the locks, or the text has grown beyond bounds.
    """
    found = [int(number) for number in _LOCK.findall(text)]
    if sorted(found) != list(range(1, len(locked.pieces) + 1)):
        return ""
    if _SMUGGLED.search(_LOCK.sub(" ", text)) or len(text) > _LONGER * len(locked.text) + _ROOM:
        return ""
    return _LOCK.sub(lambda match: locked.pieces[int(match.group(1)) - 1], text)


def weighty(text: str) -> frozenset[str]:
    """The words of an English text that bind the business or turn a sentence round, by their stems."""
    return frozenset(next(stem for stem in match.groups() if stem).lower() for match in _WEIGHTY.finditer(text))
