"""`resume`, and what signals do to a command: processes as people start and stop them."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from countersign.ledger import open_ledger
from countersign.ledger.read import timeline
from tests.cli.command import ROOT, SCRIPT, countersign, environment, one_line

MAIL = ROOT / "desk" / "mail"
LARGE, TWICE = next(MAIL.glob("100-*.eml")), next(MAIL.glob("049-*.eml"))
"""Sample mails that wait for a person."""
AHEAD = """
import sys, time
real = time.time_ns
time.time_ns = lambda: real() + 3600 * 10**9
from countersign.cli import main
main()
"""
"""The command on a machine whose clock is an hour ahead, as checkpoints see it."""


@pytest.fixture
def var(fresh_var: Path, tmp_path: Path) -> Path:
    """Runtime files of this test's own."""
    return shutil.copytree(fresh_var, tmp_path / "var")


def started(*words: str, var: Path) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(
        [SCRIPT, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(COUNTERSIGN_VAR=str(var)),
    )  # fmt: skip


def until_something_left(running: subprocess.Popen[str], var: Path) -> None:
    """Waits for the first reply."""
    while not any((var / "outbox" / "new").glob("*")):
        assert running.poll() is None
        time.sleep(0.005)


def events(var: Path, ticket: str) -> list[str]:
    """The ticket's story."""
    ledger = open_ledger(var / "ledger.db")
    found = [event.event for event in timeline(ledger, ticket)]
    ledger.close()
    return found


def resumed(var: Path, *words: str) -> dict[str, dict[str, object]]:
    """What `resume --json` tells."""
    finished = countersign("resume", *(words or ("--all",)), "--json", var=var)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_nothing_to_do_is_said(var: Path) -> None:
    """A waiting ticket, an ended one and an empty desk each get one line; an unknown ticket is one error line."""
    assert countersign("resume", "--all", var=var).stdout == "Nothing is unfinished.\n"
    countersign("run", str(LARGE), str(next(MAIL.glob("001-*.eml"))), var=var)
    assert countersign("resume", "1001", var=var).stdout == (
        "CS-1001 waits for a person: countersign review CS-1001.\n"
    )
    assert countersign("resume", "CS-1002", var=var).stdout == "CS-1002 is answered: nothing is unfinished.\n"
    unknown = countersign("resume", "CS-9999", var=var)
    assert (unknown.returncode, "CS-9999" in one_line(unknown, "storage.no_ticket")) == (4, True)


@pytest.mark.parametrize("words", [(), ("CS-1001", "--all")])
def test_one_ticket_or_all(var: Path, words: tuple[str, ...]) -> None:
    """Neither and both are misuse."""
    finished = countersign("resume", *words, var=var)
    assert finished.returncode == 2
    assert "--all" in one_line(finished, "settings")


@pytest.mark.parametrize(
    ("number", "code", "workers"), [(signal.SIGINT, 130, "1"), (signal.SIGINT, 130, "3"), (signal.SIGTERM, 143, "2")]
)
def test_drained_run_is_resumed(var: Path, number: signal.Signals, code: int, workers: str) -> None:
    """A signalled run keeps what it took and says how to go on; `resume --all` ends those tickets, none twice."""
    running = started("run", *map(str, sorted(MAIL.glob("*.eml"))[:40]), "--workers", workers, "--json", var=var)
    until_something_left(running, var)
    running.send_signal(number)
    said, told = running.communicate(timeout=120)
    assert running.returncode == code, told
    assert told.splitlines()[-1] == "countersign: interrupted [interrupted]"
    before = json.loads(said)
    left = [ticket["id"] for ticket in before["tickets"] if ticket["status"] == "received"]
    assert before["summary"]["interrupted"]
    assert before["summary"]["unfinished"] == len(left) > 0
    after = resumed(var)
    assert sorted(str(ticket) for ticket in _ids(after)) == sorted(left)
    assert after["summary"]["unfinished"] == 0
    mails = list((var / "outbox" / "new").iterdir())
    assert len(mails) == before["summary"]["replies"] + after["summary"]["replies"]  # type: ignore[operator]
    assert countersign("resume", "--all", var=var).stdout == "Nothing is unfinished.\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_the_wait_for_standard_input(var: Path, number: signal.Signals, code: int) -> None:
    """A command that waits for its source does not wait on."""
    running = started("run", "-", var=var)
    assert running.stdin is not None
    running.stdin.write('{"id": "1", "from": "a@example.com", "text": "Do you deliver to Norway?"}\n')
    running.stdin.flush()
    while not (var / "checkpoints.db").exists():  # the last file that opening the desk makes
        assert running.poll() is None
        time.sleep(0.05)
    time.sleep(2)
    running.send_signal(number)
    assert running.wait(timeout=60) == code
    running.communicate()


def test_killed_run_is_resumed(var: Path) -> None:
    """After kill -9 in the middle of a run `resume --all` ends every ticket that was taken."""
    running = started("run", *map(str, sorted(MAIL.glob("*.eml"))[:20]), "--workers", "2", var=var)
    until_something_left(running, var)
    running.kill()
    running.communicate()
    assert countersign("resume", "--all", var=var).returncode == 0
    assert countersign("resume", "--all", var=var).stdout == "Nothing is unfinished.\n"
    told = json.loads(countersign("inbox", "--json", var=var).stdout)
    assert all(item["status"] in ("waiting", "handed_over") for item in told)


def test_checkpoint_file_lost(var: Path) -> None:
    """Without the file of threads every waiting ticket asks again what it asked, and can be answered."""
    countersign("run", str(LARGE), str(TWICE), var=var)
    for path in var.glob("checkpoints.db*"):
        path.unlink()
    told = resumed(var)
    assert told["summary"]["waiting"] == 2
    assert countersign("resume", "--all", var=var).stdout == "Nothing is unfinished.\n"
    ended = countersign("review", "CS-1001", "--approve", "--as", "ines", "--json", var=var)
    assert json.loads(ended.stdout)["status"] == "answered"
    assert events(var, "CS-1001").count("review.opened") == 1


def test_checkpoints_from_the_future(var: Path) -> None:
    """After the clock was set back an hour the ledger decides: one answer, one refund, and checkpoints count again."""
    ahead = subprocess.run(
        [sys.executable, "-c", AHEAD, "run", str(LARGE)], capture_output=True, text=True, timeout=120,
        env=environment(COUNTERSIGN_VAR=str(var)),
    )  # fmt: skip
    assert ahead.returncode == 0, ahead.stderr
    told = resumed(var)
    assert told["summary"]["waiting"] == 1
    assert countersign("resume", "--all", var=var).stdout == "Nothing is unfinished.\n"
    ended = countersign("review", "CS-1001", "--approve", "--as", "ines", "--json", var=var)
    assert json.loads(ended.stdout)["status"] == "answered"
    story = events(var, "CS-1001")
    assert (story.count("turn.restarted"), story.count("effect.done")) == (1, 2)
    assert "the clock was set back" in " ".join(countersign("show", "CS-1001", var=var).stdout.split())


def _ids(told: dict[str, dict[str, object]]) -> list[object]:
    return [ticket["id"] for ticket in told["tickets"]]  # type: ignore[index]
