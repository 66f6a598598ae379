"""What signals do to a batch: the first one drains it, the second ends the process where it stands."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from countersign.batch import Batch

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAID = b"\nStopping: each running step ends and is kept. Once more ends it at once.\n"
_SHOW_CURSOR = b"\x1b[?25h\n"


@contextmanager
def drained_by_signals(batch: "Batch") -> Generator[None]:
    """Ctrl-C and SIGTERM drain the batch for the length of the block; a signal that was ignored stays ignored."""
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(number: int, _frame: FrameType | None) -> None:
        if batch.control.drain_requested:
            _end_at_once(number)
        os.write(2, _SAID)
        batch.interrupt(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once(number: int) -> None:
    """Nothing is put away: files and ledger are right at any moment, as after a power cut."""
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)
    os._exit(128 + number)
