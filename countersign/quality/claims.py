"""What a reply's text claims: amounts, dates, order numbers, links, addresses, and things said to be done."""

import re

from countersign.domain.plan import Kind

_NUMBER = r"(\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{2})?|\d+(?:[.,]\d{1,2})?)"
_UNIT = r"(?:€|EUR|USD|GBP|\$|£)"
_WORD = r"(?:euros?|dollars?|pounds?)\b"
_AMOUNT = re.compile(rf"{_UNIT}\s?{_NUMBER}(?!\d)|(?<![\d.,]){_NUMBER}\s?(?:{_UNIT}|{_WORD})", re.IGNORECASE)
_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = r"(?:" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + r")"
_DATES = (
    re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}\b\.?(?:\s+\d{{4}})?", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b", re.IGNORECASE),
    re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    re.compile(r"\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"),
)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_GREETING = re.compile(
    r"\A\s*(?:hello|hi|dear|good (?:morning|day|afternoon|evening))\s+([^\n,]{1,80}),", re.IGNORECASE
)

_WE = r"\b(?:we|i)(?:'ve|'ll|\s+have|\s+will)?\s+(?:(?:now|just|also|already|then)\s+)?"
_REPLACED = r"(?:send|sent|ship(?:ped)?|dispatch(?:ed)?)\s+(?:you\s+)?(?:a|the|your)\s+replacement"
_DEEDS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (r"(?:refund(?:ed)?|credit(?:ed)?|reimbursed?)\b", ("refund", "cancel_subscription")),
    (r"cancel(?:led|ed)?\b", ("cancel_order", "cancel_subscription")),
    (_REPLACED, ("send_replacement",)),
    (r"paused?\b", ("pause_subscription",)),
    (r"closed?\s+your\s+account", ("close_account",)),
    (r"changed?\s+(?:the|your)\s+(?:delivery\s+)?address", ("change_address",)),
    (r"changed?\s+(?:the|your)\s+e-?mail", ("change_email",)),
)
_SAID_DONE = tuple((re.compile(_WE + verb, re.IGNORECASE), frozenset(kinds)) for verb, kinds in _DEEDS)


def amounts(text: str) -> set[int]:
    """Every amount of money in the text, in minor units whatever the currency."""
    return {_minor(match.group(1) or match.group(2)) for match in _AMOUNT.finditer(text)}


def dates(text: str) -> set[str]:
    """Every date in the text, as it stands there, lower case and without the year where none is given."""
    return {" ".join(match.group(0).lower().split()) for pattern in _DATES for match in pattern.finditer(text)}


def links(text: str) -> set[str]:
    """Every link in the text, without the punctuation that ends a sentence."""
    return {match.group(0).rstrip(".,;:!?") for match in _LINK.finditer(text)}


def emails(text: str) -> set[str]:
    """Every mail address in the text, lower case."""
    return {match.group(0).lower() for match in _EMAIL.finditer(text)}


def greeted(text: str) -> str:
    """The name in the greeting, or nothing."""
    match = _GREETING.match(text)
    return match.group(1).strip() if match else ""


def said_done(text: str) -> list[tuple[str, frozenset[Kind]]]:
    """Phrases in which we say that we did or will do something, with the kinds of effect that would make them true.

    Passive phrases are left alone: “was cancelled on …” states what the shop's records show.
    """
    return [(match.group(0), kinds) for pattern, kinds in _SAID_DONE for match in pattern.finditer(text)]


def _minor(number: str) -> int:
    head, separator, tail = _split_decimals(number)
    digits = re.sub(r"\D", "", head)
    return int(digits or "0") * 100 + (int(tail.ljust(2, "0")) if separator else 0)


def _split_decimals(number: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(.*?)([.,])(\d{1,2})", number)
    return (match.group(1), match.group(2), match.group(3)) if match else (number, "", "")
