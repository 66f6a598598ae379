"""The documentation is what the code says: generated pages, the picture, links, exit codes."""

import re
from itertools import pairwise, permutations, product
from pathlib import Path

import pytest

from countersign.cli import app
from countersign.display.layout import HEIGHT, WIDTH
from docs import generate
from docs.pages import PAGES
from docs.picture import corner, edges, label_place, line
from docs.record import cut, picture, screen
from docs.source import ROOT, constants_of, plain_type
from graphs.catalog import NODES

GUIDES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
Point = tuple[float, float]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_generated_is_what_is_committed(name: str) -> None:
    """Each generated page and picture in the tree is exactly what the code makes now."""
    assert generate.difference(ROOT / name, PAGES[name]()) == ""


def test_a_difference_is_told_in_a_few_lines(tmp_path: Path) -> None:
    """A page that differs is named, with some of what differs and how much more there is."""
    page = tmp_path / "page.md"
    page.write_text("".join(f"line {number}\n" for number in range(100)))
    told = generate.difference(page, "something else\n")
    assert str(page) in told
    assert "-line 0" in told
    assert re.search(r"… \d+ lines more", told)
    assert generate.difference(tmp_path / "missing.md", "x\n").startswith(str(tmp_path / "missing.md"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(guide: Path) -> None:
    """Relative links name files that exist, and their anchors are headings there."""
    for link in _LINK.findall(_CODE.sub("", guide.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (guide.parent / name).resolve() if name else guide
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def test_the_readme_names_the_exit_codes() -> None:
    """The README's table of exit codes has every code of the command line, and no other."""
    table = (ROOT / "README.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE))
    assert told == {"0", *(code.type for code in constants_of(app) if code.name.startswith("EXIT_"))}


def test_the_readme_opens_with_the_two_commands() -> None:
    """Whoever opens the README sees first how to try it and how to test it, and both are targets."""
    opening = (ROOT / "README.md").read_text().split("```")[1]
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = re.findall(r"^\$ make (\w+)", opening, re.MULTILINE)
    assert commands == ["demo", "test"]
    assert set(commands) <= targets


def test_the_picture_names_every_node_and_edge() -> None:
    """Every node of the catalogue and every edge of the topology is drawn."""
    drawn = PAGES["docs/graph.svg"]()
    for name in NODES:
        assert f">{name}</text>" in drawn
    assert drawn.count('marker-end="url(#arrow)"') >= len(edges())


def test_no_line_of_the_picture_runs_through_a_box() -> None:
    """Lines touch the boxes they join at their edges alone, and no others; labels stand clear of every box."""
    for edge in edges():
        points = line(edge)
        for start, end in pairwise(points):
            crossed = [name for name in NODES if _inside(_box(name), _span(start, end))]
            assert crossed == [], (edge, crossed)
        if edge.label:
            x, y, side = label_place(edge)
            left = x if side == "start" else x - 3.5 * len(edge.label)
            label = (left, y - 10, left + 7 * len(edge.label), y + 2)
            assert [name for name in NODES if _inside(_box(name), label)] == [], edge


_CROSSINGS = {
    "record_verdict>hand_over record_review>record_outcome", "execute>hand_over record_review>record_outcome",
    "draft>check playbook>resolve", "draft>check resolve>hand_over",
    "execute>check second>authorize", "execute>check authorize>resolve",
    "recall>check second>authorize", "recall>check authorize>resolve",
}  # fmt: skip
"""The lines that have to cross: the ways out of the resolver and back to it lie across the main road."""


def test_lines_of_the_picture_cross_once() -> None:
    """No line crosses another but for the few that have to, and those do it once."""
    crossings = [
        frozenset({f"{one.start}>{one.end}", f"{other.start}>{other.end}"})
        for one, other in permutations(edges(), 2)
        if one.end != other.end
        for level, upright in product(pairwise(line(one)), pairwise(line(other)))
        if _cross(level, upright)
    ]
    assert set(crossings) == {frozenset(pair.split()) for pair in _CROSSINGS}
    assert len(crossings) == len(set(crossings))


def test_a_recorded_terminal_shows_what_stands_at_the_end() -> None:
    """A line that was erased and written again is there once; colours stay; what is in between is counted."""
    written = "one\r\n\x1b[32mtwo\x1b[0m\r\nbar 1\r\x1b[2K\x1b[1A\x1b[2Kbar 2\r\x1b[2Kthree\r\n"
    assert screen(written) == ["one", "three", ""]
    assert cut([str(number) for number in range(10)], 2, 3) == [
        "0",
        "1",
        "\x1b[2m      … 5 lines more …\x1b[0m",
        "7",
        "8",
        "9",
    ]
    drawn = picture("countersign inbox", ["\x1b[32mgreen\x1b[0m   text"], 40)
    assert "countersign&#160;inbox" in drawn
    assert "@font-face" not in drawn
    assert "<script" not in drawn


def test_types_are_shown_without_their_bounds() -> None:
    """Bounds are told in words, so the type alone is left."""
    assert plain_type("dict[Kind, Annotated[int, Field(ge=1, le=2160)]]") == "dict[Kind, int]"
    assert plain_type("tuple[str, ...]") == "tuple[str, ...]"


Rectangle = tuple[float, float, float, float]


def _box(name: str) -> Rectangle:
    x, y = corner(name)
    return x, y, x + WIDTH, y + HEIGHT


def _span(start: Point, end: Point) -> Rectangle:
    return min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1])


def _inside(box: Rectangle, other: Rectangle) -> bool:
    """Whether something reaches into a box; touching its edge does not."""
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _cross(level: tuple[Point, Point], upright: tuple[Point, Point]) -> bool:
    """Whether a level stretch and an upright one cross; False where they are not that."""
    if level[0][1] != level[1][1] or upright[0][0] != upright[1][0]:
        return False
    (left, y, right, _), (x, top, _, bottom) = _span(*level), _span(*upright)
    return left < x < right and top < y < bottom


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
