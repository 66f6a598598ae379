"""The text of an HTML body that a reader would see, and whether it held more than that."""

import re
from dataclasses import dataclass

from countersign.adapters.mail.hiding import Style, alike, font_size, hides, readable_size
from countersign.adapters.mail.markup import Colour, Node, layout, parse_colour, parse_html
from countersign.adapters.mail.stylesheet import Stylesheet
from countersign.domain.text import clean

_NEVER_SHOWN = frozenset({
    "head", "title", "meta", "link", "style", "script", "base", "template", "noscript", "noframes", "noembed", "iframe",
    "object", "embed", "applet", "audio", "video", "canvas", "datalist", "frameset",
})  # fmt: skip
_SILENT = frozenset({"head", "title", "meta", "link", "style", "script", "base"})
"""What every program's mail holds and nobody expects to read: leaving it out is not worth a flag."""
_QUOTE_CLASSES = frozenset({
    "gmail_quote", "gmail_extra", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "zmail_extra",
    "tutanota_quote", "OutlookMessageHeader", "ms-outlook-mobile-reference-message",
})  # fmt: skip
_QUOTE_IDS = frozenset({"OLK_SRC_BODY_SECTION", "mail-editor-reference-message-container"})
_WHITE = Colour(1.0, 1.0, 1.0)
_BLACK = Colour(0.0, 0.0, 0.0)
_LINK = Colour(0.0, 0.0, 0.93)
_SENTENCE = re.compile(r"(?:\b[^\W\d_]{2,20}\b\W{1,3}){4}[^\W\d_]{2}")
"""Five words in a row: a comment that says this much says it to somebody."""
_MAX_DEPTH = 200


@dataclass(frozen=True)
class Visible:
    """What a reader sees, apart from quoted history; `hidden` says that readable text was left out."""

    text: str
    quoted: str
    hidden: bool


@dataclass(frozen=True)
class _Look:
    """What an element hands down to its children."""

    size: float = 16.0
    text: Colour = _BLACK
    ground: Colour | None = _WHITE
    """None where a picture lies behind the text: then nothing is known about contrast."""
    shown: bool = True


def visible_text(source: str) -> Visible:
    """Prunes what a reader would not see, sets quoted history apart, and lays the rest out as plain text."""
    tree = parse_html(source)
    if tree is None:
        return Visible("", "", hidden=False)
    hidden = _drop_comments(tree)
    sheet = Stylesheet([node.text or "" for node in tree.iter() if node.tag == "style"])
    hidden = _prune(tree, sheet) or hidden
    quoted = "\n".join(map(_laid_out, _take_quotes(tree)))
    return Visible(_laid_out(tree), quoted.strip(), hidden)


def _drop_comments(tree: Node) -> bool:
    """Takes comments out; returns whether one held a sentence (Outlook's conditional ones aside)."""
    comments = [node for node in tree.iter() if not isinstance(node.tag, str)]
    texts = [node.text or "" for node in comments]
    for node in comments:
        if node.getparent() is not None:
            node.drop_tree()
    return any(_SENTENCE.search(text) for text in texts if "<" not in text and "{" not in text and "[if" not in text)


def _prune(tree: Node, sheet: Stylesheet) -> bool:
    """Takes out what is not seen, in place; returns whether any of it could have been read."""
    hidden = False
    work = [(tree, _Look(), 0)]
    while work:
        element, above, depth = work.pop()
        style = sheet.style(element)
        if depth > _MAX_DEPTH or _gone(element, style):
            hidden = _drop(element) or hidden
            continue
        look = _look(element, style, above)
        children = list(element)
        if not _seen(look):
            hidden = _blank(element, children) or hidden
        work += [(child, look, depth + 1) for child in children]
    return hidden


def _gone(element: Node, style: Style) -> bool:
    attributes = element.attrib
    hidden = "hidden" in attributes and attributes["hidden"].lower() != "until-found"
    unopened = element.tag == "dialog" and "open" not in attributes
    aside = attributes.get("aria-hidden", "").strip().lower() == "true"
    return element.tag in _NEVER_SHOWN or hidden or unopened or aside or hides(style)


def _drop(element: Node) -> bool:
    """Removes an element but keeps the text after it; returns whether it held readable text."""
    said = element.tag not in _SILENT and _readable(_spoken(element))
    if element.getparent() is not None:
        element.drop_tree()
        return said
    for child in list(element):
        element.remove(child)
    element.text = None
    return said


def _spoken(element: Node) -> str:
    """The element's text without what would not have been shown anyway."""
    own = [node.text or "" for node in element.iter() if node.tag not in _SILENT]
    after = [node.tail or "" for node in element.iter() if node is not element]
    return " ".join(own + after)


def _blank(element: Node, children: list[Node]) -> bool:
    """Empties the element's own text, not its children's: they may be visible again."""
    own = [element.text or "", *(child.tail or "" for child in children)]
    element.text = None
    for child in children:
        child.tail = " " if child.tail else None
    return _readable(" ".join(own))


def _readable(text: str) -> bool:
    return sum(sign.isalnum() for sign in clean(text)) >= 3


def _seen(look: _Look) -> bool:
    return look.shown and readable_size(look.size) and not (look.ground is not None and alike(look.text, look.ground))


def _look(element: Node, style: Style, above: _Look) -> _Look:
    visibility = style.get("visibility", "")
    shown = visibility == "visible" if visibility in {"hidden", "collapse", "visible"} else above.shown
    declared = style.get("-webkit-text-fill-color") or style.get("color") or _attribute_colour(element)
    text = parse_colour(declared) or (_LINK if element.tag == "a" else above.text)
    return _Look(font_size(style, above.size), text, _ground(element, style, above.ground), shown)


def _attribute_colour(element: Node) -> str:
    name = "text" if element.tag == "body" else "color"
    return element.attrib.get(name, "") if element.tag in {"body", "font"} else ""


def _ground(element: Node, style: Style, above: Colour | None) -> Colour | None:
    background = style.get("background", "")
    picture = style.get("background-image", "none") not in {"none", "initial", "unset"}
    if picture or element.attrib.get("background") or "url(" in background or "gradient(" in background:
        return None
    declared = [style.get("background-color", ""), background, *background.split(), element.attrib.get("bgcolor", "")]
    grounds = [found for found in map(parse_colour, declared) if found is not None and found.alpha > 0.5]
    return grounds[0] if grounds else above


def _take_quotes(tree: Node) -> list[Node]:
    """Takes quoted history out of the tree and returns it; nothing is taken where nothing else would remain."""
    outer: list[Node] = []
    work = [tree]
    while work:
        node = work.pop()
        if _is_quote(node) and node.getparent() is not None:
            outer.append(node)
        else:
            work += reversed(list(node))
    rest = len(_spoken(tree).split()) - sum(len(_spoken(node).split()) for node in outer)
    if rest <= 0:
        return []
    for node in outer:
        node.drop_tree()
    return outer


def _is_quote(element: Node) -> bool:
    attributes = element.attrib
    cited = element.tag == "blockquote" and attributes.get("type", "").lower() == "cite"
    return (
        cited
        or not _QUOTE_CLASSES.isdisjoint(attributes.get("class", "").split())
        or attributes.get("id") in _QUOTE_IDS
    )


def _laid_out(tree: Node) -> str:
    lines = [line.rstrip() for line in layout(tree).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
