"""Splits a text into what was written now, quoted history, and signature.

Every pattern is matched on one line or on a few short joined lines, so that the time is linear in the text.
"""

import re
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from countersign.adapters.mail.phrases import (
    LABELS,
    OPENERS,
    ORIGINAL,
    WROTE,
    WROTE_HEADERS,
    WROTE_INSIDE,
)
from countersign.adapters.mail.signatures import signed

_LONGEST = 300
"""A line of more characters is prose; no pattern is tried on it."""
_WINDOW = 4
"""An attribution is wrapped over at most so many lines."""
_WRAPPED = 60
"""A quoted line at least this long may have lost its tail to the next line."""
_DATE = re.compile(
    r"(?:19|20)\d\d|\d{1,2}\s?[:.hH]\s?\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}\.?\s(?:de\s)?[^\W\d_]{3,9}|[^\W\d_]{3,9}\.?\s\d{1,2}\b|年|년"
)
_HINT = re.compile(r"[:：\d]|[-_=*—–]{2}")
"""What a line must hold for a seam to begin there, unless it opens like an attribution."""
_DIGIT = re.compile(r"\d")
_MAIL = re.compile(r"[\w.+'=-]{1,80}@[\w.-]{1,80}\.\w{2,}")
_BRACKETED = re.compile(r"[<(][^<>()\s]{1,80}@[^<>()\s]{1,80}[>)]")
_TIME = re.compile(r"\b\d{1,2}[:.]\d{2}\b")
_LABEL = re.compile(r"[>\s*|]{0,20}([^\W\d_][^:：<>@]{0,24}?)\s?[*]{0,2}\s?[:：][*]{0,2}\s*(.*)")
_QUOTED = re.compile(r"\s{0,3}(?:>|\|\s|&gt;)")
_RULE = re.compile(r"[\s>*]*(?:[-_=*—–]\s?){3,}\s*$")
_NEAR = 8
"""Quoted lines follow their attribution within so many lines."""
_BLOCK = 24
"""A header block has at most so many lines."""


@dataclass(frozen=True)
class Split:
    """The three parts of a text; together they hold all its lines but attributions at their seams."""

    text: str
    quoted: str = ""
    signature: str = ""


class _Seam(NamedTuple):
    """Lines that introduce quoted history: [start, end)."""

    start: int
    end: int


def split(text: str, reply: bool = False) -> Split:
    """Parts a cleaned text. `reply`: the message answers another one, so nothing of its own may be left.

    Where a message that is not a reply would be left without any text (a bare forward, a web form), it stays whole.
    """
    lines = text.split("\n")
    own, quoted = _parted(lines)
    if not any(line.strip() for line in own) and not reply and not any(map(_QUOTED.match, lines)):
        own, quoted = lines, []
    body, signature = signed(own)
    return Split(_joined(body), _joined(quoted), _joined(signature))


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    own: list[str] = []
    quoted: list[str] = []
    at = 0
    while at < len(lines):
        seam = _seam(lines, at)
        if seam is None:
            (quoted if _is_quoted(lines, at) else own).append(lines[at])
            at += 1
        elif _next_is_quoted(lines, seam.end):
            quoted += lines[at : seam.end]
            at = seam.end
        else:
            return _without_rule(own), quoted + lines[at:]
    return own, quoted


def _is_quoted(lines: list[str], at: int) -> bool:
    """Marked lines, and the tail of a long marked line that was wrapped between two of them."""
    if _QUOTED.match(lines[at]):
        return True
    between = 0 < at < len(lines) - 1 and _QUOTED.match(lines[at - 1]) and _QUOTED.match(lines[at + 1])
    return bool(between and lines[at].strip() and len(lines[at - 1]) >= _WRAPPED)


def _next_is_quoted(lines: list[str], at: int) -> bool:
    following = next((line for line in islice(lines, at, at + _NEAR) if line.strip()), "")
    return bool(_QUOTED.match(following))


def _without_rule(own: list[str]) -> list[str]:
    """Drops the rule line that stood over the seam."""
    end = len(own)
    while end and (not own[end - 1].strip() or _RULE.fullmatch(own[end - 1][:_LONGEST])):
        end -= 1
    return own[:end]


def _seam(lines: list[str], at: int) -> _Seam | None:
    line = lines[at]
    if len(line) > _LONGEST or not (_HINT.search(line) or OPENERS.match(line)) or _QUOTED.match(line):
        return None
    if ORIGINAL.match(line):
        return _Seam(at, at + 1)
    return _attribution(lines, at) or _header_block(lines, at)


def _attribution(lines: list[str], at: int) -> _Seam | None:
    """ "On ... wrote:", wrapped over up to four lines."""
    joined = ""
    for end in range(at, min(at + _WINDOW, len(lines))):
        line = lines[end].strip()
        if not line or len(joined) + len(line) > 2 * _LONGEST or _QUOTED.match(line):
            return None
        joined = f"{joined} {line}".strip()
        if _attributes(joined) and not _starts_later(lines, at, end):
            return _Seam(at, end + 1)
    return None


def _attributes(joined: str) -> bool:
    ends = joined.endswith((":", "："))
    if not _DIGIT.search(joined):
        return False
    wrote = WROTE.search(joined[-60:]) is not None
    if not (ends or wrote) or not _DATE.search(joined):
        return False
    opened = OPENERS.match(joined) is not None
    addressed = _MAIL.search(joined) is not None
    if wrote and (opened or addressed or (ends and _DATE.match(joined.lstrip("-> ")))):
        return True
    timed = _BRACKETED.search(joined) is not None and _TIME.search(joined) is not None
    named = ends and addressed and (opened or timed or _DATE.match(joined.lstrip("-> ")) is not None)
    inverted = ends and opened and WROTE_INSIDE.search(joined) is not None
    return named or inverted or (wrote and ends and any(pattern.match(joined) for pattern in WROTE_HEADERS))


def _starts_later(lines: list[str], at: int, end: int) -> bool:
    """Whether the attribution is whole without its first lines, which then belong to the text before it."""
    if OPENERS.match(lines[at]) and _DATE.search(lines[at]):
        return False
    return any(
        OPENERS.match(lines[start]) and _attributes(_line(lines, start, end)) for start in range(at + 1, end + 1)
    )


def _line(lines: list[str], start: int, end: int) -> str:
    return " ".join(line.strip() for line in lines[start : end + 1])


def _header_block(lines: list[str], at: int) -> _Seam | None:
    """From, date, recipient and subject one under the other, in any order."""
    labels: set[str] = set()
    values: list[str] = []
    end, gaps = at, 0
    while end < min(len(lines), at + _BLOCK) and gaps <= 1:
        kind, value = _labelled(lines[end])
        if not kind and end == at:
            return None
        gaps = 0 if kind else gaps + 1
        if kind:
            labels.add(kind)
            values.append(value)
        end += 1
    end -= gaps
    known = "from" in labels and len(labels) >= 2
    proof = any(_MAIL.search(value[:_LONGEST]) for value in values) or {"subject", "date"} <= labels
    return _Seam(at, end) if known and proof else None


def _labelled(line: str) -> tuple[str, str]:
    match = _LABEL.match(line) if len(line) <= 4 * _LONGEST else None
    if match is None:
        return "", ""
    label = match[1].strip(" *")
    kinds = (kind for kind, pattern in LABELS.items() if pattern.match(label))
    return next(kinds, ""), match[2]


def _joined(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n").strip()
