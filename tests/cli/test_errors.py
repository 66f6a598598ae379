"""Whatever goes wrong is one line with a code and an exit code; no traceback reaches anybody."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.command import SCRIPT, countersign, environment, one_line
from tests.cli.conftest import Handled

USAGE = ("frob", "inbox --nope", "run", "run --workers 0 mail", "run --workers many mail", "show", "ask hello", "init")


@pytest.mark.parametrize("command", USAGE)
def test_a_wrong_command_line(command: str, tmp_path: Path) -> None:
    """The line says what is wrong and where the help is."""
    finished = countersign(*command.split(), var=tmp_path)
    assert finished.returncode == 2
    assert "--help)" in one_line(finished, "usage")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "many"),
        ("OUTBOX", "pigeon"),
        ("SMTP__PORT", "0"),
        ("SHOP", "nothing.here:shop"),
        ("SHOP", "oracle://x"),
    ],
)
def test_a_wrong_setting(name: str, value: str, tmp_path: Path) -> None:
    """The line names the variable, and the command ends before anything is handled."""
    finished = countersign("run", "x", var=tmp_path, settings={f"COUNTERSIGN_{name}": value})
    assert finished.returncode == 2
    assert name.partition("_")[0].lower() in one_line(finished, "settings").lower()


def test_a_password_in_an_address_is_never_told(tmp_path: Path) -> None:
    """A shop that can't be reached is an error without the address's password."""
    finished = countersign(
        "run", "x", var=tmp_path, settings={"COUNTERSIGN_SHOP": "postgresql://u:hunter2@127.0.0.1:1/x"}
    )
    assert finished.returncode == 4
    assert "hunter2" not in one_line(finished, "retry.unreachable")


@pytest.mark.parametrize(
    "command", ["inbox", "show CS-1001", "why CS-1001", "quarantine", "run x", "ask hi --from a@b.example"]
)
def test_a_ledger_that_is_no_database(command: str, tmp_path: Path) -> None:
    """A corrupt ledger is named with its path."""
    (tmp_path / "ledger.db").write_bytes(b"\x00garbage" * 1000)
    finished = countersign(*command.split(), var=tmp_path)
    assert finished.returncode == 4
    assert str(tmp_path / "ledger.db") in one_line(finished, "storage.corrupt")


def test_a_ledger_with_damaged_pages(handled: Handled, tmp_path: Path) -> None:
    """Damage in the middle of the file is an error of storage, not of the program."""
    data = bytearray((handled.var / "ledger.db").read_bytes())
    data[8192:-4096] = b"\xa5" * len(data[8192:-4096])
    (tmp_path / "ledger.db").write_bytes(data)
    finished = countersign("inbox", var=tmp_path)
    assert finished.returncode == 4
    one_line(finished, "storage.corrupt")


@pytest.mark.parametrize("below", ["", "below"])
def test_runtime_files_where_a_file_is(below: str, tmp_path: Path) -> None:
    """A var path that is a file, or lies under one, is named."""
    (tmp_path / "file").touch()
    finished = countersign("run", "x", var=tmp_path / "file" / below)
    assert finished.returncode == 4
    assert str(tmp_path / "file") in one_line(finished, "storage.var")


def test_a_desk_that_is_not_there(tmp_path: Path) -> None:
    """A missing desk folder is named, with the next step."""
    finished = countersign("run", "x", "--desk", "nodesk", var=tmp_path)
    assert finished.returncode == 2
    assert "nodesk" in one_line(finished, "desk")


def test_a_disk_that_is_full(handled: Handled) -> None:
    """Output that can't be written ends with one line."""
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [SCRIPT, "inbox"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
            env=environment(COUNTERSIGN_VAR=str(handled.var)),
        )  # fmt: skip
    assert finished.returncode == 4
    assert finished.stderr.startswith("countersign: ")
    assert "Traceback" not in finished.stderr


def test_a_reader_that_goes_away(handled: Handled) -> None:
    """A pipe that is closed early is no complaint."""
    shell = f"'{SCRIPT}' show CS-1001 --json | head -1"
    finished = subprocess.run(
        ["/bin/sh", "-c", shell], capture_output=True, text=True, timeout=60,
        env=environment(COUNTERSIGN_VAR=str(handled.var)),
    )  # fmt: skip
    assert (finished.stdout, finished.stderr) == ("{\n", "")


def test_a_fault_of_the_program_tells_its_place_alone(tmp_path: Path) -> None:
    """A fault in somebody's own shop is one line with the place, never with the fault's text: it may hold data."""
    (tmp_path / "faulty.py").write_text("def shop():\n    raise ValueError('a customer')\n")
    own = {"COUNTERSIGN_SHOP": "faulty:shop", "PYTHONPATH": str(tmp_path)}
    finished = countersign("run", "x", var=tmp_path / "var", settings=own)
    assert finished.returncode == 4
    line = one_line(finished, "bug.ValueError")
    assert "faulty.py:2" in line
    assert "customer" not in line


def test_help_and_version() -> None:
    """Help and version need nothing and go to standard output."""
    assert countersign("--version").stdout.startswith("countersign 0.")
    shown = countersign("--help").stdout
    for command in ("run", "ask", "reconcile", "inbox", "show", "why", "quarantine", "init", "doctor", "policy"):
        assert f"\n  {command} " in shown
    bare = countersign()
    assert (bare.returncode, bare.stdout) == (2, "")
    assert "Usage:" in bare.stderr
