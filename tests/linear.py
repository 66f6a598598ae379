"""Whether a function of a text is linear in its length, judged without comparing measured times."""

import signal
from collections.abc import Callable
from types import FrameType

LENGTH = 500_000
"""Characters: a linear function needs less than a second for them, a quadratic one minutes."""

CPU_SECONDS = 30
"""Computing time of this process alone, so that what else the machine does cannot matter."""


def assert_linear(read: Callable[[str], object], unit: str) -> None:
    """Fails where `read` does not come to its end on `unit` repeated over LENGTH characters."""

    def too_long(signum: int, frame: FrameType | None) -> None:
        raise AssertionError(f"{LENGTH} characters of {unit!r} took more than {CPU_SECONDS} s: not linear")

    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        read(unit * (LENGTH // len(unit)) + "!")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
