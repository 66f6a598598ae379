"""Cuts signatures off a text, and nothing that a customer might need: in doubt a line stays in the text."""

import re

from countersign.adapters.mail.phrases import CLOSINGS, SENT_FROM

_LONGEST = 40
"""A signature begins within so many lines from the end."""
_MAX_CLOSING = 12
_DELIMITER = re.compile(r"[-–—]{1,2}|—{2,}")
_RULE = re.compile(r"(?:[-_=*—–]\s?){3,}")
_DASHED_NAME = re.compile(r"[-/~–—]\s?[^\W\d_a-zà-ÿ][\w.'-]{1,20}(?:\s[^\W\d_a-zà-ÿ][\w.'-]{1,20})?")
_CONTACT = re.compile(r"@|https?:|www\.|\+?\d[\d ()/.-]{6,}\d")
_FACT = re.compile(
    r"^\W{0,3}(?:p\.?\s?s|n\.?b)\b|#\s?\d|\b[A-Za-z]{2,4}-?\d{4,}\b"
    r"|\b(?:orders?|bestell\w*|auftrag\w*|commande|pedido|ordine|bestelling|zamówieni\w*|encomenda|beställning|ordre"
    r"|ref|reference|kundennummer|customer|invoice)\b",
    re.IGNORECASE,
)
"""What belongs to the request even where it stands under the name."""
_POLITE = frozenset(
    "in advance very much so again a lot all for your help d'avance im voraus vorab from aus von to and & und et y e "
    "bien by the team time de van der la".split()
)


def signed(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines before the signature, and the signature; something of the text always remains."""
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    for at in range(max(first + 1, len(lines) - _LONGEST), len(lines)):
        if _signs(lines[at].strip(), [item.strip() for item in lines[at + 1 :] if item.strip()]):
            return lines[:at], lines[at:]
    return lines, []


def _signs(line: str, tail: list[str]) -> bool:
    """Whether a line begins a signature of which the tail is the rest."""
    if not line or len(line) > 80 or any(_FACT.search(item[:200]) for item in [line, *tail]):
        return False
    if _DELIMITER.fullmatch(line):
        return len(tail) <= 15 and _brief(tail, 120)
    if _RULE.fullmatch(line):
        return len(tail) <= _MAX_CLOSING and any(_CONTACT.search(item[:120]) for item in tail) and _brief(tail, 80)
    if SENT_FROM.match(line):
        return len(tail) <= 2 and not re.search(r"[.,;!?]$|,\s", line) and len(line.split()) <= 9
    return _closes(line, tail)


def _closes(line: str, tail: list[str]) -> bool:
    """A closing stands alone on its line or before a name, and only a name and an address block follow."""
    match = CLOSINGS.match(line)
    if match is None:
        return _DASHED_NAME.fullmatch(line) is not None and len(tail) <= 2
    rest = [word.strip(",.!;:-–—/()") for word in line[match.end() :].split()]
    named = len(rest) <= 6 and all(word.lower() in _POLITE or not word[:1].islower() for word in rest if word)
    return named and "?" not in line and len(tail) <= _MAX_CLOSING and _brief(tail, 70) and not any(map(_speaks, tail))


def _brief(tail: list[str], longest: int) -> bool:
    """Whether lines are as short as those of an address block; one motto is allowed."""
    sentences = sum(len(line) > longest or line.endswith("?") for line in tail)
    return not sentences and sum(len(line.split()) > 9 for line in tail) <= 1


def _speaks(line: str) -> bool:
    """Whether a line is a sentence: several words in small letters, not merely a telephone's footer."""
    small = [word for word in line.split() if word[:1].islower() and word not in _POLITE]
    return len(small) >= 3 and not SENT_FROM.match(line)
