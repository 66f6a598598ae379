"""Memory over many tickets: what one process holds after each thousand of them."""

import resource
import sys
from pathlib import Path

from bench.measured import Measured, Say
from bench.world import fresh, mixed

_SAID = 500


def measure(prepared: Path, folder: Path, tickets: int, say: Say) -> list[Measured]:
    """Resident megabytes after the first tenth of the tickets and after each further one, and the most there were."""
    found: list[float] = []
    tenth = max(tickets // 10, 1)
    with fresh(prepared, folder) as runtime:
        for number, ref in enumerate(mixed(runtime, tickets), 1):
            runtime.handle(ref.id)
            if number % _SAID == 0:
                say(f"memory: {number} of {tickets} tickets")
            if number % tenth == 0:
                found.append(_resident())
    return [Measured("memory/resident", tuple(found)), Measured("memory/most", (_most(),))]


def _resident() -> float:
    """Megabytes that are resident now, where the system says so; the most so far elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return _most()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def _most() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
