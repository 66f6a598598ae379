"""How long a command takes from prompt to end, beside the import of two libraries that such commands stand on."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter

from bench.measured import Measured, Say

_SCRIPT = Path(sys.executable).parent / "countersign"
IMPORT = "python -c 'import sqlalchemy, rich'"
MANY = 10_000

_TABLES = {
    "tickets": {"number": "number + :step", "id": "id || :mark"},
    "verdicts": {"seq": "NULL", "id": "id || :mark", "ticket": "ticket || :mark"},
    "proposals": {"seq": "NULL", "id": "id || :mark", "ticket": "ticket || :mark"},
    "decisions": {"seq": "NULL", "verdict": "verdict || :mark", "proposal": "proposal || :mark"},
    "reviews": {"seq": "NULL", "id": "id || :mark", "ticket": "ticket || :mark"},
}
"""What `inbox` reads, and by what a copy of a row differs."""


def measure(many: Path, few: Path, repetitions: int, say: Say) -> list[Measured]:
    """Seconds by command: `few` holds runtime files without tickets; `many` some, which are copied into 10,000."""
    multiply(many / "ledger.db", MANY)
    nothing = few / "nothing"
    nothing.mkdir(exist_ok=True)
    commands: dict[str, tuple[list[str], Path]] = {
        IMPORT: ([sys.executable, "-c", "import sqlalchemy, rich"], few),
        "countersign --help": ([str(_SCRIPT), "--help"], few),
        "countersign inbox": ([str(_SCRIPT), "inbox"], many),
        "countersign run, nothing to do": ([str(_SCRIPT), "run", str(nothing)], few),
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(repetitions + 1):
        say(f"start-up: repetition {number} of {repetitions}")
        for name, (words, var) in commands.items():
            seconds = _seconds(words, var)
            if number:  # the first one warms the disk's cache
                found[name].append(seconds)
    return [Measured(f"start/{name}", tuple(values)) for name, values in found.items()]


def multiply(ledger: Path, tickets: int) -> None:
    """Copies what a ledger has until so many tickets are there, as far as `inbox` reads it."""
    with closing(sqlite3.connect(ledger)) as db, db:
        (there, highest) = db.execute("SELECT COUNT(*), MAX(number) FROM tickets").fetchone()
        for table, differs in _TABLES.items():
            names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            own = "number" if table == "tickets" else "seq"
            last = db.execute(f"SELECT MAX({own}) FROM {table}").fetchone()[0]
            for copy in range(1, -(-tickets // there)):
                told = {"step": copy * highest, "mark": f"-{copy}", "last": last}
                wanted = ", ".join(differs.get(name, f'"{name}"') for name in names)
                db.execute(f"INSERT INTO {table} SELECT {wanted} FROM {table} WHERE {own} <= :last", told)


def _seconds(words: list[str], var: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
    start = perf_counter()
    subprocess.run(
        words, env={**environment, "COUNTERSIGN_VAR": str(var)}, stdin=subprocess.DEVNULL, capture_output=True,
        check=True,
    )  # fmt: skip
    return perf_counter() - start
