"""Draws a fork: the turn as it was beside the turn as it would have been, and in what the two differ."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pydantic import JsonValue
from pydantic_core import to_jsonable_python
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from countersign.display.replay import as_step, excerpts, shown
from countersign.display.steps import said
from countersign.display.words import line, paragraph
from countersign.replay.fork import Forked
from countersign.replay.steps import Kept
from nodes.act.planned import drafted

_PAIR = tuple[Kept | None, Kept | None]


def forked(fork: Forked) -> RenderableType:
    """What was set, the two timelines side by side, the differences, and the reply that would leave."""
    return Group(*_parts(fork))


def _parts(fork: Forked) -> Iterator[RenderableType]:
    head = (f", turn {fork.turn}, forked after step {fork.at}. Nothing of it has happened.", "dim")
    yield Text.assemble((fork.ticket, "bold"), head)
    for path, value in fork.changed.items():
        yield Text.assemble("  set ", (line(path), "bold"), " to ", (shown(_json(value)), "yellow"))
    yield Text("")
    yield _timelines(fork)
    yield Text("")
    if fork.differences:
        yield Text("what differs", style="bold underline")
        yield _differences(fork)
    else:
        yield Text("Nothing else comes of it: the same is decided, and the same is said.", style="green")
    draft = drafted(fork.state)
    if draft is not None and any(found.path.startswith("draft") for found in fork.differences):
        yield Text("the reply would be", style="dim")
        yield Panel(paragraph(draft.body), box=box.ROUNDED, border_style="dim green", padding=(0, 1))


def _timelines(fork: Forked) -> Table:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    rows.add_column("", no_wrap=True)
    rows.add_column("node", no_wrap=True)
    rows.add_column("as it was", ratio=1)
    rows.add_column("as it would be", ratio=1)
    for then, now in _pairs(fork.then, fork.now):
        first, second = (said(as_step(step)) if step else "" for step in (then, now))
        same = then is not None and now is not None and first == second
        here = now is not None and now.number == fork.at
        mark = Text("◆", style="magenta") if here else Text("│", style="dim") if same else Text("●", style="yellow")
        node = Text((now or then or fork.now[0]).node, style="bold" if here or not same else "dim")
        style = "dim" if same else "yellow"
        rows.add_row(mark, node, Text(first or _absent(then), style="dim"), Text(second or _absent(now), style=style))
    return rows


def _pairs(then: Sequence[Kept], now: Sequence[Kept]) -> Iterator[_PAIR]:
    """The steps side by side, by their nodes."""
    first, second = [step.node for step in then], [step.node for step in now]
    for _, i1, i2, j1, j2 in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        equal = first[i1:i2] == second[j1:j2]
        if equal:
            yield from zip(then[i1:i2], now[j1:j2], strict=True)
        else:
            yield from ((step, None) for step in then[i1:i2])
            yield from ((None, step) for step in now[j1:j2])


def _differences(fork: Forked) -> Table:
    rows = Table.grid(padding=(0, 2))
    for found in fork.differences:
        first, second = excerpts(found.then, found.now)
        rows.add_row(Text(line(found.path), style="bold"), Text(first, style="dim"), Text("→"), Text(second, "yellow"))
    return rows


def _absent(step: Kept | None) -> str:
    return "" if step is not None else "—"


def _json(value: object) -> JsonValue:
    found: JsonValue = to_jsonable_python(value, serialize_unknown=True)
    return found
