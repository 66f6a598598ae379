"""Runs a desk in a forked child that kills itself at a numbered point; files are opened after the fork."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from countersign.batch import Batch, Summary
from countersign.domain.ticket import Message
from countersign.ports import Clock
from countersign.runtime import open_runtime
from countersign.settings import Settings

if TYPE_CHECKING:
    from countersign.compose import Loaded

Wanted = Callable[[str], bool]


_PRELOADED: list["Loaded"] = []
"""What the parent has read of the desk, for its children."""


class KillAt:
    """Kills its own process, as the system would, at the n-th point of those wanted; counts them all."""

    def __init__(self, number: int, wanted: Wanted, log: Path) -> None:
        self._number, self._wanted, self._log = number, wanted, log
        self._passed = 0

    def __call__(self, name: str) -> None:
        """One point was passed."""
        if not self._wanted(name):
            return
        self._passed += 1
        if self._passed == self._number:
            self._log.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)


def run_once(
    var: Path, messages: list[Message], clock: Clock, on_point: Callable[[str], None] | None = None
) -> Summary:
    """One batch in this process."""
    with open_runtime(Settings(var=var), clock=clock, on_point=on_point, loaded=preloaded()) as runtime:
        return Batch(runtime).run(messages)


def preload(var: Path, messages: list[Message], clock: Clock) -> None:
    """Pays for every import and cache in this process, so that each child starts in milliseconds; `var` is used up."""
    from countersign.compose import load

    _PRELOADED[:] = [load(Settings(var=var))]
    run_once(var, messages, clock)


def preloaded() -> "Loaded | None":
    """What `preload` has read of the demonstration's desk; without it, each child reads it for itself."""
    return _PRELOADED[0] if _PRELOADED else None


def run_forked(var: Path, messages: list[Message], clock: Clock, number: int, wanted: Wanted) -> str:
    """One batch in a child that is killed at point `number`; answers the point's name, or nothing where it finished.

    Raises RuntimeError where the child failed instead of being killed.
    """
    log = var / "killed-at"
    log.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _in_child(var, messages, clock, KillAt(number, wanted, log))
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError("the child failed by itself; its traceback is above")
    return log.read_text() if log.exists() else ""


def _in_child(var: Path, messages: list[Message], clock: Clock, on_point: KillAt) -> None:
    code = 1
    try:
        run_once(var, messages, clock, on_point)
        code = 0
    except BaseException:  # noqa: BLE001  the parent has to hear of anything, and pytest must not see this process
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)
