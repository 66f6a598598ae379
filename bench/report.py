"""The figures as tables between two marks of docs/performance.md, and as a picture beside it."""

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench import startup, steps
from bench.measured import Found, Measured, ratios

_BEGIN, _END = "<!-- measured by make bench -->\n", "<!-- end of what was measured -->"


def write(found: Found, page: Path, seconds: float, scale: float) -> None:
    """Writes the tables into the page and draws the picture beside it."""
    from bench.plot import draw

    text = page.read_text() if page.exists() else f"# Performance\n\n{_BEGIN}{_END}\n"
    head, rest = text.split(_BEGIN)
    tables = "\n\n".join([_circumstances(seconds, scale), *_sections(found)])
    page.write_text(f"{head}{_BEGIN}\n{tables}\n\n{_END}{rest.split(_END)[1]}")
    draw(found, page.with_suffix(".svg"))


def _circumstances(seconds: float, scale: float) -> str:
    share = "" if scale >= 1 else f" --scale {scale:g}"
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"Measured by `python -m bench{share}` (`make bench`) on {datetime.now(UTC):%d %B %Y} in "
        f"{seconds / 60:.1f} minutes: {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, commit {_commit()}. "
        f"Load averages at the end: {load}."
    )


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.strip() or "unknown"


def _sections(found: Found) -> Iterable[str]:
    makers: dict[str, Callable[[Found], str]] = {
        "Targets": _targets,
        "A step": _steps,
        "A step of nodes that do nothing": _empty,
        "Bytes on disk": _disk,
        "Growth of one thread": _growth,
        "Memory": memory,
        "Start-up": _startup,
    }
    return (f"### {title}\n\n{make(found)}" for title, make in makers.items())


def _targets(found: Found) -> str:
    once, many = (_against_bare(found, at_once, steps.GOVERNED) for at_once in (1, 32))
    inbox = ratios(found, "start/countersign inbox", f"start/{startup.IMPORT}")
    resident = max(found["memory/resident"].values)
    rows = [
        ("governed step at 1 ticket", "at most 4 × bare", f"{once.median:.2f} ×", once.median <= 4),
        ("governed step at 32 tickets", "at most 3 × bare", f"{many.median:.2f} ×", many.median <= 3),
        *_byte_targets(found),
        ("memory while the tickets are handled", "at most 400 MB", f"{resident:.0f} MB", resident <= 400),
        (f"`inbox`, {startup.MANY:,} tickets", "at most 2 × the import", f"{inbox.median:.2f} ×", inbox.median <= 2),
    ]  # fmt: skip
    return _table(("what", "target", "measured", ""), [(*row[:3], "met" if row[3] else "**not met**") for row in rows])


def _byte_targets(found: Found) -> list[tuple[str, str, str, bool]]:
    half = _counts(found, "talk")[-2]
    wanted = (
        ("an open ticket, all of it", "disk/open/all", 45_000),
        ("a finished ticket's thread after retention", "disk/retained/thread", 8_000),
        (f"a ticket of {2 * half:,} messages, its thread", f"growth/{half}/thread", 15_000_000),
        (f"a conversation of {2 * half:,} messages in the state", f"talk/{half}/thread", 15_000_000),
    )
    return [
        (text, f"at most {_bytes(most)}", _bytes(found[key].median), found[key].median <= most)
        for text, key, most in wanted
    ]


def _against_bare(found: Found, at_once: int, name: str) -> Measured:
    return ratios(found, f"step/{at_once}/{name}", f"step/{at_once}/{steps.BARE}")


def _steps(found: Found) -> str:
    heads = ["", *(f"{at_once} at once" for at_once in steps.PLAN)]
    rows = [[name, *(_step_cell(found, at_once, name) for at_once in steps.PLAN)] for name in steps.VARIANTS]
    note = "Milliseconds a step: median; in brackets how many times the bare graph: median, smallest to largest."
    return f"{_table(heads, rows)}\n\n{note}\n\n![Time a step, as a multiple of the bare graph's](performance.svg)"


def _step_cell(found: Found, at_once: int, name: str) -> str:
    if f"step/{at_once}/{name}" not in found:
        return "–"
    return f"{found[f'step/{at_once}/{name}'].median:.2f} ms ({_spread(_against_bare(found, at_once, name))})"


def _empty(found: Found) -> str:
    names = (steps.EMPTY_BARE, steps.EMPTY_OURS, steps.EMPTY_SYNC)
    rows = [
        [name, *(
            f"{found[f'empty/{at_once}/{name}'].median:.0f} µs "
            f"({_spread(ratios(found, f'empty/{at_once}/{name}', f'empty/{at_once}/{steps.EMPTY_BARE}'))})"
            for at_once in (1, 32)
        )]
        for name in names
    ]  # fmt: skip
    return _table(["", "1 at once", "32 at once"], rows)


def _disk(found: Found) -> str:
    parts = {
        "thread": "`checkpoints.db`", "ledger": "`ledger.db`", "mail": "`blobs/`, by length", "all": "together",
        "blocks": "together, by blocks of the file system",
    }  # fmt: skip
    kinds = {"open": "waits for a person", "finished": "answered", "retained": "answered, after retention"}
    rows = [[text, *(_bytes(found[f"disk/{kind}/{part}"].median) for kind in kinds)] for part, text in parts.items()]
    return _table(["", *kinds.values()], rows)


def _growth(found: Found) -> str:
    kinds = {
        "talk/{}/thread": "a conversation in the state: its thread",
        "growth/{}/thread": "a ticket: its thread",
        "growth/{}/ledger": "a ticket: its part of the ledger",
    }
    counts = _counts(found, "talk")
    rows = [
        [text, *(_each(found[name.format(count)].median, count) for count in counts)] for name, text in kinds.items()
    ]
    table = _table(["", *(f"{count:,} turns" for count in counts)], rows)
    return f"A turn is a message and its reply.\n\n{table}"


def _each(total: float, count: int) -> str:
    return f"{_bytes(total)} ({_bytes(total / count)} each)"


def memory(found: Found) -> str:
    """What one process held, in a sentence or two."""
    values = found["memory/resident"].values
    tenths = " · ".join(f"{value:.0f}" for value in values)
    most = f"The most at any time, which opening the desk takes: {found['memory/most'].median:.0f} MB."
    return f"Resident megabytes after each tenth of the tickets: {tenths}. {most}"


def _startup(found: Found) -> str:
    base = f"start/{startup.IMPORT}"
    rows = [
        [f"`{name.removeprefix('start/')}`", f"{each.median:.2f} s", _spread(ratios(found, name, base))]
        for name, each in found.items()
        if name.startswith("start/")
    ]
    return _table(["", "median", "against the import: median, smallest to largest"], rows)


def _counts(found: Found, kind: str) -> list[int]:
    return sorted({int(match[1]) for name in found if (match := re.match(rf"{kind}/(\d+)/", name))})


def _spread(each: Measured) -> str:
    return f"{each.median:.2f} ×, {min(each.values):.2f} to {max(each.values):.2f}"


def _bytes(count: float) -> str:
    if abs(count) >= 1_000_000:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1000:.1f} kB"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(heads)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))
