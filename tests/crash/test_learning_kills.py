"""kill -9 at any point of a learning: a sound model is in use, and the next learning comes to its end."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from countersign.ledger import models
from countersign.ledger.check import check_ledger
from tests.conftest import SteppingClock
from tests.graph.teaching import deliver, label_all, small_desk, taught

POINTS = ("learning.kept", "ledger.promote.before", "ledger.promote.after")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk with few examples."""
    return small_desk(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def labelled_var(prepared_var: Path, desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runtime files with labels that nothing was learnt from yet; never run in."""
    var = Path(shutil.copytree(prepared_var, tmp_path_factory.mktemp("labelled") / "var"))
    with taught(var, desk, SteppingClock()) as runtime:
        label_all(runtime, "double_charge")
    return var


def _learn_and_die(var: Path, desk: Path, point: str) -> None:
    """In a child: learns, and is killed at the point."""

    def kill(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            with taught(var, desk, SteppingClock(), kill) as runtime:
                runtime.triage.learn(by="ines", margin=0.2)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_a_sound_model_answers(
    labelled_var: Path, desk: Path, tmp_path: Path, clock: SteppingClock, point: str
) -> None:
    """Before the transaction the old model is in use, after it the new one; learning again leaves no file behind."""
    var = Path(shutil.copytree(labelled_var, tmp_path / "var"))
    _learn_and_die(var, desk, point)
    promoted = 1 if point == "ledger.promote.after" else 0
    with taught(var, desk, clock) as runtime:
        assert models.in_use(runtime.ledger) == promoted
        assert not any(one.trouble for one in runtime.triage.models())
        assert deliver(runtime, "Where is my parcel? It should be here by now.").requests == ("where_is_my_order",)
        runtime.triage.learn(by="ines", margin=0.2)
        assert models.in_use(runtime.ledger) == 1
        kept = {path.name for path in (var / "triage" / "learnt").iterdir()}
        assert kept == {model.place for model in models.every(runtime.ledger)}
        assert check_ledger(runtime.ledger.file.path) == ()
