"""Several people at once: in processes of their own that are let go together, or in threads."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from countersign.lab.forks import end_with

Deed = Callable[[Callable[[], None]], str]
"""What one of them does: gets ready, calls what it is given, goes on when all are ready, and answers what it heard."""


def in_processes(deeds: Sequence[Deed]) -> list[str]:
    """What each deed answers, each in a fork of this process. Raises RuntimeError where one fails by itself."""
    start, tell = os.pipe(), [os.pipe() for _ in deeds]
    children: list[int] = []
    for deed, (_, out) in zip(deeds, tell, strict=True):
        child = os.fork()
        if child == 0:
            os.close(start[1])
            end_with(lambda deed=deed, out=out: _obey(deed, start[0], out))
        children.append(child)
    os.close(start[0])
    ready = [os.read(read, 1) == b"+" for read, _ in tell]
    os.close(start[1])
    for _, out in tell:
        os.close(out)
    said: list[str] = []
    for read, _ in tell:
        with os.fdopen(read) as told:
            said.append(told.read())
    ended = [os.waitpid(child, 0)[1] for child in children]
    if not all(ready) or any(ended):
        raise RuntimeError("a child failed by itself; its traceback is above")
    return said


def in_threads(deeds: Sequence[Deed]) -> list[str]:
    """The same in threads of this process."""
    barrier = Barrier(len(deeds))
    with ThreadPoolExecutor(max_workers=len(deeds)) as pool:
        return [told.result() for told in [pool.submit(deed, lambda: _wait(barrier)) for deed in deeds]]


def _wait(barrier: Barrier) -> None:
    barrier.wait(60)


def _obey(deed: Deed, start: int, out: int) -> None:
    def ready() -> None:
        os.write(out, b"+")
        os.read(start, 1)  # ends when the parent closes its side

    os.write(out, deed(ready).encode())
