"""Facts: the only things a reply may state; each names its source."""

from typing import Literal

from countersign.domain.frozen import Frozen

FactKind = Literal["amount", "date", "order", "name", "link", "code", "count", "text"]


class Fact(Frozen):
    """One thing that is known: `value` is its exact text in a reply, `source` says where it was read.

    `source` is `shop:order/FH-10001#v3`, `knowledge:returns#Return window`, `message` or `desk:settings`.
    """

    name: str
    kind: FactKind
    value: str
    source: str


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
