"""People who answer reviews in processes of their own: together, or killed on the way."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from countersign.batch import Batch
from countersign.domain.errors import RejectedError
from countersign.domain.review import Reply
from countersign.domain.ticket import Message
from countersign.ports import Clock
from countersign.review import answer, shown
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from tests.crash.forked import KillAt, Wanted, preloaded

Deed = Callable[[Runtime], str]
"""What a process does with an open desk; its answer is told to the parent."""


def handled(var: Path, messages: Sequence[Message], clock: Clock, desk: Path | None = None) -> None:
    """One batch in this process."""
    with open_runtime(Settings(var=var, desk=desk), clock=clock) as runtime:
        Batch(runtime).run(messages)


def reply_of(ticket: str, reply: Reply, person: str, digest: str = "") -> Deed:
    """Answers what is shown, or what was shown then: how the ticket stands, or the refusal's code and text."""

    def deed(runtime: Runtime) -> str:
        try:
            return answer(runtime, ticket, reply, person, digest or shown(runtime, ticket).digest).status
        except RejectedError as error:
            return f"{error.full_code}: {error.message}"

    return deed


def together(var: Path, deeds: Sequence[Deed], clock: Clock, desk: Path | None = None) -> list[str]:
    """Each deed in a process of its own, all let go at once when every desk is open."""
    start, tell = os.pipe(), [os.pipe() for _ in deeds]
    children: list[int] = []
    for deed, (_, out) in zip(deeds, tell, strict=True):
        child = os.fork()
        if child == 0:
            os.close(start[1])
            _in_child(lambda out=out, deed=deed: _obey(var, deed, clock, desk, start[0], out))
        children.append(child)
    os.close(start[0])
    for ready, _ in tell:
        if os.read(ready, 1) != b"+":
            raise RuntimeError("a child could not open the desk")
    os.close(start[1])
    for _, out in tell:
        os.close(out)
    said = [os.fdopen(read).read() for read, _ in tell]
    for child in children:
        os.waitpid(child, 0)
    return said


def killed_at(var: Path, deed: Deed, clock: Clock, number: int, wanted: Wanted) -> str:
    """The deed in a process that is killed at point `number`; the point's name, or nothing where it finished."""
    log = var / "killed-at"
    log.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _in_child(lambda: _do(var, deed, clock, KillAt(number, wanted, log)))
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError("the child failed by itself; its traceback is above")
    return log.read_text() if log.exists() else ""


def _do(var: Path, deed: Deed, clock: Clock, on_point: Callable[[str], None]) -> None:
    with open_runtime(Settings(var=var), clock=clock, on_point=on_point, loaded=preloaded()) as runtime:
        deed(runtime)


def _obey(var: Path, deed: Deed, clock: Clock, desk: Path | None, start: int, out: int) -> None:
    with open_runtime(Settings(var=var, desk=desk), clock=clock, loaded=None if desk else preloaded()) as runtime:
        os.write(out, b"+")
        os.read(start, 1)  # ends when the parent closes its side
        os.write(out, deed(runtime).encode())


def _in_child(work: Callable[[], None]) -> None:
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  the parent has to hear of anything, and pytest must not see this process
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)
