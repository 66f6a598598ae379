"""Damage in one thread is told with that thread's name, and the others go on."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from langgraph.types import Command

from checkpoints.waiting import waiting
from countersign.domain.errors import StorageError
from tests.unit.saver_graphs import asking, config, open_saver

QUESTION = {"text": "go on? " * 500}
"""Long enough to be kept in pieces."""

DAMAGE = {
    "a checkpoint's bytes end early": "UPDATE checkpoints SET body = substr(body, 1, 20)",
    "a checkpoint's bytes are zero": "UPDATE checkpoints SET body = zeroblob(50)",
    "a checkpoint is empty": "UPDATE checkpoints SET body = x''",
    "a checkpoint's type is unknown": "UPDATE checkpoints SET type = 'pickle'",
    "a checkpoint's metadata is no JSON": "UPDATE checkpoints SET metadata = '{'",
    "a value's bytes are zero": "UPDATE channel_values SET body = zeroblob(10)",
    "a value's type is another": "UPDATE channel_values SET type = 'bytes'",
    "a value is lost": "DELETE FROM channel_values",
    "a piece is lost": "DELETE FROM pieces",
    "a bit of a piece is wrong": "UPDATE pieces SET body = CAST(x'ff' || substr(body, 2) AS BLOB)",
    "a write's bytes end early": "UPDATE writes SET body = coalesce(substr(body, 1, 5), x'')",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two threads, `bad` and `good`, that both wait for an answer."""
    path = tmp_path / "threads.db"
    with open_saver(path) as saver:
        for thread in ("bad", "good"):
            asking(saver, QUESTION).invoke({"cases": ()}, config(thread), durability="sync")
    return path


def damage(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(f"{sql} WHERE thread_id = 'bad'").rowcount
        db.commit()


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_names_its_thread_and_the_others_go_on(file: Path, kind: str) -> None:
    """Whatever is damaged: reading that thread is `storage.corrupt`, the other thread is read, resumed and listed."""
    damage(file, DAMAGE[kind])
    with open_saver(file) as saver:
        uses: tuple[Callable[..., object], ...] = (saver.get_tuple, saver.get, asking(saver, QUESTION).get_state)
        for use in uses:
            with pytest.raises(StorageError, match="thread bad") as raised:
                use(config("bad"))
            assert raised.value.full_code == "storage.corrupt"
        with pytest.raises(StorageError, match="thread bad"):
            list(saver.list(config("bad")))
        assert asking(saver, QUESTION).invoke(Command(resume="y"), config("good"))["answer"] == "y!"
        assert [each.metadata.get("step") for each in saver.list(None, filter={"step": 3})] == [3]
        saver.delete_thread("bad")
        assert saver.get_tuple(config("bad")) is None


@pytest.mark.parametrize("kind", ["a checkpoint's bytes are zero", "a checkpoint's metadata is no JSON"])
def test_pruning_a_damaged_thread_deletes_nothing(file: Path, kind: str) -> None:
    """What can't be read can't be pruned either: the thread stays as it is, and others are pruned."""
    damage(file, DAMAGE[kind])
    with open_saver(file) as saver:
        with pytest.raises(StorageError, match="thread bad"):
            saver.prune(["good", "bad"])
        assert len(list(saver.list(config("good")))) == 1
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT COUNT(*) FROM checkpoints WHERE thread_id = 'bad'").fetchone()[0] > 1


@pytest.mark.parametrize("kind", ["a piece is lost", "a write's bytes end early"])
def test_a_damaged_question_is_still_listed(file: Path, kind: str) -> None:
    """A thread whose question can't be read is on the list of those that wait; only asking for it fails."""
    damage(file, DAMAGE[kind])
    found = {each.thread_id: each for each in waiting(file)}
    assert found["good"].asked()[0].value == QUESTION
    with pytest.raises(StorageError, match="thread bad") as raised:
        found["bad"].asked()
    assert raised.value.full_code == "storage.corrupt"


def test_a_damaged_page_is_told(file: Path) -> None:
    """A page of the file that is overwritten gives `storage.corrupt`, not a wrong answer."""
    with closing(sqlite3.connect(file)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'checkpoints'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)
    with open_saver(file) as saver:
        with pytest.raises(StorageError, match="thread good") as raised:
            saver.get_tuple(config("good"))
        assert raised.value.full_code == "storage.corrupt"
