"""What a thread costs on disk, and what is given back when it is pruned or deleted."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.channels import DeltaChannel  # pyright: ignore[reportMissingTypeStubs] - it has none
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs] - it has none
from langgraph.types import Command

from checkpoints.saver import ThreadSaver
from tests.unit.saver_graphs import asking, config, open_saver, steps, talk

LINE = 216
"""Characters of a line: as in the trials that the storage targets come from."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "threads.db"


def grow(saver: ThreadSaver, turns: int, thread: str = "t") -> None:
    graph = talk(saver, LINE)
    for number in range(turns):
        graph.invoke({"trail": [f"{number}:".ljust(LINE, "a")]}, config(thread), durability="sync")


def tables(file: Path) -> dict[str, int]:
    """Rows of each table."""
    names = ("checkpoints", "channel_values", "writes", "pieces")
    with closing(sqlite3.connect(file)) as db:
        return {name: db.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in names}


def state_of(saver: ThreadSaver, thread: str) -> list[str]:
    found = saver.get_tuple(config(thread))
    assert found is not None
    return found.checkpoint["channel_values"]["trail"]


def test_a_thread_grows_with_what_is_new(tmp_path: Path) -> None:
    """Twice the turns take about twice the bytes, 200 turns less than 3 MB; the whole history stays readable."""
    sizes: dict[int, int] = {}
    for turns in (50, 100, 200):
        file = tmp_path / f"{turns}.db"
        with open_saver(file) as saver:
            grow(saver, turns)
            assert len(state_of(saver, "t")) == 2 * turns
            lengths = [len(each.checkpoint["channel_values"].get("trail", [])) for each in saver.list(config())]
            assert lengths[0] == 2 * turns
            assert sorted(lengths, reverse=True) == lengths
        sizes[turns] = file.stat().st_size
    assert sizes[200] - sizes[100] < 2.6 * (sizes[100] - sizes[50])
    assert sizes[200] < 3_000_000


def test_a_value_is_stored_once_for_the_write_and_the_channel(file: Path) -> None:
    """What a node wrote and what its channel then holds share their pieces."""
    with open_saver(file) as saver:
        asking(saver).invoke({"answer": "x" * 50_000}, config(), durability="sync")
    assert file.stat().st_size < 4 * 50_000  # the input, and the channel's value with the write


def test_pruning_keeps_the_last_checkpoint_and_what_waits(file: Path) -> None:
    """After pruning, one checkpoint is left, its question is still asked, and the answer goes on from it."""
    with open_saver(file) as saver:
        graph = asking(saver, "q" * 5000)
        graph.invoke({"answer": "a" * 5000}, config(), durability="sync")
        grow(saver, 3, "other")
        before, other = graph.get_state(config()), state_of(saver, "other")
        saver.prune(["t"])
        after = graph.get_state(config())
        assert len(list(saver.list(config()))) == 1
        assert (after.values, after.next, after.interrupts) == (before.values, before.next, before.interrupts)
        assert state_of(saver, "other") == other
        assert graph.invoke(Command(resume="yes"), config())["answer"] == "yes!"


def test_pruning_gives_the_space_back(file: Path) -> None:
    """Nothing that only old checkpoints used is left, and the file is shorter."""
    with open_saver(file) as saver:
        grow(saver, 100)
        expected = state_of(saver, "t")
    size = file.stat().st_size
    with open_saver(file) as saver:
        saver.prune(["t"])
        assert state_of(saver, "t") == expected
    rows = tables(file)
    assert (rows["checkpoints"], rows["channel_values"], rows["writes"]) == (1, 1, 0)
    assert rows["pieces"] == -(-200 * (LINE + 2) // 2048)
    assert file.stat().st_size < size / 5


def by_deleting(saver: ThreadSaver) -> None:
    saver.delete_thread("t")


def by_pruning(saver: ThreadSaver) -> None:
    saver.prune(["t"], strategy="delete")


@pytest.mark.parametrize("delete", [by_deleting, by_pruning])
def test_a_deleted_thread_leaves_no_byte(file: Path, delete: Callable[[ThreadSaver], None]) -> None:
    """Its rows are gone, its text is nowhere in the file, and the space is given back."""
    with open_saver(file) as saver:
        saver.copy_thread("nobody", "t")
        empty = tables(file)
        grow(saver, 30)
        delete(saver)
    assert tables(file) == empty
    assert b"a" * 50 not in file.read_bytes()
    assert file.stat().st_size < 100_000


def test_deleting_a_run_keeps_what_others_need(file: Path) -> None:
    """The later run's checkpoints go with their values; the earlier run's state is the thread's state again."""
    with open_saver(file) as saver:
        graph = talk(saver, LINE)
        for run in ("one", "two"):
            graph.invoke({"trail": [run.ljust(LINE)]}, {**config(), "metadata": {"run_id": run}}, durability="sync")
            if run == "one":
                first, rows = state_of(saver, "t"), tables(file)
        saver.delete_for_runs(["two", "never"])
        assert state_of(saver, "t") == first  # pyright: ignore[reportPossiblyUnboundVariable] - the first run set it
        assert tables(file) == rows  # pyright: ignore[reportPossiblyUnboundVariable] - the first run set it
        saver.delete_for_runs(["one"])
        assert saver.get_tuple(config()) is None
    assert set(tables(file).values()) == {0}


def test_a_copied_thread_lives_on_its_own(file: Path) -> None:
    """The copy has every checkpoint, goes on by itself, and survives the first one's deletion."""
    with open_saver(file) as saver:
        grow(saver, 5)
        saver.copy_thread("t", "u")
        saver.copy_thread("t", "u")
        expected = state_of(saver, "t")
        saver.delete_thread("t")
        assert state_of(saver, "u") == expected
        grow(saver, 1, "u")
        assert len(state_of(saver, "u")) == len(expected) + 2


class Deltas(TypedDict, total=False):
    """State with a channel that is stored as what was added to it."""

    lines: Annotated[list[str], DeltaChannel(lambda old, new: [*old, *(line for each in new for line in each)])]
    turn: int


def deltas(saver: ThreadSaver) -> Any:
    builder: Any = StateGraph(Deltas)

    def add(state: Deltas) -> Deltas:
        return {"lines": [f"line {state.get('turn')}"]}

    builder.add_node("add", add)
    builder.add_edge(START, "add")
    builder.add_edge("add", END)
    return builder.compile(checkpointer=saver)


def test_pruning_keeps_what_a_delta_channel_is_rebuilt_from(file: Path) -> None:
    """A channel that is stored as additions is the same after pruning, and grows on."""
    with open_saver(file) as saver:
        graph = deltas(saver)
        for turn in range(4):
            graph.invoke({"turn": turn}, config(), durability="sync")
        saver.prune(["t"])
        assert graph.get_state(config()).values["lines"] == [f"line {turn}" for turn in range(4)]
        graph.invoke({"turn": 4}, config(), durability="sync")
        assert len(graph.get_state(config()).values["lines"]) == 5


def test_pruning_goes_back_no_further_than_the_thread_does(file: Path) -> None:
    """A thread whose oldest checkpoint was deleted is pruned like any other."""
    with open_saver(file) as saver:
        graph = deltas(saver)
        graph.invoke({"turn": 0}, {**config(), "metadata": {"run_id": "one"}}, durability="sync")
        graph.invoke({"turn": 1}, {**config(), "metadata": {"run_id": "two"}}, durability="sync")
        saver.delete_for_runs(["one"])
        left = len(list(saver.list(config())))
        saver.prune(["t"])
        assert len(list(saver.list(config()))) == left


def test_unchanged_steps_cost_no_values(file: Path) -> None:
    """A step that writes a short text adds no row for the channels that it left alone."""
    with open_saver(file) as saver:
        steps(saver, 10).invoke({"trail": []}, config(), durability="sync")
        with_steps = tables(file)
    assert with_steps["channel_values"] == 1 + 10 + 1  # the input, and the trail at its start and after each step
