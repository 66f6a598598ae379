"""One saver object, for sync and async callers, many threads and several processes."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.types import Command

from checkpoints.saver import ThreadSaver
from countersign.domain.errors import MisuseError, StorageError
from tests.unit.saver_graphs import Mood, asking, config, open_saver, steps

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "threads" / "threads.db"


def run(*arguments: str | Path) -> None:
    """Another process on the same file, which has to succeed."""
    subprocess.run([sys.executable, "-m", "tests.unit.saver_process", *map(str, arguments)], cwd=ROOT, check=True)


def trail(saver: ThreadSaver, thread: str) -> list[str]:
    found = saver.get_tuple(config(thread))
    assert found is not None
    return found.checkpoint["channel_values"]["trail"]


def names(count: int) -> list[str]:
    return [f"s{number}" for number in range(count)]


async def test_sync_and_async_callers_share_one_object(file: Path) -> None:
    """What one side writes the other reads and goes on with, in a running event loop as well."""
    async with open_saver(file) as saver:
        graph = asking(saver)
        await graph.ainvoke({}, config("a"), durability="sync")
        graph.invoke({}, config("b"), durability="sync")
        assert graph.get_state(config("a")).next == ("ask",)
        assert (await graph.aget_state(config("b"))).next == ("ask",)
        assert graph.invoke(Command(resume="yes"), config("a"))["answer"] == "yes!"
        assert (await graph.ainvoke(Command(resume="no"), config("b")))["answer"] == "no!"
        listed = [each.checkpoint["id"] async for each in saver.alist(config("a"))]
        assert listed == [each.checkpoint["id"] for each in saver.list(config("a"))]


async def test_async_calls_do_not_hold_up_the_event_loop(file: Path) -> None:
    """While another process holds the file, the loop goes on; when it lets go, the write is done."""
    async with open_saver(file) as saver:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.create_task(saver.aput(config(), empty_checkpoint(), {"source": "input"}, {}))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not write.done()
        other.execute("COMMIT")
        other.close()
        assert await saver.aget_tuple(await write) is not None


async def test_async_methods_do_what_their_sync_ones_do(file: Path) -> None:
    """Deleting, copying and pruning from async code reaches the same file."""
    async with open_saver(file) as saver:
        await steps(saver, 3).ainvoke({"trail": []}, config("a"), durability="sync")
        await saver.acopy_thread("a", "b")
        await saver.aprune(["b"])
        assert [len(list(saver.list(config(thread)))) for thread in "ab"] == [5, 1]
        await saver.adelete_thread("a")
        assert await saver.aget_tuple(config("a")) is None
        assert trail(saver, "b") == names(3)


def test_eight_threads_take_fifty_steps_each(file: Path) -> None:
    """Concurrent threads neither lose nor mix up a step."""
    with open_saver(file) as saver:
        graph = steps(saver, 50)

        def work(number: int) -> None:
            graph.invoke({"trail": []}, {**config(f"t{number}"), "recursion_limit": 100}, durability="sync")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        for number in range(8):
            assert trail(saver, f"t{number}") == names(50)
            assert len(list(saver.list(config(f"t{number}")))) == 52


def test_two_processes_write_one_file(file: Path) -> None:
    """Processes take turns on the file, from its making on, without an error and without a loss."""

    def work(prefix: str) -> None:
        run("many", file, prefix, "5", "4")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, "ab"))
    with open_saver(file) as saver:
        assert all(trail(saver, f"{prefix}{number}") == names(4) for prefix in "ab" for number in range(5))


def test_another_process_resumes_what_was_interrupted(file: Path) -> None:
    """A question asked in one process is answered in another, with the typed state intact."""
    run("ask", file, "t")
    with open_saver(file) as saver:
        graph = asking(saver)
        assert [each.value for each in graph.get_state(config()).interrupts] == ["go on?"]
        assert graph.invoke(Command(resume="yes"), config()) == {"mood": Mood.ANGRY, "answer": "yes!"}


def test_a_killed_run_goes_on_where_it_was(file: Path) -> None:
    """Wherever around a commit the process is killed, the next one finishes every step, each once in state."""
    points: list[str] = []
    with open_saver(file, on_point=points.append) as saver:
        steps(saver, 2).invoke({"trail": []}, config("whole"), durability="sync")
    run("killed", file, "2", str(len(points)))
    with open_saver(file) as saver:
        graph = steps(saver, 2)
        for thread in (f"t{kill_at}" for kill_at in range(1, len(points) + 1)):
            started = saver.get_tuple(config(thread)) is not None
            graph.invoke(None if started else {"trail": []}, config(thread), durability="sync")
            assert trail(saver, thread) == names(2)
            assert graph.get_state(config(thread)).next == ()
    assert len(points) >= 2 * (4 + 2)  # four checkpoints and two nodes' writes, before and after


def test_the_fault_hook_is_called_around_every_commit(file: Path) -> None:
    """Each operation names its point before and after; an error raised before it leaves nothing behind."""
    points: list[str] = []
    with open_saver(file, on_point=points.append) as saver:
        saver.put(config(), empty_checkpoint(), {"source": "input"}, {})
        saver.put_writes(config("t", checkpoint_id="1"), [("a", 1)], "task")
        saver.copy_thread("t", "u")
        saver.prune(["t"])
        saver.delete_for_runs(["r"])
        saver.delete_thread("t")
    operations = ("put", "put_writes", "copy_thread", "prune", "delete_for_runs", "delete_thread")
    assert points == [f"{each}.{when}" for each in operations for when in ("before", "after")]

    def fail(_point: str) -> None:
        raise RuntimeError("stop")

    with open_saver(file, on_point=fail) as saver:
        with pytest.raises(RuntimeError, match="stop"):
            saver.put(config("v"), empty_checkpoint(), {"source": "input"}, {})
        assert saver.get_tuple(config("v")) is None


async def test_closing_leaves_no_thread_and_refuses_further_use(file: Path) -> None:
    """After close, no worker thread is left and every use, also through a compiled graph, says so."""
    before = set(threading.enumerate())
    async with open_saver(file) as saver:
        graph = steps(saver, 1)
        await graph.ainvoke({"trail": []}, config())
    left = [each for each in threading.enumerate() if each not in before and each.name.startswith("checkpoints")]
    assert left == []
    saver.close()
    for use in (lambda: saver.get_tuple(config()), lambda: graph.get_state(config())):
        with pytest.raises(StorageError, match="closed") as raised:
            use()
        assert raised.value.full_code == "storage.closed"
    with pytest.raises(StorageError, match="closed"):
        await saver.aget_tuple(config())


def test_a_forgotten_close_does_not_keep_the_process(file: Path) -> None:
    """A process that used the async side and never closed the saver ends by itself."""
    script = """
import asyncio
from checkpoints.strict import enable_strict
enable_strict()
from pathlib import Path
import sys
from tests.unit.saver_graphs import config, open_saver
saver = open_saver(Path(sys.argv[1]))
print(asyncio.run(saver.aget_tuple(config())))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "None\n"


def test_listing_filters_by_metadata(file: Path) -> None:
    """Metadata of every JSON kind can be asked for, and a key with a dot means that key."""
    found: dict[str, Any] = {"text": "it's", "number": 2, "flag": True, "dotted.key": "d", "map": {"a": [1]}}
    with open_saver(file) as saver:
        saver.put(config("a"), empty_checkpoint(), {"source": "input", **found}, {})  # pyright: ignore[reportArgumentType] - keys of our own
        saver.put(config("b"), empty_checkpoint(), {"source": "loop"}, {})

        def threads(**wanted: Any) -> list[str]:
            listed = saver.list(None, filter=wanted)
            return [each.config.get("configurable", {})["thread_id"] for each in listed]

        assert all(threads(**{key: value}) == ["a"] for key, value in found.items())
        assert threads(text="its") == []
        assert threads(number=None) == ["b"]
        assert sorted(threads()) == ["a", "b"]


@pytest.mark.parametrize("key", ["a'b", 'a"b', "a b", "a)--", "", "a\n"])
def test_an_unsafe_metadata_key_is_refused(file: Path, key: str) -> None:
    """A filter's key can't become SQL."""
    with open_saver(file) as saver, pytest.raises(ValueError, match="metadata key"):
        list(saver.list(None, filter={key: 1}))


def test_listing_goes_page_by_page(file: Path) -> None:
    """`before`, `limit` and one checkpoint's id narrow the list; what is deleted meanwhile is left out."""
    with open_saver(file) as saver:
        steps(saver, 3).invoke({"trail": []}, config(), durability="sync")
        everything = [each.checkpoint["id"] for each in saver.list(config())]
        assert everything == sorted(everything, reverse=True)
        page = saver.list(config(), before=config("t", checkpoint_id=everything[1]), limit=2)
        assert [each.checkpoint["id"] for each in page] == everything[2:4]
        only = saver.list(config("t", checkpoint_id=everything[3]))
        assert [each.checkpoint["id"] for each in only] == everything[3:4]
        slow = saver.list(config())
        next(slow)
        saver.delete_thread("t")
        assert list(slow) == []


async def test_async_listing_leaves_out_what_is_deleted_meanwhile(file: Path) -> None:
    """A checkpoint deleted between the list and its turn is not an error."""
    async with open_saver(file) as saver:
        await steps(saver, 2).ainvoke({"trail": []}, config(), durability="sync")
        listing = saver.alist(config())
        await anext(listing)
        saver.delete_thread("t")
        assert [each async for each in listing] == []


def test_a_config_without_a_thread_is_misuse(file: Path) -> None:
    """The caller is told what to pass."""
    with open_saver(file) as saver, pytest.raises(MisuseError, match="names no thread"):
        saver.get_tuple({"configurable": {}})


def test_an_unknown_pruning_strategy_is_misuse(file: Path) -> None:
    """Nothing is deleted on a misspelt word."""
    with open_saver(file) as saver, pytest.raises(MisuseError, match="keep_latst"):
        saver.prune(["t"], strategy="keep_latst")


def test_two_branches_of_a_thread_keep_their_own_values(file: Path) -> None:
    """A fork writes new versions: what the older branch stored stays as it was."""
    with open_saver(file) as saver:
        graph = steps(saver, 3)
        graph.invoke({"trail": []}, config(), durability="sync")
        history = list(graph.get_state_history(config()))
        forked = graph.update_state(history[2].config, {"trail": ["x"]})
        graph.invoke(None, forked, durability="sync")
        assert graph.get_state(config()).values == {"trail": ["s0", "x", "s1", "s2"]}
        assert graph.get_state(history[0].config).values == {"trail": names(3)}


def test_versions_grow_and_differ(file: Path) -> None:
    """A version is larger than the one before and two made from the same one are not equal."""
    with open_saver(file) as saver:
        first = saver.get_next_version(None, None)
        second, third = saver.get_next_version(first, None), saver.get_next_version(first, None)
        assert second > first < third != second
