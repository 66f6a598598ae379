"""A message's own style rules: enough of CSS to know what its author hid."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from countersign.adapters.mail.hiding import Style
from countersign.adapters.mail.markup import Declaration, Node, StyleRule, declarations, style_rules

_MAX_RULES = 3_000
_COMPOUND = re.compile(
    r"(?:\*|[a-z][\w-]*)?(?:[.#][\w-]+|\[[^\[\]]{0,80}\]|::?[\w-]+(?:\([^()]{0,40}\))?)*", re.IGNORECASE
)
_PIECE = re.compile(
    r"^(\*|[a-z][\w-]*)|([.#])([\w-]+)|\[([\w-]+)(?:([~|^$*]?=)[\"']?([^\]\"']*)[\"']?)?\]|(::?[\w-]+)", re.IGNORECASE
)
_STATES = frozenset(
    {":hover", ":focus", ":active", ":visited", ":before", ":after", "::before", "::after", ":checked", ":target"}
)


@dataclass(frozen=True)
class _Compound:
    """One simple selector of a chain: `p.note#x[lang]`."""

    tag: str
    ids: frozenset[str]
    classes: frozenset[str]
    attributes: tuple[tuple[str, str, str], ...]

    def matches(self, element: Node) -> bool:
        return (
            self.tag in {"", "*", element.tag}
            and self.ids <= {element.attrib.get("id", "")}
            and self.classes <= frozenset(element.attrib.get("class", "").split())
            and all(_attribute(element, *wanted) for wanted in self.attributes)
        )

    @property
    def anchor(self) -> str:
        """What an element must have for this to match: the key rules are looked up by."""
        return next((f"#{name}" for name in self.ids), next((f".{name}" for name in self.classes), self.tag or "*"))


@dataclass(frozen=True)
class _Rule:
    place: int
    chain: tuple[_Compound, ...]
    """From the outermost to the element itself; every combinator is read as "somewhere inside"."""
    declared: tuple[Declaration, ...]


class Stylesheet:
    """Answers what some `<style>` texts and an element's own attribute declare for it."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._rules: defaultdict[str, list[_Rule]] = defaultdict(list)
        rules = (rule for text in texts for rule in style_rules(text) if _for_every_reader(rule))
        for place, rule in zip(range(_MAX_RULES), rules, strict=False):
            for chain in filter(None, map(_chain, rule.selectors.split(","))):
                self._rules[chain[-1].anchor].append(_Rule(place, chain, rule.declared))

    def style(self, element: Node) -> Style:
        """The rules that match, in their order, then the style attribute, then what is important.

        Specificity is not weighed: the later rule wins.
        """
        rules = sorted((rule for rule in self._candidates(element) if _applies(rule, element)), key=lambda r: r.place)
        declared = [item for rule in rules for item in rule.declared]
        if inline := element.attrib.get("style"):
            declared += declarations(inline)
        return {item.name: item.value for item in sorted(declared, key=lambda item: item.important)}

    def _candidates(self, element: Node) -> Iterable[_Rule]:
        anchors = {"*", str(element.tag), "#" + element.attrib.get("id", "")}
        anchors.update("." + name for name in element.attrib.get("class", "").split())
        return [rule for anchor in anchors for rule in self._rules.get(anchor, ())]


def _for_every_reader(rule: StyleRule) -> bool:
    """Rules for small windows, printers or dark mode hide nothing from an ordinary reader."""
    special = ("max-", "print", "dark", "not ", "orientation")
    return all(
        condition.startswith(("media", "supports", "layer")) and not any(word in condition for word in special)
        for condition in rule.conditions
    )


def _chain(selector: str) -> tuple[_Compound, ...]:
    """The selector's compounds; none where it speaks of a state (`:hover`) or can't be read."""
    parts = re.sub(r"\s*[>+~]\s*", " ", selector).split()
    if len(parts) > 8 or any(not _COMPOUND.fullmatch(part) for part in parts):
        return ()
    compounds = [_compound(part) for part in parts]
    return tuple(item for item in compounds if item) if all(compounds) else ()


def _compound(text: str) -> _Compound | None:
    tag, ids, classes, attributes = "", set[str](), set[str](), list[tuple[str, str, str]]()
    for name, mark, label, attribute, operator, value, state in _PIECE.findall(text):
        if state.lower() in _STATES:
            return None
        tag = name.lower() or tag
        if mark:
            (ids if mark == "#" else classes).add(label)
        if attribute:
            attributes.append((attribute.lower(), operator, value))
    return _Compound(tag, frozenset(ids), frozenset(classes), tuple(attributes))


def _attribute(element: Node, name: str, operator: str, value: str) -> bool:
    held = element.attrib.get(name)
    if held is None:
        return False
    tests = {
        "": True,
        "=": held == value,
        "~=": value in held.split(),
        "|=": held == value or held.startswith(value + "-"),
        "^=": held.startswith(value),
        "$=": held.endswith(value),
        "*=": value in held,
    }
    return tests[operator]


def _applies(rule: _Rule, element: Node) -> bool:
    *outer, own = rule.chain
    if not own.matches(element):
        return False
    above = element.iterancestors()
    return all(any(compound.matches(node) for node in above) for compound in reversed(outer))
