"""One handled mailbox for all tests of the lab."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from countersign.compose import load
from countersign.domain.review import Approve, Reject
from countersign.lab.stage import Stage
from countersign.ledger.export import export_audit
from countersign.runtime import open_runtime
from countersign.settings import Settings, demonstration_desk
from tests.conftest import SteppingClock
from tests.graph.reviewing import LOST, SIMON, say
from tests.messages import message


@dataclass(frozen=True)
class Left:
    """The three files that a run left, as the checker reads them."""

    audit: Path
    provider: Path
    outbox: Path


@pytest.fixture(scope="session")
def handled_var(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four tickets: a small refund by policy, a large one approved by a person, one rejected, one handed over."""
    from countersign.batch import Batch
    from countersign.review import shown

    var = tmp_path_factory.mktemp("lab") / "var"
    shutil.copytree(prepared_var, var)
    with open_runtime(Settings(var=var), clock=SteppingClock()) as runtime:
        order = runtime.deps.shop.order("FH-10005")
        customer = runtime.deps.shop.customer(order.customer) if order else None
        assert customer is not None
        small = (
            "my parcel for order FH-10005 has not moved for more than two weeks. I believe it is lost. I do not need "
            "it any more, please refund me."
        )
        tent = "Basecamp tent lost, FH-10072"
        Batch(runtime).run(
            [
                message("m1", customer.email, "Lost parcel FH-10005", small),
                message("m2", SIMON, tent, LOST),
                message("m3", SIMON, tent, LOST),
                message("m4", SIMON, "Law", "I will take legal action against you."),
            ]
        )
        say(runtime, shown(runtime, "CS-1003"), Reject(reason="a second time"))
        say(runtime, shown(runtime, "CS-1002"), Approve())
    return var


@pytest.fixture
def left(handled_var: Path, tmp_path: Path) -> Left:
    """What that run left, for a test to change."""
    audit = tmp_path / "audit.jsonl"
    audit.write_text("".join(line + "\n" for line in export_audit(handled_var / "ledger.db")), encoding="utf-8")
    shutil.copy(handled_var / "shop.db", tmp_path / "shop.db")
    shutil.copytree(handled_var / "outbox", tmp_path / "outbox")
    return Left(audit, tmp_path / "shop.db", tmp_path / "outbox")


@pytest.fixture(scope="session")
def stage(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The lab's stage on the files that all tests share."""
    folder = tmp_path_factory.mktemp("stage")
    (folder / "prepared").symlink_to(prepared_var)
    return Stage(folder, load(Settings(var=prepared_var, desk=demonstration_desk())))
