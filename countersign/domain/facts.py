"""Facts: the only things a reply may state; each names its source."""

from collections.abc import Iterable
from typing import Literal, get_args

from countersign.domain.frozen import Frozen

FactKind = Literal["amount", "date", "order", "name", "link", "code", "count", "text"]

Origin = Literal["record", "person", "customer", "document", "model"]
"""Who vouches for a value, most trusted first: the business's records, a person of the desk, the customer's own words,
a text that anybody may have written, nobody but a language model."""

_ORIGINS: tuple[Origin, ...] = get_args(Origin)
_WRITTEN_BY_OTHERS: dict[str, Origin] = {"note": "document", "name": "customer", "address": "customer"}
"""Fields of a record that hold what somebody else wrote."""


class Fact(Frozen):
    """One thing that is known: `value` is its exact text in a reply, `source` says where it was read.

    `source` is `shop:order/FH-10001@3`, with `#note` where it is a field that somebody else wrote,
    `knowledge:returns#Return window`, `ticket:CS-1001`, `message`, `review:R-1` or `desk:settings`.
    """

    name: str
    kind: FactKind
    value: str
    source: str

    @property
    def origin(self) -> Origin:
        """Who vouches for it, by its source."""
        return origin_of(self.source)


def origin_of(source: str) -> Origin:
    """Who vouches for what was read at a source; a source that nobody knows is worth no more than a model's word."""
    system, _, place = source.partition(":")
    match system:
        case "shop":
            return _WRITTEN_BY_OTHERS.get(place.partition("#")[2], "record")
        case "desk":
            return "record"
        case "review":
            return "person"
        case "message":
            return "customer"
        case "knowledge" | "ticket":
            return "document"
        case _:
            return "model"


def least_trusted(origins: Iterable[Origin]) -> Origin:
    """The least trusted of some origins; a model's word where there are none."""
    return _ORIGINS[max((_ORIGINS.index(origin) for origin in origins), default=-1)]


def most_trusted(origins: Iterable[Origin]) -> Origin:
    """The most trusted of some origins; a model's word where there are none."""
    return _ORIGINS[min((_ORIGINS.index(origin) for origin in origins), default=-1)]


class Passage(Frozen):
    """A section of the help centre that a search found; a higher score is nearer."""

    article: str
    title: str
    section: str
    text: str
    score: float

    @property
    def citation(self) -> str:
        """How a reply names it: article and section."""
        return f"{self.title} – {self.section}" if self.section else self.title
