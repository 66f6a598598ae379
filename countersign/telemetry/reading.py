"""Reads the spans of a ticket back from the file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countersign.telemetry.identity import first_span

FOLDER = "traces"
"""Where the file of spans lies, under `var`."""
NOW, BEFORE = "spans.jsonl", "spans.1.jsonl"
"""The file that is written, and the one before it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One span as it was written; times are nanoseconds since 1970."""

    id: str
    parent: str
    name: str
    start: int
    end: int
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """A turn's trace: `spans` as OTLP's JSON has them, in the order in which they ended."""

    turn: int
    id: str
    spans: tuple[dict[str, Any], ...]

    def seen(self) -> tuple[Seen, ...]:
        """The spans, by their beginning."""
        return tuple(sorted((_seen(span) for span in self.spans), key=lambda one: one.start))


def traces(var: Path, ledger: str, ticket: str, turns: int) -> tuple[Trace, ...]:
    """The traces of a ticket's turns, as far as the file has them; `ledger` is what tells it from any other."""
    names = {f"{first_span(ledger, ticket, turn)[0]:032x}": turn for turn in range(1, turns + 1)}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for span in _kept(var / FOLDER, names):
        found.get(span["traceId"], []).append(span)
    return tuple(Trace(turn, name, tuple(found[name])) for name, turn in names.items() if found[name])


def _seen(span: Mapping[str, Any]) -> Seen:
    facts = {each["key"]: str(next(iter(each["value"].values()))) for each in span["attributes"]}
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    return Seen(span["spanId"], span.get("parentSpanId", ""), span["name"], start, end, facts)


def _kept(folder: Path, traces: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The spans of some traces, by their ids in hex, in the order in which they ended; a torn line is passed over."""
    wanted = tuple(f'"traceId":"{trace}"' for trace in traces)
    for name in (BEFORE, NOW):
        if not (folder / name).exists():
            continue
        with (folder / name).open(encoding="ascii", errors="replace") as file:
            for line in file:
                if any(trace in line for trace in wanted):
                    yield from _spans(line)


def _spans(line: str) -> Iterator[dict[str, Any]]:
    try:
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                yield from scope["spans"]
    except (ValueError, KeyError, TypeError):
        return
