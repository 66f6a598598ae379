"""kill -9 between any two steps of a review: the answer counts once or not at all, and can then be given."""

import itertools
import shutil
from pathlib import Path

import pytest

from countersign.domain.review import Approve, Close, Edit, OwnAnswer, Reject, Reply
from countersign.ledger.check import check_ledger
from countersign.runtime import Runtime
from tests.conftest import SteppingClock
from tests.crash.answering import handled, killed_at, reply_of
from tests.crash.forked import preload
from tests.crash.test_kill_points import NEVER, World, boundary, statuses
from tests.graph.reviewing import LOST, SIMON
from tests.messages import message

TENT = "CS-1001"
TENT_LOST = message("m1", SIMON, "Basecamp tent lost, FH-10072", LOST)
OWN = "Hello Simon Hartigan,\n\nthank you for your message. A colleague will write to you about your tent soon."
REFUND = ("refund", "order/FH-10072", 64900)


def step(name: str) -> bool:
    """Node boundaries, the gateway's points, and everything that the answer and what follows from it writes."""
    return boundary(name) or any(part in name for part in ("answer", "verdict", "outcome"))


@pytest.fixture(scope="module")
def ready(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared var folder, in a process that has read everything a child will need."""
    preload(_copy(prepared_var, tmp_path_factory.mktemp("preload") / "var"), [TENT_LOST], SteppingClock())
    return prepared_var


def recover(runtime: Runtime) -> str:
    """What the next run of anything does."""
    from countersign.batch import Batch

    Batch(runtime).run(())
    return ""


@pytest.mark.parametrize(
    ("reply", "end", "writes", "mails", "points"),
    [
        (Approve(), "answered", [REFUND], 1, 20),
        (Edit(body=OWN), "answered", [REFUND], 1, 20),
        (OwnAnswer(text=OWN), "answered", [], 1, 16),
        (Reject(reason="no"), "handed_over", [], 0, 8),
        (Close(), "closed", [], 0, 6),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else "",
)
def test_killed_at_any_step_of_a_review(
    ready: Path,
    tmp_path: Path,
    clock: SteppingClock,
    reply: Reply,
    end: str,
    writes: list[object],
    mails: int,
    points: int,
) -> None:
    """After a kill anywhere the question is open or answered, and ends as if nobody had been killed."""
    asked = _copy(ready, tmp_path / "asked")
    handled(asked, [TENT_LOST], clock)
    assert statuses(asked) == {TENT: "waiting"}
    deed = reply_of(TENT, reply, "ines")
    killed: list[str] = []
    for number in itertools.count(1):
        var = _copy(asked, tmp_path / "var")
        name = killed_at(var, deed, clock, number, step)
        if not name:
            break
        killed.append(name)
        killed_at(var, recover, clock, NEVER, step)
        if statuses(var)[TENT] == "waiting":
            killed_at(var, deed, clock, NEVER, step)
        world = World(var)
        assert statuses(var) == {TENT: end}, f"after a kill at point {number}, {name}"
        assert (world.writes, len(world.mails)) == (writes, mails), f"after a kill at point {number}, {name}"
        assert check_ledger(var / "ledger.db") == (), f"after a kill at point {number}, {name}"
    assert len(killed) >= points, killed


def _copy(source: Path, target: Path) -> Path:
    """A fresh var folder; the model, which nobody writes to, is linked."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("triage"))
    (target / "triage").symlink_to((source / "triage").resolve())
    return target
