"""Draws the support graph as SVG from its topology alone: no browser, no network."""

from dataclasses import dataclass
from html import escape

from graphs.catalog import NODES
from graphs.support import FORKS, ROAD

LANES = (
    ("PERCEIVE", ("receive", "redact", "recall")),
    ("REASON", ("triage", "playbook", "draft")),
    ("ACT", ("check", "authorize", "record_verdict", "execute")),
    ("", ("hand_over", "record_review", "review")),
    ("LEARN", ("record_outcome",)),
)
"""Where each node stands; a test holds this to the catalogue."""

PLACES = {
    "receive": (0, 0), "redact": (1, 0), "recall": (2, 0),
    "triage": (0, 1), "playbook": (1, 1), "draft": (2, 1),
    "check": (0, 2), "authorize": (1, 2), "record_verdict": (2, 2), "execute": (3, 2),
    "hand_over": (0, 3), "record_review": (1, 3), "review": (2, 3),
    "record_outcome": (1, 4),
}  # fmt: skip
KIND_COLOUR = {"decide": "#e8f1fa", "ask": "#f3e8fa", "record": "#fdf3d8", "do": "#dff3e4", "wait": "#fbe3e0"}
_WIDTH, _HEIGHT, _COLUMN, _ROW, _LEFT, _TOP = 150, 46, 230, 118, 130, 40


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, with the answer that leads there."""

    start: str
    end: str
    label: str = ""


def edges() -> tuple[Edge, ...]:
    """Every edge between two nodes, in the order of the topology."""
    plain = [Edge(start, end) for start, end in ROAD if start in NODES and end in NODES]
    forks = [Edge(start, end, str(label)) for start, _, ways in FORKS for label, end in ways.items()]
    return (*plain, *forks)


def support_svg() -> str:
    """The picture as SVG text."""
    width, height = _LEFT + 4 * _COLUMN + 20, _TOP + 5 * _ROW + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="14">',
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#555"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_lanes(width),
        *(_edge(edge) for edge in edges()),
        *(_node(name) for name in NODES),
        *_legend(height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lanes(width: int) -> list[str]:
    drawn: list[str] = []
    for row, (title, _) in enumerate(LANES):
        y = _TOP + row * _ROW
        if title:
            drawn.append(f'<text x="16" y="{y + 28}" fill="#888" font-weight="bold" letter-spacing="1">{title}</text>')
        if title and row:
            line = y - 36
            drawn.append(f'<line x1="16" y1="{line}" x2="{width - 16}" y2="{line}" stroke="#e3e3e3"/>')
    return drawn


def _corner(name: str) -> tuple[int, int]:
    column, row = PLACES[name]
    return _LEFT + column * _COLUMN, _TOP + row * _ROW


def _node(name: str) -> str:
    x, y = _corner(name)
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="9" fill="{KIND_COLOUR[NODES[name].kind]}" '
        f'stroke="#777"/><text x="{x + _WIDTH // 2}" y="{y + 28}" text-anchor="middle">{escape(name)}</text>'
    )


def _edge(edge: Edge) -> str:
    path, (x, y) = _path(edge)
    label = f'<text x="{x}" y="{y}" fill="#555" font-size="12" text-anchor="middle">{escape(edge.label)}</text>'
    return f'<path d="{path}" fill="none" stroke="#555" marker-end="url(#arrow)"/>{label if edge.label else ""}'


def _path(edge: Edge) -> tuple[str, tuple[float, float]]:
    """The line of an edge and the place of its label, by how the two nodes stand to each other."""
    (x1, y1), (x2, y2) = _corner(edge.start), _corner(edge.end)
    middle = _HEIGHT // 2
    if edge.start == edge.end:
        top = y1 - 26
        return f"M{x1 + 50} {y1} C{x1 + 40} {top} {x1 + 110} {top} {x1 + 100} {y1}", (x1 + 75, top - 2)
    if y1 == y2 and abs(x2 - x1) == _COLUMN:
        start, end = (x1 + _WIDTH, x2) if x2 > x1 else (x1, x2 + _WIDTH)
        shift = _shift(edge)
        y = y1 + middle + shift
        return f"M{start} {y} L{end} {y}", ((start + end) / 2, y - 5)
    if y1 == y2:
        top = y1 - 44
        ends = f"{x1 + 75} {top} {x2 + 75} {top}"
        return f"M{x1 + 75} {y1} C{ends} {x2 + 75} {y2}", ((x1 + x2) / 2 + 75, y1 - 37)
    return _across(x1, y1, x2, y2)


def _shift(edge: Edge) -> int:
    """Two edges between the same neighbours stand apart."""
    back = any(other.start == edge.end and other.end == edge.start for other in edges())
    if not back:
        return 0
    return -9 if PLACES[edge.start][0] < PLACES[edge.end][0] else 9


def _across(x1: int, y1: int, x2: int, y2: int) -> tuple[str, tuple[float, float]]:
    """From one lane to another: out of the bottom, into the top, or the other way round."""
    down = y2 > y1
    start_x, end_x = x1 + _WIDTH // 2, x2 + _WIDTH // 2
    start_y, end_y = (y1 + _HEIGHT, y2) if down else (y1, y2 + _HEIGHT)
    bend = (end_y - start_y) * 0.5
    path = f"M{start_x} {start_y} C{start_x} {start_y + bend} {end_x} {end_y - bend} {end_x} {end_y}"
    return path, (start_x + (end_x - start_x) * 0.22 + 8, start_y + (22 if down else -12))


def _legend(height: int) -> list[str]:
    words = {"decide": "reads, decides", "record": "writes the ledger", "do": "acts, through the gateway", "wait": "waits"}
    drawn: list[str] = []
    for place, (kind, text) in enumerate(words.items()):
        x, y = _LEFT + place * 215, height - 26
        drawn.append(
            f'<rect x="{x}" y="{y}" width="16" height="16" rx="4" fill="{KIND_COLOUR[kind]}" stroke="#777"/>'
            f'<text x="{x + 23}" y="{y + 13}" font-size="12" fill="#555">{kind}: {text}</text>'
        )
    return drawn
