"""Draws a ticket's spans as they lay in time, one below the other."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.stats import length
from countersign.display.words import line
from countersign.telemetry.facts import ERROR, KIND
from countersign.telemetry.reading import Seen, Trace

_WIDTH = 40
_STYLES = {"turn": "bold", "node": "", "agent": "magenta", "model": "magenta", "tool": "cyan", "effect": "green"}
_NANOS = 1_000_000


def trace(ticket: str, found: Sequence[Trace]) -> RenderableType:
    """A waterfall for each run of each turn; one sentence where no span of the ticket is kept."""
    if not found:
        text = f"No span of {ticket} is kept: the file has the last ones alone, or none is written."
        return Text(f"{text} The ledger has its story: countersign show {ticket}")
    return Group(*(part for each in found for part in _turn(each)))


def _turn(trace: Trace) -> Iterator[RenderableType]:
    """The turn's head, then its runs; spans whose parent never ended belong to a run that was cut off."""
    spans = trace.seen()
    known, below = {span.id for span in spans}, defaultdict[str, list[Seen]](list)
    for span in spans:
        below[span.parent].append(span)
    yield Text.assemble((f"turn {trace.turn}", "bold"), f"  trace {trace.id}")
    for run in (span for span in spans if span.facts.get(KIND) == "turn"):
        yield _run([run], below)
    first = {span.id for span in spans if span.facts.get(KIND) == "message"}
    for parent in (name for name in below if name and name not in known | first):
        yield _run(below[parent], below, cut_off=True)
    loose = [span for name in first for span in below[name] if span.facts.get(KIND) != "turn"]
    if loose:
        yield _run(loose, below)


def _run(tops: Sequence[Seen], below: dict[str, list[Seen]], *, cut_off: bool = False) -> RenderableType:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    began = datetime.fromtimestamp(tops[0].start / 1e9, UTC)
    rows.add_column(f"{began:%d %b %Y %H:%M:%S} UTC{', cut off' if cut_off else ''}", no_wrap=True)
    rows.add_column("took", justify="right", no_wrap=True)
    rows.add_column("", width=_WIDTH, no_wrap=True)
    rows.add_column("", overflow="fold")
    found = list(_walk(tops, below, 0))
    start, end = min(span.start for span, _ in found), max(span.end for span, _ in found)
    for span, depth in found:
        style = "red" if ERROR in span.facts else _STYLES.get(span.facts.get(KIND, ""), "")
        name = Text(f"{'  ' * depth}{_name(span)}", style=style)
        rows.add_row(name, length((span.end - span.start) // _NANOS), _bar(span, start, end, style), _said(span))
    return Group(rows, Text())


def _walk(spans: Sequence[Seen], below: dict[str, list[Seen]], depth: int) -> Iterator[tuple[Seen, int]]:
    for span in spans:
        yield span, depth
        yield from _walk(below.get(span.id, []), below, depth + 1)


def _name(span: Seen) -> str:
    """The name without the conventions' word for the operation, but where that says what it is."""
    operation, _, rest = span.name.partition(" ")
    return line(span.name if operation in ("chat", "invoke_agent") else rest or operation, 40)


def _bar(span: Seen, start: int, end: int, style: str) -> Text:
    share = _WIDTH / max(end - start, 1)
    before = min(int((span.start - start) * share), _WIDTH - 1)
    long = max(min(round((span.end - span.start) * share), _WIDTH - before), 1)
    return Text(" " * before + "█" * long, style=style or "blue")


def _said(span: Seen) -> Text:
    """How it ended, what it cost, and whether it was told from the record."""
    facts = span.facts
    tokens = sum(int(facts.get(f"gen_ai.usage.{name}_tokens", 0)) for name in ("input", "output"))
    said = [facts.get(ERROR, ""), facts.get("countersign.status", "")]
    said += ["recorded"] if facts.get("countersign.recorded") == "True" else []
    said += [f"{tokens:,} tokens"] if tokens else []
    return Text(line(", ".join(word for word in said if word)), style="red" if ERROR in facts else "dim")
