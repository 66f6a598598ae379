"""Measures everything and writes docs/performance.md and docs/performance.svg.

python -m bench [--scale SHARE] [--page FILE]: a smaller scale tries it out, and its figures are worth as much less.
python -m bench --memory TICKETS: prints what one process holds while it handles so many tickets, and nothing else.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.measured import Measured

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

_ROOT = Path(__file__).resolve().parents[1]
_STARTED = perf_counter()


def main() -> int:
    """Runs all parts, or in a process of its own the one that is named."""
    given = _arguments()
    if given.part:
        return _run_part(given.part, given.folder, given.scale)
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as name:
        folder = Path(name)
        if given.memory:
            return _print_memory(folder, given.memory)
        if not all(_all_went_well(lanes, folder, given.scale) for lanes in _ORDER):
            return 1
        from bench.measured import from_json
        from bench.report import write

        found = {name: each for part in folder.glob("*.json") for name, each in from_json(part.read_text()).items()}
        write(found, given.page, perf_counter() - _STARTED, given.scale)
    _say(f"written to {given.page}")
    return 0


def _all_went_well(lanes: Iterable[tuple[str, ...]], folder: Path, scale: float) -> bool:
    """Runs lanes beside one another, and the parts of a lane one after the other, until one fails."""

    def run(parts: tuple[str, ...]) -> bool:
        return all(_process(part, folder, scale) == 0 for part in parts)

    with ThreadPoolExecutor() as pool:
        return all(pool.map(run, lanes))


def _process(part: str, folder: Path, scale: float) -> int:
    words = [sys.executable, "-m", "bench", "--part", part, "--folder", str(folder), "--scale", str(scale)]
    return subprocess.run(words, cwd=_ROOT, check=False).returncode


def _print_memory(folder: Path, tickets: int) -> int:
    from bench.memory import measure
    from bench.report import memory

    if _process("prepare", folder, 1.0):
        return 1
    found = measure(folder / "prepared", folder / "many", tickets, _say)
    sys.stdout.write(f"{memory({each.name: each for each in found})}\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what governing costs.")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the tickets and turns, to try it out")
    parser.add_argument("--memory", type=int, default=0, metavar="TICKETS", help="measure memory alone, and print it")
    parser.add_argument("--page", type=Path, default=_ROOT / "docs" / "performance.md")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _run_part(part: str, folder: Path, scale: float) -> int:
    from bench.measured import to_json

    (folder / f"{part}.json").write_text(to_json(_PARTS[part](folder, scale)))
    return 0


def _prepare(folder: Path, _scale: float) -> list["Measured"]:
    from bench.world import prepare

    prepare(folder / "prepared")
    return []


def _steps(folder: Path, scale: float) -> list["Measured"]:
    from bench.steps import PLAN, measure, measure_empty

    plan = {at_once: replace(each, tickets=max(int(each.tickets * scale), 1)) for at_once, each in PLAN.items()}
    empty = measure_empty(folder / "empty", plan, _say)
    return empty + measure(folder / "prepared", folder / "steps", plan, _say)


def _disk(folder: Path, scale: float) -> list["Measured"]:
    from bench.disk import measure, measure_growth

    turns = tuple(max(int(number * scale), 1) for number in (10, 100, 500, 1000))
    found = measure(folder / "prepared", folder / "disk", max(int(200 * scale), 10), _say)
    return found + measure_growth(folder / "prepared", folder / "growth", turns, _say)


def _memory(folder: Path, scale: float) -> list["Measured"]:
    from bench.memory import measure

    return measure(folder / "prepared", folder / "many", max(int(300 * scale), 20), _say)


def _startup(folder: Path, _scale: float) -> list["Measured"]:
    from bench.startup import measure

    return measure(folder / "many", folder / "prepared", 7, _say)


def _say(text: str) -> None:
    sys.stderr.write(f"{perf_counter() - _STARTED:6.1f} s  {text}\n")


_ORDER = ((("prepare",),), (("steps",), ("memory", "disk")), (("startup",),))
"""What waits for what: lanes that run beside one another, on two cores, each of parts that follow one another."""

_PARTS: dict[str, Callable[[Path, float], list["Measured"]]] = {
    "prepare": _prepare,
    "steps": _steps,
    "disk": _disk,
    "memory": _memory,
    "startup": _startup,
}

if __name__ == "__main__":
    sys.exit(main())
