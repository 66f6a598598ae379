"""The file: private, versioned, and clear about what is wrong with it."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from checkpoints import bodies, rows
from checkpoints.file import SCHEMA_VERSION, ThreadFile, read_only, use_wal
from checkpoints.pieces import checksum, unsqueeze
from checkpoints.waiting import waiting
from countersign.domain.errors import StorageError
from tests.unit.saver_graphs import config, open_saver, talk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "threads.db"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_and_folder_are_the_owners_alone(file: Path) -> None:
    """A new folder is 0700, the file and what SQLite puts beside it 0600, an open older file is closed."""
    with open_saver(file) as saver:
        saver.put(config(), empty_checkpoint(), {"source": "input"}, {})
        assert mode(file.parent) == 0o700
        assert {mode(each) for each in file.parent.iterdir()} == {0o600}
    file.chmod(0o644)
    open_saver(file).close()
    assert mode(file) == 0o600


def test_the_file_is_set_up_for_many_writers(file: Path) -> None:
    """Write-ahead log, synchronous NORMAL, 30 seconds of patience."""
    store = ThreadFile(file)
    with store.reading() as db:
        settings = [
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    store.close()
    assert settings == ["wal", 1, 30_000]


def test_a_newer_files_version_is_refused(file: Path) -> None:
    """A file of a newer program is left alone, by the saver and by readers."""
    open_saver(file).close()
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    for use in (lambda: open_saver(file), lambda: read_only(file).__enter__()):
        with pytest.raises(StorageError, match=f"version {SCHEMA_VERSION + 1}") as raised:
            use()
        assert raised.value.full_code == "storage.newer"
        assert str(file) in str(raised.value)


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    """Tables of ours are not put between somebody else's."""
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE notes (text)")
    with pytest.raises(StorageError) as raised:
        open_saver(other)
    assert raised.value.full_code == "storage.foreign"


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of another kind, a folder, and a folder that can't be made each give one clear error."""
    text = tmp_path / "text.db"
    text.write_text("not a database, but long enough to have a header " * 40)
    for path, code in (
        (text, "storage.corrupt"),
        (tmp_path, "storage.unreachable"),
        (text / "threads.db", "storage.unreachable"),
    ):
        with pytest.raises(StorageError) as raised:
            open_saver(path)
        assert raised.value.full_code == code
        assert str(path) in str(raised.value)
    with pytest.raises(StorageError) as raised, read_only(text):
        pytest.fail("a text was read as a database")
    assert raised.value.full_code == "storage.corrupt"
    with pytest.raises(StorageError) as raised:
        ThreadFile(text, only_read=True)
    assert raised.value.full_code == "storage.corrupt"


def test_a_fault_of_the_database_names_the_thread(file: Path) -> None:
    """A full disk while a thread is written says so, keeps what was there, and the next write works."""
    with open_saver(file) as saver:
        first = saver.put(config("t"), empty_checkpoint(), {"source": "input"}, {})
    store = ThreadFile(file)
    with store.reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError, match="thread t") as raised, store.writing("test", "t") as db:
        db.execute("INSERT INTO pieces VALUES ('t', x'00', zeroblob(1000000))")
    store.close()
    assert raised.value.full_code == "storage.full"
    with open_saver(file) as saver:
        saver.put(first, empty_checkpoint(), {"source": "loop"}, {})
        assert len(list(saver.list(config("t")))) == 2


def test_a_writer_that_waits_in_vain_is_told(file: Path) -> None:
    """When another process never lets go, the error says busy, not corrupt."""
    store = ThreadFile(file)
    with store.reading() as db:
        db.execute("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as raised, store.writing("test"):
            pytest.fail("two writers at once")
    store.close()
    assert raised.value.full_code == "storage.busy"
    assert str(file) in str(raised.value)


def test_the_switch_to_a_log_is_tried_again(tmp_path: Path) -> None:
    """A file that another process reads just now is switched when that one is done, and never otherwise."""
    path = tmp_path / "new.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as ours,
    ):
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN")
        other.execute("SELECT * FROM t").fetchall()
        pauses: list[float] = []
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_wal(ours, pauses.append)
        assert len(pauses) > 1
        use_wal(ours, lambda _seconds: other.rollback())
        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_of_version_one_is_brought_up(tmp_path: Path) -> None:
    """Values with an index of their own and pieces as they are become what this program writes; nothing is lost."""
    path = tmp_path / "threads.db"
    with open_saver(path) as saver:
        grown = talk(saver, 216)
        for turn in range(20):
            grown.invoke({"trail": [f"{turn}".ljust(216, "x")]}, config(), durability="sync")
        before = [each.checkpoint for each in saver.list(config())]
    with closing(sqlite3.connect(path)) as db, db:
        make_version_one(db)
    with pytest.raises(StorageError, match="earlier version") as caught:
        waiting(path)
    assert caught.value.full_code == "storage.version"
    with open_saver(path) as saver:
        assert [each.checkpoint for each in saver.list(config())] == before
        saver.prune(["t"])
        assert [each.checkpoint for each in saver.list(config())] == before[:1]


def make_version_one(db: sqlite3.Connection) -> None:
    """What an earlier program would have written."""
    for row in rows.checkpoints(db, "t"):
        type_, body = bodies.read(db, row)
        told = (type_, body, checksum(type_, body), row.checkpoint_id)
        db.execute("UPDATE checkpoints SET type = ?, body = ?, crc = ? WHERE checkpoint_id = ?", told)
        found = rows.writes(db, row)
        db.execute("DELETE FROM writes WHERE checkpoint_id = ?", (row.checkpoint_id,))
        each = [(*row[:3], *write[:4], *write.packed) for write in found]
        db.executemany("INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", each)
    db.create_function("plain", 1, unsqueeze)
    db.execute("UPDATE pieces SET body = plain(body)")
    (made,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'channel_values'").fetchone()
    db.execute("ALTER TABLE channel_values RENAME TO later")
    db.execute(made.replace("STRICT, WITHOUT ROWID", "STRICT"))
    db.execute("INSERT INTO channel_values SELECT * FROM later")
    db.execute("DROP TABLE later")
    db.execute("PRAGMA user_version = 1")


def test_an_older_file_is_not_read_as_it_is(tmp_path: Path) -> None:
    """Who may only read does not bring a file up: the error says what does."""
    path = tmp_path / "threads.db"
    with open_saver(path):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        make_version_one(db)
    with pytest.raises(StorageError, match="earlier version"):
        ThreadFile(path, only_read=True)


@pytest.mark.parametrize("how", ["BEGIN", "BEGIN IMMEDIATE"])
def test_a_file_in_other_hands_is_not_scrubbed(file: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """While another process reads or writes, what was deleted would stay in part: that is an error."""
    monkeypatch.setattr("checkpoints.file.SCRUB_SECONDS", 0.0)
    store = ThreadFile(file)
    with store.writing("test") as db:
        db.execute("INSERT INTO pieces VALUES ('t', x'00', x'00')")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(how)
        other.execute("SELECT * FROM pieces").fetchall()
        with pytest.raises(StorageError) as raised:
            store.scrub()
        assert raised.value.full_code == "storage.busy"
    store.scrub()
    store.close()
