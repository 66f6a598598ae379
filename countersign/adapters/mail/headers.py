"""Header fields of a parsed message, decoded without trusting them."""

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime

from countersign.adapters.mail.charset import decode
from countersign.domain.text import one_line

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,253}")
_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_MAX_REFERENCES = 50


@dataclass(frozen=True)
class Mailbox:
    """The sender as a From field names it; `plain` is False where the field tries to look like somebody else."""

    name: str = ""
    address: str = ""
    plain: bool = False


def fields(message: Message, name: str) -> list[str]:
    """Every field of that name, topmost first, unfolded; raw 8-bit bytes are decoded, encoded words are not."""
    found = [value for key, value in message.raw_items() if key.lower() == name]
    return [_unfolded(str(value)) for value in found]


def field(message: Message, name: str) -> str:
    """The topmost field of that name, or an empty text."""
    return next(iter(fields(message, name)), "")


def words(value: str) -> str:
    """A field's text with its encoded words decoded, cleaned, on one line."""
    try:
        parts = decode_header(value)
    except (HeaderParseError, binascii.Error, ValueError):
        return one_line(value)
    texts = [part if isinstance(part, str) else _word(part, charset) for part, charset in parts]
    return one_line("".join(texts))


def mailbox(values: list[str]) -> Mailbox:
    """The one sender that From fields name.

    The address is the one in the last angle brackets outside quotes and comments, whatever the display name
    says. `plain` needs one field with one address and a display name that does not hold another one.
    """
    if not values:
        return Mailbox()
    display, rest = _without_quotes(values[0])
    inside = re.findall(r"<([^<>]*)>", rest)
    candidates = inside or [part for part in re.split(r"[\s,;]+", rest) if "@" in part]
    address = lowered(candidates[-1].strip()) if candidates else ""
    if not usable(address):
        return Mailbox(name=words(display))
    name = words(display + " " + rest.split("<")[0]) if inside else words(display)
    return Mailbox(name, address, plain=len(values) == 1 and len(candidates) == 1 and _honest(name, rest, address))


def usable(address: str) -> bool:
    """Whether a text is one address with nothing invisible in it."""
    return bool(_ADDRESS.fullmatch(address)) and address.isprintable()


def lowered(address: str) -> str:
    """Lower case for ASCII letters only: a letter of another script never turns into an ASCII one."""
    return address.translate(_UPPER)


def message_ids(*values: str) -> tuple[str, ...]:
    """The message ids in some fields, in order, without repeats, at most 50."""
    found = [item for value in values for item in _MESSAGE_ID.findall(value)]
    return tuple(dict.fromkeys(found))[:_MAX_REFERENCES]


def moment(value: str) -> datetime | None:
    """The time that a text names in the notation of mail or in ISO 8601, in UTC, or None."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            parsed = read(value.strip())
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _unfolded(value: str) -> str:
    joined = re.sub(r"\r?\n[ \t]?|\r", " ", value)
    return decode(joined.encode("utf-8", "surrogateescape"))


def _word(part: bytes, charset: str | None) -> str:
    # Unencoded stretches come back in raw-unicode-escape: what was not ASCII is written as an escape there.
    return decode(part, charset) if charset else part.decode("raw-unicode-escape", "replace")


def _without_quotes(value: str) -> tuple[str, str]:
    """Splits off quoted texts and comments: (what they say, what remains)."""
    aside: list[str] = []
    rest: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in value:
        if escaped:
            escaped = False
            (aside if quoted or depth else rest).append(sign)
        elif sign == "\\" and (quoted or depth):
            escaped = True
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign in "()" and not quoted:
            depth = depth + 1 if sign == "(" else max(0, depth - 1)
        else:
            (aside if quoted or depth else rest).append(sign)
    return "".join(aside), "".join(rest)


def _honest(name: str, rest: str, address: str) -> bool:
    others = _ADDRESS.findall(name) + ([] if "<" not in rest else _ADDRESS.findall(rest.split("<")[0]))
    return all(lowered(other) == address for other in others)
