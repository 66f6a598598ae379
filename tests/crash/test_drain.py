"""A signal at any step: the step ends and is kept, nothing new begins, and going on ends as if undisturbed."""

import itertools
import os
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path

import pytest

from countersign.batch import Batch
from countersign.cli.drain import drained_by_signals
from countersign.domain.ticket import Message
from countersign.ledger.check import check_ledger
from countersign.ports import Clock
from countersign.runtime import open_runtime, thread_config
from countersign.settings import Settings
from graphs.catalog import NODES
from tests.conftest import SteppingClock
from tests.crash.forked import preload, preloaded, run_once
from tests.crash.test_kill_points import CANCEL, LARGE, World, sample, statuses

PATIENCE = 60.0
"""Seconds after which a signal that nobody heard fails the test."""


class SignalAt:
    """Signals its own process at the n-th start of a node, as Ctrl-C would, and writes down every node that starts."""

    def __init__(self, number: int, log: Path, signals: tuple[signal.Signals, ...]) -> None:
        self._number, self._log, self._signals = number, log, signals
        self.batch: Batch | None = None
        self._passed = itertools.count(1)

    def __call__(self, name: str) -> None:
        """One point was passed."""
        place, _, node = name.partition(" ")
        if place != "before" or node not in NODES:
            return
        passed = next(self._passed)  # one number for each step, whichever of the workers comes to it
        with self._log.open("a", encoding="utf-8") as log:
            log.write(node + "\n")
        if passed == self._number:
            self._signal()

    def _signal(self) -> None:
        """Each signal is heard before the next one is sent; the last of two must end the process in this step."""
        heard = threading.Event()
        for number in self._signals:
            os.kill(os.getpid(), number)
            while self.batch is None or not self.batch.control.drain_requested:
                heard.wait(0.001)
        self._log.with_name("heard").write_text(str(len(self._log.read_text().split())))
        if len(self._signals) > 1:
            heard.wait(PATIENCE)


def signalled(
    var: Path, messages: list[Message], clock: Clock, number: int, *signals: signal.Signals, workers: int = 1
) -> int:
    """One batch in a child that is signalled when its n-th node starts; its exit code, 0 where it drained."""
    child = os.fork()
    if child == 0:
        _in_child(var, messages, clock, SignalAt(number, var / "started", signals), workers)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _in_child(var: Path, messages: list[Message], clock: Clock, on_point: SignalAt, workers: int) -> None:
    code = 1
    try:
        with open_runtime(Settings(var=var), clock=clock, on_point=on_point, loaded=preloaded()) as runtime:
            on_point.batch = Batch(runtime, workers=workers)
            with drained_by_signals(on_point.batch):
                summary = on_point.batch.run(messages)
        (var / "interrupted").write_text("yes" if summary.interrupted else "")
        code = 0
    except BaseException:  # noqa: BLE001  the parent has to hear of anything, and pytest must not see this process
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)


def resume_all(var: Path, clock: Clock) -> None:
    """`countersign resume --all` in this process."""
    with open_runtime(Settings(var=var), clock=clock, loaded=preloaded()) as runtime:
        Batch(runtime).resume()


def begun(var: Path) -> list[str]:
    """The nodes that started, in order."""
    log = var / "started"
    return log.read_text(encoding="utf-8").split() if log.exists() else []


@pytest.fixture(scope="module")
def ready(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared var folder, in a process that has imported everything a child will need."""
    preload(_copy(prepared_var, tmp_path_factory.mktemp("preload") / "var"), sample(CANCEL), SteppingClock())
    return prepared_var


@pytest.mark.parametrize(
    ("mail", "end", "nodes", "number"),
    [(CANCEL, "answered", 12, signal.SIGINT), (LARGE, "waiting", 9, signal.SIGTERM)],
)
def test_drained_at_any_step(
    ready: Path, tmp_path: Path, clock: SteppingClock, mail: str, end: str, nodes: int, number: signal.Signals
) -> None:
    """The step that was running is kept and not run again; the next node has not begun; the end is the same."""
    clean = _copy(ready, tmp_path / "clean")
    run_once(clean, sample(mail), clock)
    expected, drained = World(clean), 0
    for count in itertools.count(1):
        var = _copy(ready, tmp_path / "var")
        assert signalled(var, sample(mail), clock, count, number) == 0
        before = begun(var)
        if not (var / "interrupted").read_text():
            break
        drained += 1
        assert len(before) == count
        (var / "started").unlink()
        if statuses(var)["CS-1001"] == "received":
            with open_runtime(Settings(var=var), clock=clock) as runtime:
                following = runtime.graph.get_state(thread_config("CS-1001")).next
            assert signalled(var, [], clock, 10**9) == 0
            assert begun(var)[0] in following
        resume_all(var, clock)
        assert statuses(var) == {"CS-1001": end}, f"drained in {before[-1]}"
        assert World(var) == expected, f"drained in {before[-1]}"
        assert check_ledger(var / "ledger.db") == ()
    assert drained >= nodes


def test_second_signal_ends_in_the_middle_of_a_step(ready: Path, tmp_path: Path, clock: SteppingClock) -> None:
    """Ctrl-C twice does not wait for the step; what it leaves is put right like any crash, and nothing is doubled."""
    clean = _copy(ready, tmp_path / "clean")
    run_once(clean, sample(CANCEL), clock)
    for count in (1, 5, 9, 10, 12):
        var = _copy(ready, tmp_path / "var")
        assert signalled(var, sample(CANCEL), clock, count, signal.SIGINT, signal.SIGINT) == 130
        assert len(begun(var)) == count
        assert not (var / "interrupted").exists()
        resume_all(var, clock)
        assert (World(var), statuses(var)) == (World(clean), {"CS-1001": "answered"})
        assert check_ledger(var / "ledger.db") == ()


def test_drained_with_several_workers(ready: Path, tmp_path: Path, clock: SteppingClock) -> None:
    """With three tickets under way none begins another step; going on gives every ticket the end it would have had."""
    messages = sample("00*")
    clean = _copy(ready, tmp_path / "clean")
    run_once(clean, messages, clock)
    for count in (1, 8, 20):
        var = _copy(ready, tmp_path / "var")
        assert signalled(var, messages, clock, count, signal.SIGTERM, workers=3) == 0
        assert (var / "interrupted").read_text()
        heard = int((var / "heard").read_text())
        assert len(begun(var)) <= heard + 2, "only the steps that the other two workers were at may still have begun"
        assert "received" in statuses(var).values()
        resume_all(var, clock)
        assert "received" not in statuses(var).values()
        run_once(var, messages, clock)
        assert (World(var), statuses(var)) == (World(clean), statuses(clean))


def _copy(source: Path, target: Path) -> Path:
    """A fresh var folder; the model, which nobody writes to, is linked."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("triage"))
    (target / "triage").symlink_to(source / "triage")
    return target
