"""How long a command takes from prompt to end, beside the import of two libraries that such commands stand on."""

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from bench.measured import Measured, Say

_SCRIPT = Path(sys.executable).parent / "countersign"
IMPORT = "python -c 'import sqlalchemy, rich'"


def measure(many: Path, few: Path, repetitions: int, say: Say) -> list[Measured]:
    """Seconds by command: `many` holds the runtime files of many tickets, `few` those of none, both made before."""
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


def _seconds(words: list[str], var: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
    start = perf_counter()
    subprocess.run(
        words, env={**environment, "COUNTERSIGN_VAR": str(var)}, stdin=subprocess.DEVNULL, capture_output=True,
        check=True,
    )  # fmt: skip
    return perf_counter() - start
