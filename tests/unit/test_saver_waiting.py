"""Who waits is read from the file alone, and agrees with what the graph says."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import ormsgpack
import pytest
from langgraph.types import Command

from checkpoints.pieces import checksum
from checkpoints.thread import thread_id
from checkpoints.waiting import Waiting, waiting
from countersign.domain.errors import StorageError
from tests.unit.saver_graphs import Case, Line, Mood, asking, config, open_saver, steps
from tests.unit.test_saver_state import NOON

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "threads.db"


def ids(file: Path) -> dict[str, list[str]]:
    return {each.thread_id: [asked.interrupt_id for asked in each.asked()] for each in waiting(file)}


def test_who_waits_agrees_with_the_graph(file: Path) -> None:
    """Threads with an open question are listed, oldest first, with the ids a resume needs; others are not."""
    with open_saver(file) as saver:
        graph: Any = asking(saver)
        for thread in ("b", "a", "c"):
            graph.invoke({}, config(thread), durability="sync")
        steps(saver, 2).invoke({"trail": []}, config("done"), durability="sync")
        expected = {each: [one.id for one in graph.get_state(config(each)).interrupts] for each in ("b", "a", "c")}
        assert ids(file) == expected
        assert list(ids(file)) == ["b", "a", "c"]
        graph.invoke(Command(resume={expected["a"][0]: "yes"}), config("a"), durability="sync")
        assert list(ids(file)) == ["b", "c"]


def test_an_answered_question_no_longer_waits(file: Path) -> None:
    """A task that was answered and has finished is not listed, though the step's checkpoint is not written yet."""

    def stop(point: str) -> None:
        nonlocal answered
        answered += point == "put_writes.after"
        if answered == 2:  # the answer, then what the node made of it
            raise KeyboardInterrupt

    answered = -10
    with open_saver(file, on_point=stop) as saver:
        graph = asking(saver)
        graph.invoke({}, config(), durability="sync")
        assert list(ids(file)) == ["t"]
        answered = 0
        with pytest.raises(KeyboardInterrupt):
            graph.invoke(Command(resume="yes"), config(), durability="sync")
    assert ids(file) == {}


def test_a_question_is_read_as_plain_data(file: Path) -> None:
    """Models, enums, times and ids in a question come as text, numbers, lists and dicts, with no class built."""
    case = Case(mood=Mood.ANGRY, at=NOON, lines=(Line(sku="A", amounts=(1, 2)),))
    question = {"case": case, "at": NOON, "mood": Mood.CALM, "id": UUID(int=5), "long": "x" * 5000}
    with open_saver(file) as saver:
        asking(saver, question).invoke({}, config(), durability="sync")
    [found] = waiting(file)
    [asked] = found.asked()
    assert asked.value == {
        "case": {"mood": "angry", "at": NOON.isoformat(), "lines": [{"sku": "A", "amounts": [1, 2]}]},
        "at": NOON.isoformat(),
        "mood": "calm",
        "id": UUID(int=5).hex,
        "long": "x" * 5000,
    }


def test_what_is_no_question_is_told() -> None:
    """Bytes that are whole but no list of interrupts give `storage.corrupt`."""
    for value in (5, [5], [{"value": 1}], ormsgpack.Ext(7, ormsgpack.packb(1))):
        data = ormsgpack.packb(value)
        found = Waiting("t", "1", "task", ("tuple", data), checksum("tuple", data))
        with pytest.raises(StorageError, match="thread t") as raised:
            found.asked()
        assert raised.value.full_code == "storage.corrupt"


def test_nobody_waits_where_there_is_no_file(file: Path) -> None:
    """A desk that has not run yet has an empty list, and no file is made for it."""
    assert waiting(file) == []
    assert not file.exists()


def test_reading_the_list_loads_no_langgraph(file: Path) -> None:
    """The inbox stays light: neither langgraph nor langchain is imported for it."""
    with open_saver(file) as saver:
        asking(saver).invoke({}, config(), durability="sync")
    script = """
import sys
from pathlib import Path
from checkpoints.thread import thread_id
from checkpoints.waiting import waiting
print(waiting(Path(sys.argv[1]))[0].asked()[0].value, [name for name in sys.modules if name.startswith("lang")])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "go on? []\n"


def test_a_tickets_thread_is_the_same_everywhere() -> None:
    """The id is a UUID that depends on the ticket alone; this value is a storage format."""
    assert thread_id("CS-1001") == "07069fdf-fbc7-5db5-9539-e97606d48598"
    assert UUID(thread_id("CS-1001")).version == 5
    assert thread_id("CS-1002") != thread_id("CS-1001")
