"""The lab's long runs, a small part of each: the full ones are commands."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from countersign.lab import chaos, crash, forks, operations, scenarios
from countersign.lab.stage import Stage
from tools.catalog import CONTRACTS


def unheard(_done: int, _all: int) -> None:
    """Nobody watches the progress."""


def test_scenarios_come_to_every_kind_of_effect() -> None:
    """Nothing that the desk may do is left out of the matrix."""
    assert {kind for one in scenarios.SCENARIOS for kind in one.effects} == set(CONTRACTS)


def test_every_scenario_comes_to_its_effects(stage: Stage) -> None:
    """With nothing killed, each mail leads where the matrix wants to break in: the long run must not find out first."""
    crash.load_all(stage)
    assert all(crash.course(stage, scenario).points for scenario in scenarios.SCENARIOS)


def test_a_sample_of_the_crash_matrix_survives(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed once and twice in the middle of two scenarios, one of which takes a step back: the world is the same."""
    monkeypatch.setattr(crash, "SCENARIOS", (scenarios.SCENARIOS[0], scenarios.SCENARIOS[-1]))
    told: list[tuple[int, int]] = []
    matrix = crash.run_matrix(
        stage,
        singles=12,
        doubles=6,
        seed=3,
        workers=2,
        heard=lambda done, all_of_them: told.append((done, all_of_them)),
    )
    assert [ending.killed for ending in matrix.failures] == []
    assert (matrix.ok, matrix.tallies["single"].tried, told[-1]) == (True, 12, (12, 12))
    assert 0 < matrix.tallies["double"].tried <= 6
    assert json.loads(json.dumps(matrix.plain()))["single"]["bound_95"] == pytest.approx(0.2209, abs=1e-4)


def test_what_is_lost_or_done_twice_is_counted() -> None:
    """An ending that differs from the undisturbed one is a failure, and says how."""
    matrix = crash.Matrix(1)
    for lost, twice in (((), ()), (("refund order/X 100",), ()), ((), ("send_reply ticket/X",))):
        matrix.add(crash.Ending("one", "single", ("before claim",), lost, twice, ()))
    tally = matrix.tallies["single"]
    assert (tally.tried, tally.survived, tally.lost, tally.duplicated) == (3, 1, 1, 1)
    assert not matrix.ok


def test_a_sample_of_chaos_breaks_no_promise(stage: Stage) -> None:
    """A few episodes; the same seed is the same plan."""
    found = chaos.run_chaos(stage, episodes=3, seed=7, workers=2, heard=unheard)
    assert found.violations == []
    assert (found.episodes, found.survived) == (3, 3)
    assert found.activity["effects"] > 0
    assert list(chaos.steps(7, 1)) == list(chaos.steps(7, 1)) != list(chaos.steps(8, 1))


def test_chaos_in_which_nothing_happens_proves_nothing() -> None:
    """Episodes without effects are no success."""
    idle = chaos.Chaos(seed=1)
    idle.add({"violations": [], "done": {}, "ends": {}, "activity": {"effects": 0, "people": 0}})
    assert not idle.ok


def test_every_operation_is_drawn() -> None:
    """A thousand episodes leave nothing out that can be done."""
    drawn = {name for episode in range(1, 1001) for step in chaos.steps(7, episode) for name in step.names}
    assert drawn == set(operations.OPERATIONS)


def test_a_killed_child_is_told_apart_from_one_that_failed() -> None:
    """SIGKILL is what was wanted; a traceback is not."""

    def two() -> Iterator[int]:
        yield 1
        forks.KillAt(1)("here")
        yield 2

    assert list(forks.told_by_child(two)) == [1, forks.KILLED]
    assert forks.in_child(lambda: {"a": 1}) == {"a": 1}
    with pytest.raises(RuntimeError, match="failed by itself"):
        forks.in_child(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="failed by itself"):
        list(forks.shared_out([1, 2], lambda number: 1 // (number - 1), 2))


def test_commands_refuse_nonsense() -> None:
    """No episode is no run."""
    from countersign.cli.app import app, register

    register()
    assert CliRunner().invoke(app, ["lab", "chaos", "--episodes", "0"]).exit_code == 2
