"""Runs the command as people do: a process of its own, an environment without settings.

It is forked from a process that has imported the program, unless a setting is the interpreter's own.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.cli import warm

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).parent / "countersign"


def environment(**settings: str) -> dict[str, str]:
    """The environment without any setting of ours, and with those given."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_") and name != "COLUMNS"
    }
    return {**kept, "NO_COLOR": "", **settings}


def countersign(
    *words: str,
    var: Path | None = None,
    stdin: str = "",
    cwd: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The finished command with what it wrote."""
    given = dict(settings or {}) | ({"COUNTERSIGN_VAR": str(var)} if var else {})
    if all(name.startswith("COUNTERSIGN_") for name in given):
        return warm.run(words, stdin, cwd or Path.cwd(), environment(**given))
    return subprocess.run(
        [SCRIPT, *words], input=stdin, capture_output=True, text=True, timeout=300, cwd=cwd, env=environment(**given)
    )


def one_line(finished: subprocess.CompletedProcess[str], code: str) -> str:
    """The error, which must be one line with that code, without a traceback and without control characters."""
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("countersign: ")
    assert lines[0].endswith(f"[{code}]"), lines[0]
    assert lines[0].isprintable()
    return lines[0]
