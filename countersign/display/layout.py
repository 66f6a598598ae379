"""Where the nodes and the lines of the support graph stand in its picture, in pixels."""

from dataclasses import dataclass
from typing import Literal

from graphs.catalog import NODES
from graphs.support import FORKS, ROAD

Point = tuple[float, float]
Side = Literal["top", "bottom", "left", "right"]

LANES = {"PERCEIVE": (0, 0), "REASON": (1, 1), "ACT": (2, 4), "LEARN": (5, 5)}
"""First and last row of each."""
PLACES: dict[str, tuple[float, int]] = {
    "receive": (0, 0), "redact": (1, 0), "recall": (2, 0),
    "triage": (0, 1), "playbook": (1, 1), "draft": (2, 1), "resolve": (3, 1),
    "second": (0.5, 2),
    "check": (0, 3), "authorize": (1, 3), "record_verdict": (2, 3), "execute": (3, 3),
    "hand_over": (0, 4), "record_review": (1, 4), "review": (2, 4),
    "record_outcome": (3, 5),
}  # fmt: skip
"""Column and row of each node; a test holds this to the catalogue."""
CAPTIONS = {
    "receive": "take up the messages", "redact": "take out secrets", "recall": "who is asking",
    "triage": "which requests", "playbook": "look up, plan", "draft": "write the reply",
    "resolve": "an agent investigates", "second": "does another agree?",
    "check": "quality gate", "authorize": "policy gate", "record_verdict": "grants, or a review",
    "execute": "one effect at a time", "hand_over": "dossier for a person", "record_review": "read the answer",
    "review": "wait for a person", "record_outcome": "end the turn",
}  # fmt: skip
WIDTH, HEIGHT = 158, 52
COLUMN, ROW, LEFT, TOP = 236, 136, 186, 22
_OUTER, _INNER = 132.0, 156.0
"""Where lines run down on the left of the nodes."""
_CORRIDOR = LEFT + 2 * COLUMN + WIDTH + (COLUMN - WIDTH) / 2
"""Between the third column and the fourth."""
_EDGE = LEFT + 3 * COLUMN + WIDTH + 76.0
"""On the right of the nodes."""
SIZE = (LEFT + 4 * COLUMN + 12, TOP + 5 * ROW + HEIGHT + 22)


def _gap(row: int, share: float) -> tuple[Literal["y"], float]:
    """A height in the space under a row: 0 at the row's boxes, 1 at those of the next."""
    return "y", round(TOP + row * ROW + HEIGHT + share * (ROW - HEIGHT), 1)


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
    ("receive", "record_outcome"): Way("bottom", "left", (_gap(0, 0.3), ("x", _OUTER)), leave=-40, arrive=13, label=1),
    ("recall", "triage"): Way("bottom", "top", (_gap(0, 0.42),), arrive=-20, label=1),
    ("recall", "check"): Way("right", "top", (("x", _EDGE), _gap(2, 0.62)), arrive=32, at=0.2),
    ("triage", "hand_over"): Way("left", "left", (("x", _INNER),), label=1, at=0.76),
    ("triage", "resolve"): Way("top", "top", (_gap(0, 0.64),), leave=30, arrive=24, label=1, at=0.2),
    ("resolve", "playbook"): Way("top", "top", (_gap(0, 0.86),), leave=-24, label=1, at=0.4),
    ("playbook", "resolve"): Way("bottom", "bottom", (_gap(1, 0.22),), leave=44, arrive=-52, label=1, at=0.3),
    ("resolve", "draft"): Way("left", "right"),
    ("resolve", "hand_over"): Way("bottom", "left", (_gap(1, 0.4), ("x", _INNER)), leave=-20, label=1, at=0.22),
    ("playbook", "hand_over"): Way("bottom", "left", (_gap(1, 0.22), ("x", _INNER)), leave=-30, label=1),
    ("draft", "check"): Way("bottom", "top", (_gap(1, 0.6),), arrive=-26),
    ("check", "second"): Way("top", "left", leave=10, at=0.4),
    ("second", "authorize"): Way("right", "top", arrive=-34),
    ("authorize", "resolve"): Way("top", "bottom", (_gap(1, 0.92),), leave=30, arrive=34, label=1, at=0.2),
    ("record_verdict", "review"): Way("bottom", "top"),
    ("record_verdict", "hand_over"): Way(
        "bottom", "bottom", (_gap(3, 0.4), ("x", _CORRIDOR), _gap(4, 0.4)), leave=50, arrive=30, label=1
    ),
    ("record_review", "authorize"): Way("top", "bottom"),
    ("record_review", "check"): Way("top", "bottom", (_gap(3, 0.5),), leave=-45, label=1),
    ("record_review", "record_outcome"): Way("bottom", "left", arrive=-13, label=1, at=0.1),
    ("record_review", "hand_over"): Way("left", "right"),
    ("record_review", "review"): Way("right", "left", leave=-10, arrive=-10),
    ("review", "record_review"): Way("left", "right", leave=10, arrive=10),
    ("execute", "execute"): Way(
        "right", "right", (("x", LEFT + 3 * COLUMN + WIDTH + 26.0),), leave=-12, arrive=12, label=1
    ),
    ("execute", "check"): Way("top", "top", (_gap(2, 0.84),), arrive=54, label=1, at=0.06),
    ("execute", "record_outcome"): Way("bottom", "top"),
    ("execute", "hand_over"): Way("bottom", "bottom", (_gap(4, 0.62),), leave=-40, arrive=0, label=1, at=0.06),
    ("hand_over", "record_outcome"): Way("bottom", "left", leave=-20),
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
    return LEFT + column * COLUMN, TOP + row * ROW


def line(edge: Edge) -> tuple[Point, ...]:
    """The corners of an edge's line, in pixels; every stretch is level or upright."""
    way = edge.way
    end = anchor(edge.end, way.into, way.arrive)
    points = [anchor(edge.start, way.out, way.leave)]
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


def anchor(name: str, side: Side, offset: float) -> Point:
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
