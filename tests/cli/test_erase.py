"""`countersign erase` as people type it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import countersign, one_line
from tests.cli.conftest import Handled

WRITES = "x@example.com"
"""The sender of the hostile message: no customer of the shop."""


@pytest.fixture
def var(handled: Handled, tmp_path: Path) -> Path:
    """Runtime files of this test's own."""
    return Path(shutil.copytree(handled.var, tmp_path / "var"))


def test_dry_run_then_erased_then_nothing(var: Path) -> None:
    """What would go is listed and nothing changed; then it goes; then there is nothing; the audit is whole."""
    words = ("erase", WRITES, "--as", "hanne", "--json")
    foreseen = json.loads(countersign(*words, "--dry-run", var=var).stdout)
    done = json.loads(countersign(*words, "--yes", var=var).stdout)
    assert len(foreseen["tickets"]) == 1
    assert {name: value for name, value in foreseen.items() if name != "dry_run"} == {
        name: value for name, value in done.items() if name != "dry_run"
    }
    assert any("system of record" in text for text in done["beyond"])
    assert json.loads(countersign(*words, "--yes", var=var).stdout)["tickets"] == []
    assert countersign("audit", "verify", var=var).returncode == 0
    shown = countersign("show", *foreseen["tickets"], var=var)
    assert (shown.returncode, "erased by hanne" in shown.stdout) == (0, True)
    left = [path for path in var.rglob("*") if path.is_file() and WRITES.encode() in path.read_bytes()]
    assert {path.name for path in left} <= {"shop.db"}  # the system of record, which knows another of that address


def test_nobody_is_erased_by_accident(var: Path) -> None:
    """Without --yes somebody has to be there to ask; without a person of the desk, or without anybody to erase, no."""
    one_line(countersign("erase", WRITES, "--as", "hanne", var=var), "settings")
    one_line(countersign("erase", WRITES, "--as", "nobody", "--yes", var=var), "rejected.unknown_person")
    one_line(countersign("erase", " ", "--as", "hanne", "--yes", var=var), "settings")
    assert WRITES.encode() in (var / "ledger.db").read_bytes()


def test_words_say_what_is_out_of_reach(var: Path) -> None:
    """The table counts what goes, and says what nobody can erase from here."""
    told = countersign("erase", WRITES, "--as", "hanne", "--dry-run", var=var).stdout
    assert told.startswith("1 ticket would be erased: CS-")
    for text in ("rows of the ledger", "threads with", "mail that was delivered", "backups"):
        assert text in told
