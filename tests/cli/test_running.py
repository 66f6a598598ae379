"""`run`, `ask`, `reconcile`: what happens, what is written where, and with which exit code."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command import ROOT, SCRIPT, countersign, environment, one_line
from tests.cli.conftest import Handled
from tests.contract.outbox_smtp_server import SmtpServer

MAIL = ROOT / "desk" / "mail"
SUMMARY = {
    "answered", "waiting", "handed_over", "closed", "quarantined", "duplicates", "replies", "effects", "by_category",
    "seconds", "interrupted", "unfinished", "spent",
}  # fmt: skip


@pytest.fixture
def var(fresh_var: Path, tmp_path: Path) -> Path:
    """Runtime files of this test's own."""
    return shutil.copytree(fresh_var, tmp_path / "var")


def test_progress_and_results_are_apart(handled: Handled) -> None:
    """Tickets are told on standard error, the counts on standard output; neither has control codes in a pipe."""
    finished = handled.finished
    assert finished.returncode == 3, finished.stderr
    assert "CS-1001" in finished.stderr
    assert "901-empty.eml" in finished.stderr
    assert "CS-1001" not in finished.stdout
    assert "answered" in finished.stdout
    assert "countersign quarantine" in finished.stdout
    assert all(sign.isprintable() or sign == "\n" for sign in finished.stdout + finished.stderr)


def test_the_same_mail_again_changes_nothing(var: Path) -> None:
    """A second run of the same command has no new reply and no effect; every item is accounted for both times."""
    mail = next(MAIL.glob("047-*.eml"))
    first, second = (json.loads(countersign("run", str(mail), "--json", var=var).stdout) for _ in range(2))
    assert set(first) == {"summary", "items", "tickets"}
    assert set(first["summary"]) == SUMMARY
    assert (first["summary"]["replies"], first["summary"]["effects"]) == (1, 1)
    assert first["items"] == [
        {"source": str(mail), "ticket": "CS-1001", "new": True, "continued": False, "quarantined": None}
    ]
    assert first["tickets"][0]["requests"] == ["double_charge"]
    assert (second["summary"]["replies"], second["summary"]["effects"], second["summary"]["duplicates"]) == (0, 0, 1)
    assert len(list((var / "outbox" / "new").iterdir())) == 1


def test_standard_input_and_what_is_wrong_in_it(var: Path) -> None:
    """A bad line and a missing file are named, the rest is handled; a missing file is news every time."""
    lines = '{"id": "1", "from": "a@example.com", "text": "Do you deliver to Norway?"}\n{"from": 7}\n'
    finished = countersign("run", "-", "nowhere.eml", "--json", var=var, stdin=lines)
    assert finished.returncode == 3
    told = json.loads(finished.stdout)
    assert [item["ticket"] for item in told["items"]] == ["CS-1001", None, None]
    bad, missing = (item["quarantined"] for item in told["items"][1:])
    assert bad["code"].startswith("input.")
    assert "line 2" in bad["reason"]
    assert missing == {"code": "input.missing", "reason": "nowhere.eml: no such file or folder"}
    again = countersign("run", "nowhere.eml", var=var)
    assert again.returncode == 3
    assert "nowhere.eml: no such file or folder" in again.stderr


def test_ask_shows_what_came_of_it(var: Path) -> None:
    """One message as text is handled at once, and its timeline is drawn; asking twice makes two tickets."""
    words = ("ask", "How long can I return things?", "--from", "a@example.com")
    drawn = countersign(*words, var=var)
    assert drawn.returncode == 0, drawn.stderr
    assert "CS-1001" in drawn.stdout
    assert "How long can I return things?" in drawn.stdout
    told = json.loads(countersign(*words, "--json", var=var).stdout)
    assert [ticket["id"] for ticket in told["tickets"]] == ["CS-1002"]


def test_ask_refuses_what_is_no_address(var: Path) -> None:
    """What can't become a message is said in one line."""
    finished = countersign("ask", "Hello", "--from", "nobody", var=var)
    assert finished.returncode == 3
    assert "from" in one_line(finished, "input.field")


def test_interrupted_and_taken_up_again(var: Path) -> None:
    """Ctrl-C ends a run with exit code 130 after what was under way; the same command does the rest, nothing twice."""
    mail = var.parent / "mail"
    mail.mkdir()
    for path in sorted(MAIL.glob("*.eml"))[:30]:
        shutil.copy(path, mail)
    command = [SCRIPT, "run", str(mail)]
    settings = environment(COUNTERSIGN_VAR=str(var))
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings)
    assert running.stderr is not None
    while "answered" not in running.stderr.readline():
        assert running.poll() is None
    os.kill(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "The same command goes on from here." in said
    settled = json.loads(countersign("reconcile", "--json", var=var).stdout)
    assert (settled["unknown"], set(settled["summary"])) == ([], SUMMARY)
    told = json.loads(countersign("run", str(mail), "--json", var=var).stdout)
    assert not told["summary"]["interrupted"]
    assert told["summary"]["duplicates"] > 0
    statuses = {ticket["status"] for ticket in told["tickets"]}
    assert statuses <= {"answered", "waiting", "handed_over", "closed"}
    sent = [path.name for path in (var / "outbox" / "new").iterdir()]
    assert len(sent) == len(set(sent)) > told["summary"]["replies"] > 0


def test_an_early_interrupt_is_no_traceback(var: Path) -> None:
    """Ctrl-C while the desk opens ends with one line."""
    running = subprocess.Popen(
        [SCRIPT, "run", str(MAIL)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(COUNTERSIGN_VAR=str(var)),
    )  # fmt: skip
    while not (var / "ledger.db").exists():
        time.sleep(0.01)
        assert running.poll() is None
    os.kill(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "Traceback" not in said


def test_a_mail_in_doubt_is_settled_by_a_person(var: Path) -> None:
    """SMTP broke off after the text: reconcile names the effect and the way, a person says what they found, once."""
    with SmtpServer({"text": "drop after accepting"}) as server:
        way = {"COUNTERSIGN_OUTBOX": "smtp", "COUNTERSIGN_SMTP__HOST": "127.0.0.1", "COUNTERSIGN_SMTP__TLS": "none"}
        way |= {"COUNTERSIGN_SMTP__PORT": str(server.port)}
        countersign("run", str(next(MAIL.glob("047-*.eml"))), var=var, settings=way)
        left = countersign("reconcile", var=var, settings=way)
        effect = left.stdout.split("--sent ")[1].split()[0]
        told = countersign("reconcile", "--sent", effect, "--as", "ines", var=var, settings=way)
        again = countersign("reconcile", "--not-sent", effect, "--as", "ines", var=var, settings=way)
    assert told.stdout.splitlines() == [
        "send_reply on ticket/CS-1001: happened, says ines.",
        "CS-1001 waits: countersign review CS-1001",
    ]
    one_line(again, "misuse.effect")
    assert "settled by word" in countersign("show", "CS-1001", var=var).stdout
    assert len(server.accepted) == 1
