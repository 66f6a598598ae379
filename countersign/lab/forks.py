"""Processes that are forked from one that has loaded everything, and killed as the system would kill them.

A child starts in milliseconds. Databases are opened after the fork, never before.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from selectors import EVENT_READ, DefaultSelector
from typing import Any, TypeVar

T = TypeVar("T")
KILLED = "killed"


class KillAt:
    """Kills its own process with SIGKILL at the n-th point that it hears of; 0 never does. It counts them all."""

    def __init__(self, number: int, wanted: Callable[[str], bool] | None = None) -> None:
        self._number, self._wanted = number, wanted
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        """One point was passed."""
        if self._wanted is not None and not self._wanted(name):
            return
        self.names.append(name)
        if len(self.names) == self._number:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self, number: int) -> None:
        """Counts from the beginning again, up to another number."""
        self.names.clear()
        self._number = number


def in_child(work: Callable[[], Any]) -> Any:
    """What the work answers in a process of its own, as JSON; None where it was killed.

    Raises RuntimeError where it failed by itself.
    """
    (told,) = told_by_child(lambda: iter([work()]), None)
    return told


def told_by_child(work: Callable[[], Iterator[Any]], killed: Any = KILLED) -> Iterator[Any]:
    """Each thing that the work tells in a process of its own, as JSON; `killed` is the last where it was killed.

    Raises RuntimeError where it failed by itself.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        end_with(lambda: _tell_all(write, work()))
    os.close(write)
    with os.fdopen(read) as told:
        yield from map(json.loads, told)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        yield killed
    elif status != 0:
        raise RuntimeError("a child failed by itself; its traceback is above")


def shared_out(tasks: Sequence[T], work: Callable[[T], Any], workers: int) -> Iterator[Any]:
    """Each task's answer, as JSON, from so many processes; in the order in which they end.

    Raises RuntimeError where a task failed.
    """
    waiting = DefaultSelector()
    children: list[int] = []
    for worker in range(workers):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C, and ends its workers
            end_with(lambda mine=tasks[worker::workers], out=write: _tell_all(out, map(work, mine)))
        os.close(write)
        children.append(child)
        waiting.register(read, EVENT_READ)
    try:
        yield from _lines(waiting)
    except BaseException:
        _stop(children)
        raise
    # All have closed their side; whoever is not through with ending yet is waited for, or its failure would be missed.
    ended = [os.waitpid(child, 0)[1] for child in children]
    if any(ended):
        raise RuntimeError("a worker failed by itself; its traceback is above")


def _lines(waiting: DefaultSelector) -> Iterator[Any]:
    """Each line of each worker; a worker that has closed its side is done."""
    begun: dict[int, bytes] = {}
    while waiting.get_map():
        for key, _ in waiting.select():
            data = os.read(key.fd, 65536)
            *lines, begun[key.fd] = (begun.get(key.fd, b"") + data).split(b"\n")
            yield from map(json.loads, lines)
            if not data:
                waiting.unregister(key.fd)
                os.close(key.fd)


def _stop(children: Sequence[int]) -> None:
    """Ends those that still run."""
    for child in children:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def _tell_all(out: int, said: Iterator[Any]) -> None:
    for one in said:
        data = (json.dumps(one) + "\n").encode()
        while data:
            data = data[os.write(out, data) :]


def end_with(work: Callable[[], None]) -> None:
    """Does the work and ends this process, whatever comes of it: the parent's code must not run twice."""
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  the parent hears of anything by the exit code
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)
