"""kill -9 anywhere, start again: every ticket ends in one state, nothing happens twice, nothing is lost."""

import io
import itertools
import shutil
import tempfile
from pathlib import Path

import pytest

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.mail import read_sources
from countersign.adapters.shop import open_shop
from countersign.domain.desk import MailSettings
from countersign.domain.ticket import Message
from countersign.ledger import open_ledger
from countersign.ledger.check import check_ledger
from tests.conftest import SteppingClock
from tests.crash.forked import preload, run_forked

SHARE = 2
"""Each road's points are tested in this many parts, so that workers can share them."""
NEVER = 10**9


CANCEL, LARGE, LEGAL = "019-*", "100-*", "111-*"
"""Sample mails: two effects and a reply; a wait for a person; a hand-over."""


def sample(*patterns: str) -> list[Message]:
    """Sample messages, parsed in this process so that a child has nothing to parse."""
    folder = Path(__file__).resolve().parents[2] / "desk" / "mail"
    mail = MailSettings(address="support@fernhill.example", name="Fernhill", trusted_authserv=("mx.fernhill.example",))
    with tempfile.TemporaryDirectory() as blobs:
        sources = [str(path) for pattern in patterns for path in sorted(folder.glob(pattern))]
        items = list(read_sources(sources, FolderBlobs(Path(blobs)), mail, io.BytesIO()))
    return [item for item in items if isinstance(item, Message)]


class World:
    """What stands outside the desk: the shop's own record of writes, and the outbox's files."""

    def __init__(self, var: Path) -> None:
        shop = open_shop(f"sqlite:///{var / 'shop.db'}")
        self.writes = sorted((receipt.kind, receipt.target, receipt.amount) for receipt in shop.writes())
        shop.close()
        self.mails = sorted(path.name for path in (var / "outbox").rglob("*") if path.is_file())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, World) and (self.writes, self.mails) == (other.writes, other.mails)

    def __repr__(self) -> str:
        return f"World(writes={self.writes}, mails={len(self.mails)})"


def statuses(var: Path) -> dict[str, str]:
    """How each ticket stands in the ledger."""
    ledger = open_ledger(var / "ledger.db")
    found: dict[str, str] = {}
    number = 1001
    while (ticket := ledger.ticket(f"CS-{number}")) is not None:
        found[ticket.id], number = ticket.status, number + 1
    ledger.close()
    return found


def boundary(name: str) -> bool:
    """The points at every node boundary and inside the gateway."""
    return name.startswith(("before ", "after ")) or any(part in name for part in ("claim", "settle", "accept"))


@pytest.fixture(scope="module")
def preloaded(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared var folder, in a process that has imported everything a child will need."""
    preload(_copy(prepared_var, tmp_path_factory.mktemp("preload") / "var"), sample(CANCEL), SteppingClock())
    return prepared_var


@pytest.mark.parametrize("part", range(SHARE))
@pytest.mark.parametrize(
    ("mail", "end", "effects", "points"),
    [(CANCEL, "answered", 3, 40), (LARGE, "waiting", 0, 20), (LEGAL, "handed_over", 0, 12)],
)
def test_killed_at_any_boundary_nothing_is_lost_or_done_twice(
    preloaded: Path, tmp_path: Path, clock: SteppingClock, mail: str, end: str, effects: int, points: int, part: int
) -> None:
    """Killed at any node boundary or point of the gateway, the same command afterwards ends as if undisturbed."""
    messages = sample(mail)
    clean = _copy(preloaded, tmp_path / "clean")
    assert run_forked(clean, messages, clock, NEVER, boundary) == ""
    expected = World(clean)
    assert statuses(clean) == {"CS-1001": end}
    assert len(expected.writes) + len(expected.mails) == effects
    killed: list[str] = []
    for number in itertools.count(part + 1, SHARE):
        var = _copy(preloaded, tmp_path / "var")
        name = run_forked(var, messages, clock, number, boundary)
        if not name:
            break
        killed.append(name)
        assert run_forked(var, messages, clock, NEVER, boundary) == ""
        assert World(var) == expected, f"after a kill at point {number}, {name}"
        assert statuses(var) == {"CS-1001": end}, f"after a kill at point {number}, {name}"
        assert check_ledger(var / "ledger.db") == (), f"after a kill at point {number}, {name}"
    assert len(killed) * SHARE >= points, killed


def test_killed_before_a_checkpoint_the_turn_goes_on_where_it_was(
    preloaded: Path, tmp_path: Path, clock: SteppingClock
) -> None:
    """A step's writes are kept and the checkpoint after it is not: nothing is read anew, no other plan is made."""
    messages = sample(CANCEL)
    clean = _copy(preloaded, tmp_path / "clean")
    run_forked(clean, messages, clock, NEVER, checkpointed)
    expected = World(clean)
    numbers = itertools.count(1)
    for number in numbers:
        var = _copy(preloaded, tmp_path / "var")
        if not run_forked(var, messages, clock, number, checkpointed):
            break
        run_forked(var, messages, clock, NEVER, checkpointed)
        assert (World(var), statuses(var)) == (expected, {"CS-1001": "answered"}), (
            f"after a kill at checkpoint {number}"
        )
    assert next(numbers) > 12


def checkpointed(name: str) -> bool:
    """The points before a checkpoint is written."""
    return name == "put.before"


def test_killed_twice_in_a_row_nothing_is_lost_or_done_twice(
    preloaded: Path, tmp_path: Path, clock: SteppingClock
) -> None:
    """A second kill during recovery changes nothing either; a spread of pairs of points is tried."""
    messages = sample(CANCEL)
    clean = _copy(preloaded, tmp_path / "clean")
    run_forked(clean, messages, clock, NEVER, boundary)
    expected = World(clean)
    for first, second in ((7, 3), (19, 1), (23, 2), (25, 2), (27, 1), (29, 3), (31, 2), (33, 1), (35, 4), (40, 2)):
        var = _copy(preloaded, tmp_path / "var")
        run_forked(var, messages, clock, first, boundary)
        run_forked(var, messages, clock, second, boundary)
        assert run_forked(var, messages, clock, NEVER, boundary) == ""
        assert World(var) == expected, f"after kills at points {first} and {second}"


def _copy(source: Path, target: Path) -> Path:
    """A fresh var folder; the model, which nobody writes to, is linked."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("triage"))
    (target / "triage").symlink_to(source / "triage")
    return target
