"""Runtime files of earlier versions, each with a refund that waits for a person: today's program goes on with them."""

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from countersign.batch import Batch
from countersign.domain.review import Approve, Reject
from countersign.ledger import open_ledger
from countersign.ledger.check import Head, check_ledger, verify
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


def test_chain_of_an_earlier_version_is_sealed(old_var: Path) -> None:
    """The audit's chain is made anew over seals; a head that was noted before is still found, and says so in a row."""
    path = old_var / "ledger.db"
    noted = _last_row(path)
    open_ledger(path).close()
    assert verify(path, noted) == ()
    assert verify(path, Head(noted.seq, "0" * 64))[0].code == "audit.rewritten"
    with closing(sqlite3.connect(path)) as db:
        assert (
            db.execute("SELECT event, body FROM audit WHERE seq = ?", (noted.seq + 1,)).fetchone()[0] == "audit.sealed"
        )
        assert db.execute("SELECT COUNT(*) FROM audit WHERE seal = ''").fetchone() == (0,)
        assert db.execute("SELECT COUNT(*) FROM secrets WHERE length(secret) = 64").fetchone()[0] > 0
    assert check_ledger(path) == ()


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("UPDATE audit SET body = '{}' WHERE seq = 3", {"audit.edited"}),
        ("DELETE FROM audit WHERE seq = 3", {"audit.missing", "audit.order"}),
    ],
)
def test_harm_from_before_is_not_healed(old_var: Path, change: str, codes: set[str]) -> None:
    """Sealing the chain hides nothing: the row that was wrong is named afterwards."""
    path = old_var / "ledger.db"
    with closing(sqlite3.connect(path)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(change)
    open_ledger(path).close()
    assert {problem.code for problem in verify(path)} == codes
    assert {problem.seq for problem in verify(path)} <= {3, 4}


def _last_row(path: Path) -> Head:
    with closing(sqlite3.connect(path)) as db:
        return Head(*db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone())


def test_there_is_something_to_try() -> None:
    """At least one earlier version's files are kept."""
    assert KEPT
