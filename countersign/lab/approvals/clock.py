"""The machine's clock, set back under whatever reads it."""

import time

from langgraph.checkpoint.base import id as checkpoint_ids

from countersign import runtime
from countersign.lab.stage import LabClock

HOUR = 3600


def set_clock_back(clock: LabClock) -> None:
    """An hour back, for the desk, for the numbering of checkpoints, and for all that this process forks.

    A process that is started anew remembers no number, so this one forgets its last.
    """
    nanoseconds, seconds = time.time_ns, time.time
    clock.move(hours=-1)
    setattr(time, "time_ns", lambda: nanoseconds() - HOUR * 10**9)  # noqa: B010  a constant for everybody else
    setattr(runtime, "time", lambda: seconds() - HOUR)  # noqa: B010  likewise
    setattr(checkpoint_ids, "_last_v6_timestamp", None)  # noqa: B010  likewise
