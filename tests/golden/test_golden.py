"""Runtime files of earlier versions, each with a refund that waits for a person: today's program goes on with them."""

import tarfile
from pathlib import Path

import pytest

from countersign.batch import Batch
from countersign.domain.review import Approve, Reject
from countersign.ledger.check import check_ledger
from countersign.ledger.read import timeline
from countersign.review import shown
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from tests.conftest import SteppingClock
from tests.graph.reviewing import refunds, say

KEPT = sorted(Path(__file__).parent.glob("ledger-*.tar.gz"))
TENT = "CS-1001"


@pytest.fixture(params=KEPT, ids=lambda path: path.name.partition(".")[0])
def old_var(request: pytest.FixtureRequest, var: Path) -> Path:
    """The files of an earlier version: ledger, anchor, threads and blobs; the shop is as it was then."""
    with tarfile.open(request.param) as kept:
        kept.extractall(var, filter="data")
    return var


def approve_what_is_asked(runtime: Runtime) -> str:
    """A lead says yes; where the program now sees it otherwise, it asks once more, and they say yes to that."""
    for _ in range(2):
        asked = shown(runtime, TENT)
        if say(runtime, asked, Approve()).status == "answered":
            break
    return runtime.ticket(TENT).status


def test_waiting_ticket_of_an_earlier_version_goes_on(old_var: Path, clock: SteppingClock) -> None:
    """It still waits, nothing is lost or done unasked, and what a person approves happens once."""
    with open_runtime(Settings(var=old_var), clock=clock) as runtime:
        Batch(runtime).resume()
        assert (runtime.ticket(TENT).status, refunds(runtime)) == ("waiting", [])
        assert approve_what_is_asked(runtime) == "answered"
        assert refunds(runtime) == [64900]
        assert runtime.ledger.effect_counts() == (1, 1)
        events = [event.event for event in timeline(runtime.ledger, TENT)]
        assert events.count("effect.done") == 2
    assert check_ledger(old_var / "ledger.db") == ()


def test_rejection_counts_in_an_earlier_versions_ticket(old_var: Path, clock: SteppingClock) -> None:
    """A no to a question that an earlier version asked is a no."""
    with open_runtime(Settings(var=old_var), clock=clock) as runtime:
        assert say(runtime, shown(runtime, TENT), Reject(reason="it was found")).status == "handed_over"
        assert refunds(runtime) == []


def test_there_is_something_to_try() -> None:
    """At least one earlier version's files are kept."""
    assert KEPT
