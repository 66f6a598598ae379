"""The lookup in the help centre: open to everybody, and never a permission."""

from typing import Annotated

from pydantic import StringConstraints

from countersign.domain.untrusted import readable
from tools.lookups.answers import SectionsAnswer
from tools.lookups.casebook import AgentTool, Casebook, Found, Input

_SECTIONS = 3


class Query(Input):
    """What to look for, in a few words."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


def search_help(book: Casebook, given: Query) -> Found:
    """The nearest sections of the help centre, each to be quoted and cited as it stands."""
    found = book.deps.knowledge.search(given.query, _SECTIONS)
    sections: list[Found] = []
    for passage in found:
        source = f"knowledge:{passage.article}#{passage.section}"
        quoted = book.state("help", readable(passage.text), source)
        citation = book.state("citation", readable(passage.citation, 200), source)
        sections.append({"heading": readable(passage.citation, 200), "quoted": [quoted, citation]})
    return {"sections": list(sections)}


LOOKUPS = (
    AgentTool(name="search_help", says="Sections of the help centre nearest to some words.", takes=Query,
              gives=SectionsAnswer, call=search_help),
)  # fmt: skip
