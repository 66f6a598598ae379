"""Writes the generated pages and pictures; with --check, says whether the ones in the tree are what the code says.

python -m docs.generate [--check]
"""

import argparse
import difflib
import sys
from pathlib import Path

from docs.pages import PAGES
from docs.source import ROOT

_MOST_LINES = 12
"""Lines of a difference that are shown."""


def main() -> int:
    """0 where all is written or as it should be, 1 where --check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description="Write what is generated in docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs")
    return _check() if parser.parse_args().check else _write()


def _write() -> int:
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"{name}\n")
    return 0


def _check() -> int:
    reports = [report for name, make in PAGES.items() if (report := difference(ROOT / name, make()))]
    for report in reports:
        sys.stderr.write(report)
    if reports:
        sys.stderr.write(f"{len(reports)} generated files differ from the code: run make docs and commit them.\n")
    return 1 if reports else 0


def difference(path: Path, wanted: str) -> str:
    """What differs between a file and what it should be, in a few lines; empty where nothing does."""
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    if there == wanted:
        return ""
    lines = list(
        difflib.unified_diff(there.splitlines(), wanted.splitlines(), "committed", "generated", lineterm="", n=0)
    )
    more = len(lines) - _MOST_LINES
    shown = [line[:160] for line in lines[:_MOST_LINES]] + ([f"… {more} lines more"] if more > 0 else [])
    return "\n".join([f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:", *shown, ""])


if __name__ == "__main__":
    sys.exit(main())
