"""Finds card and account numbers in a text by their check sums, in one pass."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a text: [start, end)."""

    start: int
    end: int


_DIGITS = re.compile(r"\d+")
_BETWEEN = re.compile(r"(?:[^\w\[\]]|_){1,3}")
_LOOSE = re.compile(r"[ \t\u00a0._\-–—]{1,3}")
"""Separators that may stand anywhere in a card number; others only between its usual groups."""
_NUMBERED = re.compile(
    r"(?:track\w*|sendung\w*|paket\w*|parcel|colis|suivi|seguimiento|spedizione|awb|shipment)\W.{0,24}$", re.IGNORECASE
)
"""Stands before a parcel's number."""
_USUAL_GROUPS = frozenset(
    {
        (4, 4, 4, 4),
        (4, 6, 5),
        (4, 6, 4),
        (4, 4, 4, 4, 1),
        (4, 4, 4, 4, 2),
        (4, 4, 4, 4, 3),
        (4, 4, 4, 1),
        (6, 13),
        (6, 10),
    }
)
_SHORTEST, _LONGEST = 13, 19


def cards(text: str) -> list[Span]:
    """Where card numbers stand, however their digits are grouped; never two that overlap."""
    return list(_card_spans(text))


def _card_spans(text: str) -> Iterator[Span]:
    groups = [Span(*match.span()) for match in _DIGITS.finditer(text)]
    at = 0
    while at < len(groups):
        end = _card_end(text, groups, at)
        if end:
            yield Span(groups[at].start, groups[end - 1].end)
        at = end or at + 1


def _card_end(text: str, groups: list[Span], at: int) -> int:
    """The index behind the longest card number that begins with a group, or 0."""
    best, number = 0, ""
    for end in range(at + 1, len(groups) + 1):
        group = groups[end - 1]
        if end - 1 > at and not _BETWEEN.fullmatch(text, groups[end - 2].end, group.start):
            break
        number += text[group.start : group.end]
        if len(number) > _LONGEST:
            break
        if len(number) >= _SHORTEST and _is_card(text, groups[at:end], _ascii(number)):
            best = end
    return best


def _ascii(number: str) -> str:
    return number if number.isascii() else "".join(str(int(sign)) for sign in number)


def _is_card(text: str, groups: list[Span], number: str) -> bool:
    issued = _issued(number)
    if not (issued or (len(number) == 16 and number[0] != "0")) or not _luhn(number):
        return False
    sizes = tuple(group.end - group.start for group in groups)
    usual = len(groups) == 1 or sizes in _USUAL_GROUPS or len(set(sizes)) == 1
    loose = all(_LOOSE.fullmatch(text, first.end, second.start) for first, second in pairwise(groups))
    if issued:
        return usual or (loose and len(number) in {15, 16})
    return (usual or loose) and not _NUMBERED.search(text[max(0, groups[0].start - 60) : groups[0].start])


def _issued(number: str) -> bool:
    """Whether a number begins and is as long as those of the large card issuers (ISO/IEC 7812 ranges)."""
    two, four, length = int(number[:2]), int(number[:4]), len(number)
    return (
        (number[0] == "4" and length in {13, 16, 19})
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)
        or (two in {34, 37} and length == 15)
        or ((two in {36, 38, 39} or 3000 <= four <= 3059) and length in {14, 16})
        or ((two == 65 or four == 6011 or 6440 <= four <= 6499) and length in {16, 19})
        or (3528 <= four <= 3589 and length in {16, 19})
        or (two in {50, 56, 57, 58, 62, 63, 67} and 16 <= length <= 19)
    )


def _luhn(number: str) -> bool:
    total = 0
    for place, sign in enumerate(reversed(number)):
        value = int(sign) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and number.strip("0") != ""


_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d[ ]?\d")
_IBAN_LENGTHS = {
    country: int(length)
    for country, length in (
        entry.split(":")
        for entry in (
            "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 "
            "DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 "
            "IE:22 IL:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LI:21 LT:20 LU:20 LV:21 MC:27 MD:24 ME:22 MK:19 "
            "MR:27 MT:31 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SE:24 SI:19 SK:24 SM:27 "
            "TN:24 TR:26 UA:29 VA:22 XK:20 "
        ).split()
    )
}
"""Lengths by country, from the SWIFT IBAN registry (ISO 13616)."""


def ibans(text: str) -> list[Span]:
    """Where account numbers stand: the length of their country and the right check sum; never two that overlap."""
    found: list[Span] = []
    for match in _IBAN_START.finditer(text):
        span = _iban(text, match.start())
        if span and (not found or span.start >= found[-1].end):
            found.append(span)
    return found


def _iban(text: str, start: int) -> Span | None:
    """The IBAN that begins here: as many letters and digits as its country has, and the check sum right."""
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    end, signs = start, list[str]()
    while end < len(text) and len(signs) < length:
        if text[end].isascii() and text[end].isalnum():
            signs.append(text[end].upper())
        elif text[end] not in " -.\u00a0\t" or text[end - 1] in " -.\u00a0\t":
            break
        end += 1
    if not length or len(signs) < length or (end < len(text) and text[end].isalnum()):
        return None
    moved = signs[4:] + signs[:4]
    return Span(start, end) if int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1 else None
