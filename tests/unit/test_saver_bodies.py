"""How bodies, long metadata and writes are kept, and that what an earlier program kept is read."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.types import Command

from checkpoints.saver import ThreadSaver
from checkpoints.waiting import waiting
from countersign.domain.errors import StorageError
from tests.unit.saver_graphs import asking, config, open_saver, talk

EARLIER = Path(__file__).resolve().parents[1] / "golden" / "threads-0002.db.gz"
CONTRACTS = " ".join(f"node{number}=0123456789abcdef" for number in range(20))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "threads.db"


def chain(saver: ThreadSaver, length: int, channels: int = 40) -> None:
    """Checkpoints one after the other, each with one channel at a new version."""
    where, versions = (
        config(),
        {f"channel{number:04}": saver.get_next_version(None, None) for number in range(channels)},
    )
    for step in range(length):
        name = f"channel{step % channels:04}"
        versions |= {name: saver.get_next_version(max(versions.values()), None)}
        checkpoint = numbered(step, dict.fromkeys(versions, step), versions)
        metadata: Any = {"source": "loop", "step": step, "contracts": CONTRACTS}
        where = saver.put(where, checkpoint, metadata, {name: versions[name]})


def numbered(step: int, values: dict[str, Any], versions: dict[str, Any]) -> Checkpoint:
    """A checkpoint whose id is larger than those of smaller steps."""
    return empty_checkpoint() | Checkpoint(id=str(UUID(int=step)), channel_values=values, channel_versions=versions)  # pyright: ignore[reportCallIssue]  the other keys are those of an empty one


def bodies(file: Path) -> list[tuple[str, int]]:
    """The type tag and length of each stored body, oldest first."""
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT type, length(body) FROM checkpoints ORDER BY checkpoint_id").fetchall()


def pieces(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT COUNT(*) FROM pieces").fetchone()[0]


def test_bodies_share_a_dictionary(file: Path) -> None:
    """A long chain takes a third of what squeezing each body alone takes, with a new dictionary now and then."""
    with open_saver(file) as saver:
        chain(saver, 60)
        assert [each.metadata.get("step") for each in saver.list(config())] == list(reversed(range(60)))
        dictionaries = pieces(file)
        together = sum(length for _, length in bodies(file))
        for each in list(saver.list(config()))[1:]:
            assert each.checkpoint["channel_values"]["channel0039"] == each.metadata.get("step")
        saver.prune(["t"])
    (alone,) = bodies(file)
    assert alone[0].startswith("zlib:")
    assert 1 < dictionaries < 30
    assert together + dictionaries * alone[1] < 60 * alone[1] / 2
    assert pieces(file) == 0


def test_a_body_larger_than_the_window_stands_alone(file: Path) -> None:
    """What no dictionary of zlib can hold is kept as it is."""
    with open_saver(file) as saver:
        chain(saver, 3, channels=1000)
        assert len(list(saver.list(config()))) == 3
    assert {type_.partition(":")[0] for type_, _ in bodies(file)} == {"zlib"}


def test_long_metadata_is_found_and_comes_back_whole(file: Path) -> None:
    """The column has its digest, which is searched by; the value itself is with the body."""
    with open_saver(file) as saver:
        chain(saver, 2)
        found = list(saver.list(config(), filter={"contracts": CONTRACTS}))
        assert [each.metadata.get("step") for each in found] == [1, 0]
        assert {each.metadata.get("contracts") for each in found} == {CONTRACTS}  # pyright: ignore[reportArgumentType]
        assert not list(saver.list(config(), filter={"contracts": CONTRACTS + "x"}))
    with closing(sqlite3.connect(file)) as db:
        assert CONTRACTS not in db.execute("SELECT metadata FROM checkpoints").fetchone()[0]


def test_what_a_task_wrote_is_one_row_and_stays(file: Path) -> None:
    """A second put adds what is new and changes nothing; an interrupt is a row of its own, and the last one counts."""
    with open_saver(file) as saver:
        chain(saver, 1)
        where = config(checkpoint_id=str(UUID(int=0)))
        saver.put_writes(where, [("a", 1), ("b", "x" * 5000)], "task")
        saver.put_writes(where, [("a", 2), ("b", 3), ("c", 4)], "task")
        saver.put_writes(where, [("__interrupt__", "first")], "task")
        saver.put_writes(where, [("__interrupt__", "last")], "task")
        saver.put_writes(where, [], "task")
        found = saver.get_tuple(config())
    assert found is not None
    wrote = {channel: value for _, channel, value in found.pending_writes or ()}
    assert wrote == {"a": 1, "b": "x" * 5000, "c": 4, "__interrupt__": "last"}
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT idx FROM writes ORDER BY idx").fetchall() == [(-3,), (0,), (2,)]


def test_a_damaged_dictionary_is_told(file: Path) -> None:
    """Another piece in its place gives `storage.corrupt`, never another state."""
    with open_saver(file) as saver:
        chain(saver, 5)
        with closing(sqlite3.connect(file)) as db, db:
            db.execute("UPDATE pieces SET body = ?", (b"x\x9c\x03\x00\x00\x00\x00\x01",))
        with pytest.raises(StorageError, match="thread t") as caught:
            saver.get_tuple(config())
    assert caught.value.full_code == "storage.corrupt"


def test_a_file_of_version_two_goes_on(file: Path) -> None:
    """What it says can be looked at as it is; a writer adds to it in today's form, and prunes it."""
    file.write_bytes(gzip.decompress(EARLIER.read_bytes()))
    assert [each.asked()[0].value for each in waiting(file)] == [{"text": "go on? " * 100}]
    with open_saver(file) as saver:
        assert asking(saver).invoke(Command(resume="yes"), config("waits"))["answer"] == "yes!"
        before = len(list(saver.list(config("grown"))))
        talk(saver, 216).invoke({"trail": ["again"]}, config("grown"), durability="sync")
        found = list(saver.list(config("grown")))
        assert len(found) > before
        assert [len(each.checkpoint["channel_values"].get("trail", ())) for each in (found[0], found[-1])] == [8, 0]
        saver.prune(["grown", "waits"])
        (left,) = saver.list(config("grown"))
        assert left.checkpoint == found[0].checkpoint
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)


def test_repacking_waits_for_nobody(file: Path) -> None:
    """The file is shorter after it; while somebody reads an older view, it stays as it is and goes on."""
    with open_saver(file) as saver:
        for number in range(40):
            talk(saver, 3000).invoke({"trail": ["a" * 3000]}, config(f"t{number}"), durability="sync")
        for number in range(0, 40, 2):
            saver.delete_thread(f"t{number}")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            saver.give_back(repacked=True)
            other.execute("ROLLBACK")
        before = file.stat().st_size
        saver.give_back(repacked=True)
        assert file.stat().st_size < before
        assert len(list(saver.list(config("t1")))) > 1
