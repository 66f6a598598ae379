"""Draws the support graph as SVG from its topology alone: no browser, no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from countersign.display.layout import (
    CAPTIONS,
    COLUMN,
    HEIGHT,
    LANES,
    LEFT,
    ROW,
    SIZE,
    TOP,
    WIDTH,
    Edge,
    Point,
    anchor,
    corner,
    edges,
    label_place,
    line,
)
from graphs.catalog import NODES

KIND_COLOUR = {"decide": "#e6f0fa", "ask": "#f1e6fa", "record": "#fdf2d0", "do": "#dcf2e2", "wait": "#fbe0dc"}
KIND_WORDS = {
    "decide": "decide: reads, changes nothing", "ask": "ask: a model answers", "record": "record: writes the ledger",
    "do": "do: acts, through the gateway", "wait": "wait: for a person",
}  # fmt: skip
_CORNER = 9.0
_CELL = 900
"""Pixels that a notebook's cell has for a picture."""
_GREY, _DARK, _PALE, _WAITING = "#5b6470", "#1f6feb", "#c9ced6", "#d1242f"


@dataclass(frozen=True, slots=True)
class Marks:
    """The road that a ticket took: its nodes in the order of their steps, and where it waits."""

    passed: tuple[str, ...] = ()
    waits: str = ""

    @property
    def edges(self) -> frozenset[tuple[str, str]]:
        """The lines that it went along."""
        return frozenset(pairwise((*self.passed, self.waits) if self.waits else self.passed))

    def steps(self, name: str) -> str:
        """The numbers of a node's steps: `8, 12`."""
        return ", ".join(str(number) for number, passed in enumerate(self.passed, 1) if passed == name)


def support_svg(passed: Sequence[str] = (), waits: str = "") -> str:
    """The picture as SVG text.

    `passed` names the nodes that a ticket passed, in order: they and the lines between them stand out and bear the
    numbers of their steps. `waits` names the node at which it waits.
    """
    marks = Marks(tuple(passed), waits)
    width, height = SIZE
    scale = _CELL / width if passed else 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width * scale:.0f}" height="{height * scale:.0f}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="14" role="img">',
        f"<title>{'The road of a ticket' if passed else 'The support graph: every node and every edge'}</title>",
        f"<defs>{''.join(_arrows(marks))}</defs>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_lanes(width),
        *_ends(),
        *(_drawn(edge, marks) for edge in sorted(edges(), key=lambda edge: (edge.start, edge.end) in marks.edges)),
        *(_node(name, marks) for name in NODES),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _arrows(marks: Marks) -> list[str]:
    colours = {"arrow": _GREY} | ({"arrow-pale": _PALE, "arrow-passed": _DARK} if marks.passed else {})
    return [
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
        for name, colour in colours.items()
    ]


def _lanes(width: int) -> list[str]:
    drawn: list[str] = []
    for title, (first, last) in LANES.items():
        top, bottom = TOP + first * ROW - 14, TOP + last * ROW + HEIGHT + 14
        drawn.append(
            f'<rect x="8" y="{top}" width="{width - 16}" height="{bottom - top}" rx="12" fill="#f6f7f9"/>'
            f'<text x="24" y="{top + 45}" fill="#8a929c" font-size="13" font-weight="bold" '
            f'letter-spacing="1">{title}</text>'
        )
    return drawn


def _ends() -> list[str]:
    """Where a turn begins, and where it ends."""
    x, y = anchor("receive", "left", 0)
    end_x, end_y = anchor("record_outcome", "right", 0)
    return [
        f'<circle cx="{x - 34}" cy="{y}" r="5" fill="{_GREY}"/>',
        f'<path d="M{x - 29} {y}L{x} {y}" stroke="{_GREY}" marker-end="url(#arrow)"/>',
        f'<path d="M{end_x} {end_y}L{end_x + 20} {end_y}" stroke="{_GREY}" marker-end="url(#arrow)"/>',
        f'<circle cx="{end_x + 27}" cy="{end_y}" r="6" fill="none" stroke="{_GREY}"/>',
        f'<circle cx="{end_x + 27}" cy="{end_y}" r="3" fill="{_GREY}"/>',
    ]


def _node(name: str, marks: Marks) -> str:
    x, y = corner(name)
    middle = x + WIDTH / 2
    here = name in marks.passed or name == marks.waits
    fill, stroke, ink, caption = _look(name, marks)
    box = (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="9" fill="{fill}" {stroke}/>'
        f'<text x="{middle}" y="{y + 22}" text-anchor="middle" font-weight="bold" '
        f'fill="{ink}">{escape(name)}</text><text x="{middle}" y="{y + 40}" text-anchor="middle" font-size="12" '
        f'fill="{caption}">{escape(CAPTIONS[name])}</text>'
    )
    return box + _steps(name, marks) if here else box


def _look(name: str, marks: Marks) -> tuple[str, str, str, str]:
    """Fill, stroke, and the colours of name and caption."""
    colour = KIND_COLOUR[NODES[name].kind]
    if name == marks.waits:
        return colour, f'stroke="{_WAITING}" stroke-width="2.5"', "#24292f", "#57606a"
    if name in marks.passed:
        return colour, f'stroke="{_DARK}" stroke-width="2"', "#24292f", "#57606a"
    if marks.passed:
        return "#ffffff", f'stroke="{_PALE}"', "#9aa2ad", "#b3bac3"
    return colour, 'stroke="#8a929c"', "#24292f", "#57606a"


def _steps(name: str, marks: Marks) -> str:
    """The numbers of a node's steps, on the upper edge of its box."""
    said = marks.steps(name) or "waits"
    colour = _WAITING if name == marks.waits else _DARK
    x, y = corner(name)
    width = 10 + 6.2 * len(said)
    return (
        f'<rect x="{x + 8}" y="{y - 9}" width="{width}" height="17" rx="8.5" fill="{colour}"/>'
        f'<text x="{x + 8 + width / 2}" y="{y + 3.5}" text-anchor="middle" font-size="11" fill="white">{said}</text>'
    )


def _drawn(edge: Edge, marks: Marks) -> str:
    passed = (edge.start, edge.end) in marks.edges
    colour, ink, arrow = (_PALE, "#b3bac3", "arrow-pale") if marks.passed else (_GREY, "#57606a", "arrow")
    if passed:
        colour, ink, arrow = _DARK, _DARK, "arrow-passed"
    width = ' stroke-width="1.8"' if passed else ""
    path = f'<path d="{_rounded(line(edge))}" fill="none" stroke="{colour}"{width} marker-end="url(#{arrow})"/>'
    if not edge.label:
        return path
    x, y, place = label_place(edge)
    return f'{path}<text x="{x}" y="{y}" fill="{ink}" font-size="12" text-anchor="{place}">{escape(edge.label)}</text>'


def _rounded(points: tuple[Point, ...]) -> str:
    """The line with its corners rounded off."""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(here, before), _towards(here, after)
        parts.append(f"L{enter[0]} {enter[1]}Q{here[0]} {here[1]} {leave[0]} {leave[1]}")
    return "".join([*parts, f"L{points[-1][0]} {points[-1][1]}"])


def _towards(here: Point, there: Point) -> Point:
    """The point a corner's radius away, or half the way where that is nearer."""
    length = abs(there[0] - here[0]) + abs(there[1] - here[1])
    share = min(_CORNER, length / 2) / length
    return round(here[0] + (there[0] - here[0]) * share, 1), round(here[1] + (there[1] - here[1]) * share, 1)


def _legend() -> list[str]:
    """What the colours mean: the kinds of node."""
    kinds = [kind for kind in KIND_WORDS if any(node.kind == kind for node in NODES.values())]
    drawn: list[str] = []
    for place, kind in enumerate(kinds):
        x, y = LEFT + 2 * COLUMN, TOP + 2 * ROW - 4 + place * 19
        drawn.append(
            f'<rect x="{x}" y="{y}" width="16" height="16" rx="4" fill="{KIND_COLOUR[kind]}" stroke="#8a929c"/>'
            f'<text x="{x + 24}" y="{y + 13}" font-size="12" fill="#57606a">{KIND_WORDS[kind]}</text>'
        )
    return drawn
