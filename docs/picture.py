"""Draws the support graph as SVG from its topology alone: no browser, no network."""

from dataclasses import dataclass
from html import escape
from typing import Literal

from graphs.catalog import NODES
from graphs.support import FORKS, ROAD

Point = tuple[float, float]
Side = Literal["top", "bottom", "left", "right"]

LANES = {"PERCEIVE": (0, 0), "REASON": (1, 1), "ACT": (2, 3), "LEARN": (4, 4)}
"""First and last row of each."""
PLACES = {
    "receive": (0, 0), "redact": (1, 0), "recall": (2, 0),
    "triage": (0, 1), "playbook": (1, 1), "draft": (2, 1),
    "check": (0, 2), "authorize": (1, 2), "record_verdict": (2, 2), "execute": (3, 2),
    "hand_over": (0, 3), "record_review": (1, 3), "review": (2, 3),
    "record_outcome": (3, 4),
}  # fmt: skip
"""Column and row of each node; a test holds this to the catalogue."""
CAPTIONS = {
    "receive": "take up the messages", "redact": "take out secrets", "recall": "who is asking",
    "triage": "which requests", "playbook": "look up, plan", "draft": "write the reply",
    "check": "quality gate", "authorize": "policy gate", "record_verdict": "grants, or a review",
    "execute": "one effect at a time", "hand_over": "dossier for a person", "record_review": "read the answer",
    "review": "wait for a person", "record_outcome": "end the turn",
}  # fmt: skip
KIND_COLOUR = {"decide": "#e6f0fa", "ask": "#f1e6fa", "record": "#fdf2d0", "do": "#dcf2e2", "wait": "#fbe0dc"}
KIND_WORDS = {
    "decide": "decide: reads, changes nothing", "record": "record: writes the ledger",
    "do": "do: acts, through the gateway", "wait": "wait: for a person",
}  # fmt: skip
WIDTH, HEIGHT = 158, 52
_COLUMN, _ROW, _LEFT, _TOP = 236, 122, 186, 22
_OUTER, _INNER = 132.0, 156.0
"""Where lines run down on the left of the nodes."""
_CORRIDOR = _LEFT + 2 * _COLUMN + WIDTH + (_COLUMN - WIDTH) / 2
"""Between the third column and the fourth."""
_SIZE = (_LEFT + 4 * _COLUMN + 12, _TOP + 4 * _ROW + HEIGHT + 22)
_CORNER = 9.0


def _gap(row: int, share: float) -> tuple[Literal["y"], float]:
    """A height in the space under a row: 0 at the row's boxes, 1 at those of the next."""
    return "y", _TOP + row * _ROW + HEIGHT + share * (_ROW - HEIGHT)


@dataclass(frozen=True, slots=True)
class Way:
    """How a line runs: out of one side, along given heights and widths, into a side."""

    out: Side
    into: Side
    via: tuple[tuple[Literal["x", "y"], float], ...] = ()
    leave: float = 0.0
    """How far from the side's middle it leaves."""
    arrive: float = 0.0
    label: int = 0
    """The stretch that bears the label."""
    at: float = 0.5
    """How far along that stretch the label stands."""


_NEXT = Way("right", "left")
WAYS: dict[tuple[str, str], Way] = {
    ("receive", "record_outcome"): Way("bottom", "left", (_gap(0, 0.5), ("x", _OUTER)), leave=-40, arrive=11, label=1),
    ("recall", "triage"): Way("bottom", "top", (_gap(0, 0.5),)),
    ("triage", "hand_over"): Way("left", "left", (("x", _INNER),), label=1, at=0.76),
    ("playbook", "hand_over"): Way("bottom", "left", (_gap(1, 0.3), ("x", _INNER)), label=1),
    ("draft", "check"): Way("bottom", "top", (_gap(1, 0.6),)),
    ("record_verdict", "review"): Way("bottom", "top"),
    ("record_verdict", "hand_over"): Way(
        "bottom", "bottom", (_gap(2, 0.4), ("x", _CORRIDOR), _gap(3, 0.4)), leave=50, arrive=30, label=1
    ),
    ("record_review", "authorize"): Way("top", "bottom"),
    ("record_review", "hand_over"): Way("left", "right"),
    ("record_review", "review"): Way("right", "left", leave=-10, arrive=-10),
    ("review", "record_review"): Way("left", "right", leave=10, arrive=10),
    ("execute", "execute"): Way(
        "right", "right", (("x", _LEFT + 3 * _COLUMN + WIDTH + 26.0),), leave=-12, arrive=12, label=1
    ),
    ("execute", "check"): Way("top", "top", (_gap(1, 0.8),), arrive=34, label=1, at=0.17),
    ("execute", "record_outcome"): Way("bottom", "top"),
    ("hand_over", "record_outcome"): Way("bottom", "left", leave=-20, arrive=-11),
}
"""Every line that does not simply lead to the right."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, with the answer that leads there."""

    start: str
    end: str
    label: str = ""

    @property
    def way(self) -> Way:
        """How its line runs."""
        return WAYS.get((self.start, self.end), _NEXT)


def edges() -> tuple[Edge, ...]:
    """Every edge between two nodes, in the order of the topology."""
    plain = [Edge(start, end) for start, end in ROAD if start in NODES and end in NODES]
    forks = [Edge(start, end, str(label)) for start, _, ways in FORKS for label, end in ways.items()]
    return (*plain, *forks)


def corner(name: str) -> Point:
    """The upper left corner of a node's box."""
    column, row = PLACES[name]
    return _LEFT + column * _COLUMN, _TOP + row * _ROW


def line(edge: Edge) -> tuple[Point, ...]:
    """The corners of an edge's line, in pixels; every stretch is level or upright."""
    way = edge.way
    end = _anchor(edge.end, way.into, way.arrive)
    points = [_anchor(edge.start, way.out, way.leave)]
    for axis, value in (*way.via, *_last_moves(way.into, end)):
        x, y = points[-1]
        points.append((value, y) if axis == "x" else (x, value))
    kept = [point for place, point in enumerate(points) if place == 0 or point != points[place - 1]]
    return tuple(kept)


def label_place(edge: Edge) -> tuple[float, float, str]:
    """Where an edge's label stands: above a level stretch, or to the right of an upright one."""
    (x1, y1), (x2, y2) = line(edge)[edge.way.label : edge.way.label + 2]
    x, y = x1 + (x2 - x1) * edge.way.at, y1 + (y2 - y1) * edge.way.at
    return (x, y - 6, "middle") if y1 == y2 else (x + 6, y + 4, "start")


def support_svg() -> str:
    """The picture as SVG text."""
    width, height = _SIZE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="14" role="img">',
        "<title>The support graph: every node and every edge</title>",
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L10 5L0 10z" fill="#5b6470"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_lanes(width),
        *_ends(),
        *(_drawn(edge) for edge in edges()),
        *(_node(name) for name in NODES),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _anchor(name: str, side: Side, offset: float) -> Point:
    x, y = corner(name)
    return {
        "top": (x + WIDTH / 2 + offset, y),
        "bottom": (x + WIDTH / 2 + offset, y + HEIGHT),
        "left": (x, y + HEIGHT / 2 + offset),
        "right": (x + WIDTH, y + HEIGHT / 2 + offset),
    }[side]


def _last_moves(into: Side, end: Point) -> tuple[tuple[Literal["x", "y"], float], ...]:
    x, y = end
    return (("y", y), ("x", x)) if into in ("left", "right") else (("x", x), ("y", y))


def _lanes(width: int) -> list[str]:
    drawn: list[str] = []
    for title, (first, last) in LANES.items():
        top, bottom = _TOP + first * _ROW - 14, _TOP + last * _ROW + HEIGHT + 14
        drawn.append(
            f'<rect x="8" y="{top}" width="{width - 16}" height="{bottom - top}" rx="12" fill="#f6f7f9"/>'
            f'<text x="24" y="{top + 45}" fill="#8a929c" font-size="13" font-weight="bold" '
            f'letter-spacing="1">{title}</text>'
        )
    return drawn


def _ends() -> list[str]:
    """Where a turn begins, and where it ends."""
    x, y = _anchor("receive", "left", 0)
    end_x, end_y = _anchor("record_outcome", "right", 0)
    return [
        f'<circle cx="{x - 34}" cy="{y}" r="5" fill="#5b6470"/>',
        f'<path d="M{x - 29} {y}L{x} {y}" stroke="#5b6470" marker-end="url(#arrow)"/>',
        f'<path d="M{end_x} {end_y}L{end_x + 20} {end_y}" stroke="#5b6470" marker-end="url(#arrow)"/>',
        f'<circle cx="{end_x + 27}" cy="{end_y}" r="6" fill="none" stroke="#5b6470"/>',
        f'<circle cx="{end_x + 27}" cy="{end_y}" r="3" fill="#5b6470"/>',
    ]


def _node(name: str) -> str:
    x, y = corner(name)
    middle = x + WIDTH / 2
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="9" fill="{KIND_COLOUR[NODES[name].kind]}" '
        f'stroke="#8a929c"/><text x="{middle}" y="{y + 22}" text-anchor="middle" font-weight="bold" '
        f'fill="#24292f">{escape(name)}</text><text x="{middle}" y="{y + 40}" text-anchor="middle" font-size="12" '
        f'fill="#57606a">{escape(CAPTIONS[name])}</text>'
    )


def _drawn(edge: Edge) -> str:
    path = f'<path d="{_rounded(line(edge))}" fill="none" stroke="#5b6470" marker-end="url(#arrow)"/>'
    if not edge.label:
        return path
    x, y, anchor = label_place(edge)
    return (
        f'{path}<text x="{x}" y="{y}" fill="#57606a" font-size="12" text-anchor="{anchor}">{escape(edge.label)}</text>'
    )


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
        x, y = _LEFT + 3 * _COLUMN, _TOP - 8 + place * 19
        drawn.append(
            f'<rect x="{x}" y="{y}" width="16" height="16" rx="4" fill="{KIND_COLOUR[kind]}" stroke="#8a929c"/>'
            f'<text x="{x + 24}" y="{y + 13}" font-size="12" fill="#57606a">{KIND_WORDS[kind]}</text>'
        )
    return drawn
