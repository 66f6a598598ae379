"""The few calls to lxml, inscriptis and tinycss2 that HTML mail needs, with types: none of the three ships any."""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false

import re
from collections.abc import Iterator, MutableMapping
from typing import NamedTuple, Protocol, cast

import tinycss2
import tinycss2.color3
from inscriptis.html_engine import Inscriptis
from lxml import etree, html


class Node(Protocol):
    """An element or a comment of an HTML tree (lxml's HtmlElement); an element's tag is a text in lower case."""

    tag: object
    text: str | None
    tail: str | None
    attrib: MutableMapping[str, str]

    def __iter__(self) -> Iterator["Node"]: ...
    def iter(self) -> Iterator["Node"]: ...
    def iterancestors(self) -> Iterator["Node"]: ...
    def getparent(self) -> "Node | None": ...
    def drop_tree(self) -> None: ...
    def remove(self, element: "Node") -> None: ...


class Declaration(NamedTuple):
    """One `property: value` of a style, in lower case."""

    name: str
    value: str
    important: bool


class StyleRule(NamedTuple):
    """One rule of a stylesheet, with the conditions of the at-rules around it."""

    selectors: str
    declared: tuple[Declaration, ...]
    conditions: tuple[str, ...]


class Colour(NamedTuple):
    """Channels from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0


def parse_html(source: str) -> Node | None:
    """The tree of an HTML text, however broken; None where there is nothing in it."""
    bare = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", source.replace("\x00", ""))
    try:
        return cast("Node", html.document_fromstring(bare))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def layout(tree: Node) -> str:
    """The tree's text with paragraphs, lists and tables laid out as plain text."""
    return str(Inscriptis(cast("html.HtmlElement", tree)).get_text())


def declarations(css: str) -> tuple[Declaration, ...]:
    """The declarations of a style attribute; what can't be read is left out."""
    return _declarations(tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True))


def style_rules(css: str) -> Iterator[StyleRule]:
    """The rules of a `<style>` text, those inside at-rules with their conditions."""
    bare = css.replace("<!--", " ").replace("-->", " ")
    nodes = tinycss2.parse_stylesheet(bare, skip_comments=True, skip_whitespace=True)
    return _rules(cast("list[object]", nodes), ())


def parse_colour(value: str) -> Colour | None:
    """The colour that a CSS value or an HTML attribute names, or None."""
    found = tinycss2.color3.parse_color(value) if value else None
    return Colour(*found) if isinstance(found, tinycss2.color3.RGBA) else None


def _rules(nodes: list[object], conditions: tuple[str, ...]) -> Iterator[StyleRule]:
    for node in nodes:
        if isinstance(node, tinycss2.ast.QualifiedRule):
            inner = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
            yield StyleRule(tinycss2.serialize(node.prelude), _declarations(inner), conditions)
        elif isinstance(node, tinycss2.ast.AtRule) and node.content and len(conditions) < 4:
            condition = f"{node.lower_at_keyword} {tinycss2.serialize(node.prelude)}".lower()
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield from _rules(cast("list[object]", inner), (*conditions, condition))


def _declarations(nodes: object) -> tuple[Declaration, ...]:
    return tuple(
        Declaration(node.lower_name, tinycss2.serialize(node.value).strip().lower(), bool(node.important))
        for node in cast("list[object]", nodes)
        if isinstance(node, tinycss2.ast.Declaration)
    )
