"""What a file holds, by its name where that says it, otherwise by its first lines."""

import re
from collections.abc import Sequence
from enum import Enum, auto

from countersign.adapters.mail.records import is_header
from countersign.adapters.mail.streams import FROM_LINE


class Kind(Enum):
    """The kinds of input."""

    MAIL = auto()
    MBOX = auto()
    JSON_LINES = auto()
    CSV = auto()
    TEXT = auto()
    """Text without mail headers, in a place where a message is expected."""
    UNKNOWN = auto()


_BY_SUFFIX = {".mbox": Kind.MBOX, ".jsonl": Kind.JSON_LINES, ".ndjson": Kind.JSON_LINES, ".csv": Kind.CSV}
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,80}\{[ \t]*[\"}]")
"""Begins a line of JSON; an object that is spread over lines is something else."""
_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:")
_KNOWN_FIELDS = frozenset(
    b"from to subject date received return-path message-id mime-version content-type delivered-to reply-to sender cc "
    b"dkim-signature authentication-results arc-seal x-mailer x-original-to in-reply-to auto-submitted".split()
)


def kind_of(suffix: str, first: Sequence[bytes]) -> Kind:
    """The kind of a file from its suffix ("-" for standard input) and its first lines."""
    start = b"".join(first)
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix != ".eml" and FROM_LINE.match(start):
        return Kind.MBOX
    if _has_fields(first):
        return Kind.MAIL
    return _without_fields(suffix, start)


def _without_fields(suffix: str, start: bytes) -> Kind:
    if not start.strip() or b"\x00" in start[:4096]:
        return Kind.UNKNOWN
    if _OBJECT.match(start) and suffix in {"", "-", ".json"}:
        return Kind.JSON_LINES
    top = start.split(b"\n", 1)[0].decode("utf-8", "replace")
    if suffix in {"", "-", ".txt", ".tsv"} and is_header(top):
        return Kind.CSV
    return Kind.TEXT if suffix in {"-", ".txt", ".text", ".eml"} else Kind.UNKNOWN


def _has_fields(first: Sequence[bytes]) -> bool:
    """Whether the first lines are mail headers: names before colons, one of them known."""
    names: list[bytes] = []
    for line in first[1:] if first and first[0].startswith(b"From ") else first:
        match = _FIELD.match(line)
        if match is None and not (names and line[:1] in {b" ", b"\t"}):
            break
        names += [match[1].lower()] if match else []
    return not _KNOWN_FIELDS.isdisjoint(names)
