"""The ledger's file: who may read it, how it is made and migrated, and what its faults are called."""

import errno
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import exc

from countersign.domain.errors import InputError, MisuseError, StorageError
from countersign.domain.ticket import Quarantined
from countersign.ledger import SqlLedger, anchor, file, open_ledger
from countersign.ledger.check import check_ledger, verify
from countersign.ledger.migrate import upgrade
from countersign.ledger.read import summary, waiting
from countersign.ledger.schema import HEAD, metadata
from countersign.ledger.triggers import compare_triggers, install_triggers
from countersign.ports import Journal, Ledger
from tests.unit.ledger_cases import NOW, accept, message, new_ledger, new_ticket, reply, ruling


def code(caught: pytest.ExceptionInfo[StorageError]) -> str:
    return caught.value.full_code


def test_ledger_is_the_port(tmp_path: Path) -> None:
    """The SQLite ledger is a ports.Ledger and a ports.Journal: the type checker holds it to that."""
    ledger = new_ledger(tmp_path)
    law: Ledger = ledger
    journal: Journal = ledger
    assert law.unfinished() == ()
    assert journal.recall("CS-1001", "step", "request") is None


def test_file_and_folder_are_the_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine reads the ledger, whatever the umask."""
    before = os.umask(0)
    try:
        ledger = open_ledger(tmp_path / "var" / "ledger.db")
        accept(ledger, message())
    finally:
        os.umask(before)
    assert oct((tmp_path / "var").stat().st_mode & 0o777) == "0o700"
    modes = {oct(found.stat().st_mode & 0o777) for found in (tmp_path / "var").iterdir()}
    assert modes == {"0o600"}


def test_file_is_durable(tmp_path: Path) -> None:
    """Write-ahead log, full synchronisation, foreign keys and recursive triggers are on for every writer."""
    ledger = new_ledger(tmp_path)
    with ledger.file.writing("test") as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names] == ["wal", 2, 1, 1]


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    """The file that the migrations make is the one that the program's tables describe."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    ledger = new_ledger(tmp_path)
    with file._engine(ledger.file.path, writes=False).connect() as connection:  # pyright: ignore[reportPrivateUsage]
        connection.connection.driver_connection.set_authorizer(None)  # pyright: ignore[reportOptionalMemberAccess]
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with closing(sqlite3.connect(ledger.file.path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM pragma_table_list WHERE strict = 1")}
    assert tables == set(metadata.tables)


def test_head_is_the_newest_migration() -> None:
    """The version that the program asks for is the last one that there is a migration for."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from countersign.ledger.migrate import MIGRATIONS

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    """A file from the future is neither read nor written."""
    new_ledger(tmp_path).close()
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for use in (lambda: open_ledger(path), lambda: waiting(path)):
        with pytest.raises(StorageError, match="9999") as caught:
            use()
        assert code(caught) == "storage.version"


def test_half_made_file_is_made_whole(tmp_path: Path) -> None:
    """A file in which no migration has run yet is migrated at the next opening."""
    (tmp_path / "ledger.db").touch()
    with pytest.raises(StorageError, match="version none"):
        waiting(tmp_path / "ledger.db")
    accept(new_ledger(tmp_path), message())
    assert check_ledger(tmp_path / "ledger.db") == ()


def test_triggers_are_put_back_by_a_migration(tmp_path: Path) -> None:
    """Rebuilding a table drops its triggers, so every migration ends with exactly the ones that belong there."""
    import sqlalchemy as sa

    new_ledger(tmp_path).close()
    path = tmp_path / "ledger.db"
    with sa.create_engine(f"sqlite:///{path}").begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_are_kept")
        connection.exec_driver_sql("CREATE TRIGGER strange AFTER INSERT ON audit BEGIN SELECT 1; END")
        upgrade(connection, path)
        assert len(compare_triggers(connection)) == 2
        install_triggers(connection)
        assert compare_triggers(connection) == ()


def test_first_opening_waits_for_another_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch to the write-ahead log, which SQLite does not wait for, is tried until it can be made."""
    path = tmp_path / "ledger.db"
    monkeypatch.setitem(file._CONNECT, "timeout", 0.01)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(file, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as caught:
            open_ledger(path)
        assert code(caught) == "storage.busy"
        monkeypatch.setattr(file, "BUSY_SECONDS", 30.0)

        def wait(_seconds: float) -> None:
            other.rollback()

        monkeypatch.setattr(time, "sleep", wait)
        open_ledger(path).close()
    assert check_ledger(path) == ()


def test_opening_imports_alembic_only_to_migrate(tmp_path: Path) -> None:
    """Looking at an up-to-date ledger starts without alembic, langgraph and langchain."""
    new_ledger(tmp_path).close()
    program = (
        "import sys; from pathlib import Path; from countersign.ledger import open_ledger\n"
        "from countersign.ledger.read import waiting\n"
        "ledger = open_ledger(Path(sys.argv[1])); waiting(ledger)\n"
        "print(sorted({'alembic', 'langgraph', 'langchain', 'langchain_core'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ledger.db")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_looking_makes_no_file(tmp_path: Path) -> None:
    """A command that only looks says that there is no ledger, and makes none."""
    with pytest.raises(StorageError, match="no ledger") as caught:
        summary(tmp_path / "ledger.db")
    assert code(caught) == "storage.missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("opening", [open_ledger, verify])
def test_file_that_is_no_database(tmp_path: Path, opening: object) -> None:
    """A file of something else is named as corrupt."""
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError) as caught:
        opening(tmp_path / "ledger.db")  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    assert code(caught) == "storage.corrupt"


def test_damaged_page_is_found(tmp_path: Path) -> None:
    """Pages that were overwritten on disk are found by the check."""
    ledger = new_ledger(tmp_path)
    for number in range(50):
        accept(ledger, message(f"m{number}"))
    ledger.close()
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'inbox_by_message_id'").fetchone()[0]
        connection.execute("PRAGMA journal_mode = DELETE")
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 + 200 : page * 4096 - 8] = b"\0" * (4096 - 208)
    path.write_bytes(data)
    assert codes(path) & {"file.damaged", "storage.corrupt"}


def codes(path: Path) -> set[str]:
    """What the check finds, be it in the file or in the attempt to read it."""
    try:
        return {problem.code for problem in check_ledger(path)}
    except StorageError as error:
        return {error.full_code}


def test_busy_file_is_named_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits too long for another writer hears that the ledger is busy, and nothing was written."""
    ledger = new_ledger(tmp_path)
    ledger.close()
    monkeypatch.setitem(file._CONNECT, "timeout", 0.05)  # pyright: ignore[reportPrivateUsage]
    ledger = new_ledger(tmp_path)
    with closing(sqlite3.connect(ledger.file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as caught:
            accept(ledger, message())
        assert ledger.unfinished() == ()
        other.execute("ROLLBACK")
    assert code(caught) == "storage.busy"
    assert accept(ledger, message()).new


def test_full_disk_is_named_full(tmp_path: Path) -> None:
    """A write for which there is no room leaves nothing behind."""
    ledger = new_ledger(tmp_path)
    with ledger.file._writer.connect() as connection:  # pyright: ignore[reportPrivateUsage]
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_authorizer(None)
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError) as caught:
        accept(ledger, message(subject="x" * 20_000))
    assert code(caught) == "storage.full"
    assert ledger.ticket("CS-1001") is None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (exc.TimeoutError(), "storage.busy"),
        (OSError(errno.ENOSPC, "no space"), "storage.full"),
        (OSError(errno.EACCES, "denied"), "storage.unreachable"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), "input.text"),
    ],
)
def test_faults_have_stable_codes(tmp_path: Path, fault: Exception, expected: str) -> None:
    """Whatever goes wrong below is one of our errors."""
    with pytest.raises((StorageError, InputError)) as caught, file.storage_faults(tmp_path):
        raise fault
    assert caught.value.full_code == expected


def test_folder_that_can_not_be_made(tmp_path: Path) -> None:
    """A place where no file can be made is named."""
    (tmp_path / "var").write_text("a file")
    with pytest.raises(StorageError) as caught:
        open_ledger(tmp_path / "var" / "ledger.db")
    assert code(caught) == "storage.unreachable"


def test_failed_anchor_does_not_undo_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the anchor can't be written the commit stands, and doing it again changes nothing."""
    ledger = new_ledger(tmp_path)

    def broken(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(anchor, "write", broken)
        with pytest.raises(StorageError):
            accept(ledger, message())
    assert not accept(ledger, message()).new
    assert verify(ledger.file.path) == ()


def test_half_characters_in_arguments_are_refused(tmp_path: Path) -> None:
    """A proposal whose text can't be stored is an input error, and nothing of its ruling is kept."""
    ledger = new_ledger(tmp_path)
    ref = new_ticket(ledger)
    with pytest.raises(InputError) as caught:
        ledger.record_verdict(ref, ruling(ref, reply(ref, body="half \ud800")), NOW)
    assert caught.value.full_code == "input.text"
    assert ledger.proposals(ref) == ()


def test_errors_hold_no_parameters(tmp_path: Path) -> None:
    """A failed statement's error, and the one behind it, quote none of its values."""
    ledger = new_ledger(tmp_path)
    with pytest.raises(StorageError) as caught, ledger.file.writing("test") as connection:
        connection.exec_driver_sql("INSERT INTO tickets (id) VALUES (?)", ("ann@example.org",))
    assert "ann@example.org" not in str(caught.value) + str(caught.value.__cause__)


def test_naive_time_is_misuse(tmp_path: Path) -> None:
    """A time without a zone is refused, wherever it comes from."""
    ledger = new_ledger(tmp_path)
    with pytest.raises(MisuseError, match="time zone"):
        accept(ledger, message(), datetime(2026, 11, 16))  # noqa: DTZ001
    with pytest.raises(MisuseError, match="time zone"):
        ledger.other_tickets("a", "b", datetime(2026, 11, 16))  # noqa: DTZ001


def test_points_are_named_around_every_commit(tmp_path: Path) -> None:
    """Each write announces itself before and after its commit; reads say nothing."""
    points: list[str] = []
    ledger = open_ledger(tmp_path / "ledger.db", points.append)
    accept(ledger, message())
    ledger.quarantine(Quarantined(key="q", source="f", code="input", reason="r"), NOW)
    ledger.unfinished()
    assert points == [
        "ledger.accept.before",
        "ledger.accept.after",
        "ledger.quarantine.before",
        "ledger.quarantine.after",
    ]


def test_first_openings_do_not_collide(tmp_path: Path) -> None:
    """Eight processes that open a file which is not there yet make one sound file."""
    program = "import sys, pathlib, countersign.ledger as l; l.open_ledger(pathlib.Path(sys.argv[1]))"
    path = str(tmp_path / "ledger.db")
    running = [subprocess.Popen([sys.executable, "-c", program, path], stderr=subprocess.PIPE) for _ in range(8)]
    assert [process.wait() for process in running] == [0] * 8
    assert check_ledger(tmp_path / "ledger.db") == ()
    assert isinstance(open_ledger(tmp_path / "ledger.db"), SqlLedger)
