"""The readable text of a message and its attachments."""

import re
from dataclasses import dataclass
from email.message import Message
from typing import cast

from countersign.adapters.mail.charset import decode
from countersign.adapters.mail.headers import words
from countersign.adapters.mail.html import Visible, visible_text
from countersign.adapters.mail.parsed import Part
from countersign.domain.text import clean, one_line

_WORD = re.compile(r"[^\W\d_]{3,}")
_ENOUGH_WORDS = 8
"""A version of a text is looked for in the other only where it has this many different words."""
_AGREEMENT = 0.5
"""A version says something else where less than this part of its words stands in the other."""


@dataclass(frozen=True)
class Body:
    """What a message says; `quoted` is what HTML marks as history."""

    text: str
    quoted: str = ""
    hidden: bool = False
    attachments: tuple[Part, ...] = ()

    @classmethod
    def of(cls, plain: str, html: str, attachments: tuple[Part, ...] = ()) -> "Body":
        """Chooses between a plain and an HTML version: the plain one, unless it is a mere stub of the other."""
        if not html.strip():
            return cls(plain, attachments=attachments)
        seen = visible_text(html)
        differ = _differ(plain, seen)
        if not plain.strip() or (differ and 3 * len(_vocabulary(plain)) <= len(_vocabulary(seen.text))):
            return cls(seen.text, seen.quoted, seen.hidden or (differ and bool(plain.strip())), attachments)
        return cls(plain, hidden=seen.hidden or differ, attachments=attachments)


def body_of(message: Message) -> Body:
    """Reads a parsed message's texts; every other part becomes an attachment, unread."""
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Part] = []
    for part in _leaves(message):
        if _is_attachment(part):
            attachments.append(_attachment(part))
        elif part.get_content_type() == "text/html":
            html.append(_text(part))
        else:
            plain.append(_text(part))
    return Body.of("\n".join(plain), "\n".join(html), tuple(attachments))


def _leaves(message: Message) -> list[Message]:
    """The parts that hold something, in their order; an enclosed message counts as one."""
    found: list[Message] = []
    work = [message]
    while work:
        part = work.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            work += reversed(cast("list[Message]", part.get_payload()))
        else:
            found.append(part)
    return found


def _is_attachment(part: Message) -> bool:
    disposition = str(part.get("Content-Disposition") or "").strip().lower()
    named = disposition.startswith("inline") and "filename" in disposition
    is_text = part.get_content_type() in {"text/plain", "text/html"} or part.get_content_maintype() == "multipart"
    return not is_text or disposition.startswith("attachment") or named


def _attachment(part: Message) -> Part:
    return Part(name=_name(part), media_type=one_line(part.get_content_type(), 100), data=_bytes(part))


def _name(part: Message) -> str:
    """The file's name as the sender gives it: untrusted, for showing only."""
    try:
        return words(part.get_filename() or "")[:200]
    except (LookupError, ValueError, TypeError):
        return ""


def _bytes(part: Message) -> bytes:
    if part.is_multipart():
        return b"\n".join(bytes(inner) for inner in cast("list[Message]", part.get_payload()))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    declared = part.get_param("charset", "")
    charset = declared[2] if isinstance(declared, tuple) else str(declared or "")
    return decode(_bytes(part), charset)


def _vocabulary(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(clean(text))}


def _differ(plain: str, seen: Visible) -> bool:
    """Whether one version says mostly what the other does not, history that only HTML marks aside."""
    said, shown = _vocabulary(plain), _vocabulary(seen.text)
    return _missing(said, shown | _vocabulary(seen.quoted)) or (bool(said) and _missing(shown, said))


def _missing(words_said: set[str], others: set[str]) -> bool:
    return len(words_said) >= _ENOUGH_WORDS and len(words_said & others) < _AGREEMENT * len(words_said)
