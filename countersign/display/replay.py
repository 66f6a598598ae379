"""Draws a ticket's history, and what running tickets again came to."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from countersign.display.steps import Step, kind_style, said
from countersign.display.words import line
from countersign.replay.found import Cause, Divergence, Replayed
from countersign.replay.steps import Kept

_RESULT = {"same": "green", "diverged": "red", "not kept": "yellow"}
_WORDS = {"same": "the same", "diverged": "diverged", "not kept": "not kept"}
_DIGEST = 12
"""Characters of a digest that are drawn."""
_AROUND, _LONGEST = 24, 100
"""Characters of a long text that are drawn before the place where two differ, and in all."""


def history(ticket: str, steps: Sequence[Kept]) -> RenderableType:
    """A table for each turn: number, time, node, kind, and what the step came to."""
    head = Text(ticket, style="bold")
    if not steps:
        return Group(head, Text("Its thread's steps are not kept, or it has not begun.", style="dim"))
    return Group(head, *(part for turn, own in groupby(steps, lambda step: step.turn) for part in _turn(turn, own)))


def _turn(turn: int, steps: Iterable[Kept]) -> Iterator[RenderableType]:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("step", "UTC", "node", "kind"):
        rows.add_column(heading, no_wrap=True, justify="right" if heading == "step" else "left")
    rows.add_column("what it came to", ratio=1)
    for kept in steps:
        step = as_step(kept)
        kind = Text(step.kind, style=kind_style(step.kind))
        time = Text(f"{kept.at:%d %b %H:%M:%S}", style="dim")
        rows.add_row(Text(str(kept.number), style="bold"), time, Text(step.node, style="bold"), kind, Text(said(step)))
    yield Text("")
    yield Text(f"turn {turn}", style="bold underline")
    yield rows


def as_step(kept: Kept) -> Step:
    """A step of a thread as it is drawn."""
    return Step(kept.number, kept.node, kept.wrote, kept.waits)


def replays(found: Sequence[Replayed]) -> RenderableType:
    """One ticket in full; of several the ones that are not the same, and the counts."""
    if len(found) == 1:
        return replayed(found[0])
    drawn = [part for one in found if one.result != "same" for part in (replayed(one), Text(""))]
    return Group(*drawn, *_summary(found))


def replayed(one: Replayed) -> RenderableType:
    """Whether it came to the same, and where not, at which step, in what, and because of what."""
    steps, turns = _count(one.steps, "step"), _count(one.turns, "turn")
    word = (_WORDS[one.result], f"bold {_RESULT[one.result]}")
    parts: list[RenderableType] = [Text.assemble((one.ticket, "bold"), "  ", word, (f"  {steps} in {turns}", "dim"))]
    if one.note:
        parts.append(_under(Text(line(one.note), style="yellow")))
    if one.divergence:
        parts += _divergence(one.divergence)
    if one.changed:
        parts.append(_under(Text("changed since, without effect on this ticket", style="dim")))
        parts.append(_under(_causes(one.changed), 4))
    return Group(*parts)


def result_line(one: Replayed) -> Text:
    """One line while many are run."""
    text = Text.assemble((f"{_WORDS[one.result]:<12} ", _RESULT[one.result]), one.ticket)
    if one.divergence:
        text.append(f"  {one.divergence.node}: ")
        text.append("; ".join(f"{cause.kind} {line(cause.name, 80)}" for cause in one.divergence.causes[:2]), "red")
    elif one.note:
        text.append(f"  {line(one.note)}", "dim")
    return text


def _divergence(found: Divergence) -> Iterator[RenderableType]:
    place = f"step {found.step}, {found.node}" if found.step else found.node
    yield _under(Text.assemble(("first at ", "dim"), (place, "bold"), (f" in turn {found.turn}", "dim")))
    yield _under(_causes(found.causes), 4)
    then, now = excerpts(found.difference.then, found.difference.now)
    rows = Table.grid(padding=(0, 2))
    rows.add_row(Text(line(found.difference.path) or "it", style="bold"), Text("then", style="dim"), Text(then))
    rows.add_row(Text(""), Text("now", style="dim"), Text(now, style="yellow"))
    yield _under(rows, 4)


def _causes(causes: Sequence[Cause]) -> Table:
    rows = Table.grid(padding=(0, 2))
    for cause in causes:
        values = f"{_value(cause.then)} then, {_value(cause.now)} now" if cause.then or cause.now else ""
        rows.add_row(Text(cause.kind, style="magenta"), Text(line(cause.name), style="bold"), Text(values, style="dim"))
    return rows


def _summary(found: Sequence[Replayed]) -> Iterator[RenderableType]:
    counts = Counter(one.result for one in found)
    yield Text.assemble(
        (f"{_count(len(found), 'ticket')}: ", "bold"), (f"{counts['same']} the same", "green"), ", ",
        (f"{counts['diverged']} diverged", "red" if counts["diverged"] else ""),
        f", {counts['not kept']} not kept" if counts["not kept"] else "",
    )  # fmt: skip
    named = Counter((cause.kind, cause.name) for one in found if one.divergence for cause in one.divergence.causes[:1])
    yield from _counted("first named", named)
    quiet = Counter((cause.kind, cause.name) for one in found for cause in one.changed if cause.kind != "fact")
    yield from _counted("changed without effect", quiet)


def _counted(heading: str, counts: "Counter[tuple[str, str]]") -> Iterator[RenderableType]:
    if not counts:
        return
    yield Text(heading, style="dim")
    rows = Table.grid(padding=(0, 2))
    for (kind, name), count in counts.most_common():
        rows.add_row(Text(kind, style="magenta"), Text(line(name), style="bold"), Text(_count(count, "ticket")))
    yield _under(rows)


def excerpts(then: JsonValue, now: JsonValue) -> tuple[str, str]:
    """Two values in one line each; of long texts the place where they begin to differ."""
    first, second = shown(then), shown(now)
    same = next((place for place, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, same - _AROUND) if max(len(first), len(second)) > _LONGEST else 0
    return _cut(first, start), _cut(second, start)


def shown(value: JsonValue) -> str:
    """A value as one line of text."""
    if value is None:
        return "nothing"
    return line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 4000)


def _cut(text: str, start: int) -> str:
    return ("…" if start else "") + line(text[start:], _LONGEST)


def _value(text: str) -> str:
    return line(text, _DIGEST if len(text) == 16 and text.isalnum() else 40) if text else "none"


def _count(number: int, name: str) -> str:
    return f"{number} {name}" + ("" if number == 1 else "s")


def _under(part: RenderableType, indent: int = 2) -> Padding:
    return Padding(part, (0, 0, 0, indent))
