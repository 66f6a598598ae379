"""What a text gives away by its words: anger, articles, months, wishes. Pure; English, as the desk is."""

import re
from collections import Counter
from collections.abc import Iterable

from countersign.domain.shop import Item

_ANGRY = re.compile(
    r"\b(?:furious|angry|outrag\w{1,6}|disgust\w{1,5}|unacceptable|ridiculous|rip-?off|scam\w{0,4}|cheat\w{0,4}|"
    r"shameless|incompetent|useless|worst|terrible|appalling|fed up|sick of|never again|disgrace\w{0,3}|thieves)\b"
    r"|!{2,}",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    r"\b(?:everything|whole (?:order|parcel|lot|thing)|entire (?:order|parcel)|complete order|all of (?:it|them)|"
    r"all (?:the )?(?:items|articles|things|products|pieces))\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = {"a": 1, "one": 1, "two": 2, "couple of": 2, "three": 3, "four": 4, "five": 5, "six": 6, "twelve": 12}
_MONTHS = re.compile(
    rf"\b([0-9]{{1,3}}|{'|'.join(_NUMBER_WORDS)})[ -](?:full |whole |more )?(months?|years?)\b", re.IGNORECASE
)
_COMMON = frozenset(
    "with final sale regular long wide cut from this that your size colour color gift card water green blue black red "
    "white grey sand rust down iron form".split()
)
"""Words of article names that customers also use for other things."""


def angry(text: str) -> bool:
    """Whether the tone calls for a person when the answer is a no."""
    return _ANGRY.search(text) is not None


def says(text: str, *patterns: str) -> bool:
    """Whether any of the patterns stands in the text, as whole words in any case."""
    plain = text.replace("’", "'")
    return any(re.search(rf"\b(?:{pattern})\b", plain, re.IGNORECASE) for pattern in patterns)


def wants_everything(text: str) -> bool:
    """Whether the text speaks of the whole order."""
    return _EVERYTHING.search(text) is not None


def months_named(text: str) -> int | None:
    """The one length in months that a text names; None where it names none or several."""
    plain = re.sub(r"\bhalf a year\b", "six months", text, flags=re.IGNORECASE)
    found = {_length(match.group(1).lower(), match.group(2).lower()) for match in _MONTHS.finditer(plain)}
    return found.pop() if len(found) == 1 else None


def items_named(text: str, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items that a text names: by sku, by full name, or by a word that only one article of the order has."""
    words = set(_words(text))
    counts = Counter(word for name in {item.name for item in items} for word in set(_words(name)))
    return tuple(item for item in items if _names(item, text, words, counts))


def clauses_saying(text: str, pattern: str, unless: str = r"(?!)") -> str:
    """The clauses in which one pattern stands and the other does not: what else is named may be named for contrast."""
    clauses = re.split(r"[.!?;\n]{1,3}\s|\bbut\b|\bwhile\b|,", text)
    return "\n".join(clause for clause in clauses if says(clause, pattern) and not says(clause, unless))


def _names(item: Item, text: str, words: set[str], counts: Counter[str]) -> bool:
    if item.sku.lower() in text.lower() or item.name.lower() in text.lower():
        return True
    own = {word for word in _words(item.name) if counts[word] == 1 and word not in _COMMON}
    return bool(own & words)


def _words(text: str) -> Iterable[str]:
    """Lower-case words without a plural's s, so that `boot` finds `boots`."""
    for word in re.findall(r"[^\W\d_]{3,40}", text.lower()):
        yield word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _length(number: str, unit: str) -> int:
    count = _NUMBER_WORDS.get(number) or int(number)
    return count * 12 if unit.startswith("year") else count
