"""Many at once, and sudden death: one winner, one ticket, one effect, and a whole chain."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

from countersign.domain.errors import RejectedError
from countersign.domain.outcome import Claim, Granted, Refusal
from countersign.ledger import open_ledger
from countersign.ledger.check import check_ledger
from tests.unit.ledger_cases import (
    NOW,
    accept,
    allowed,
    claim,
    message,
    new_ledger,
    new_ticket,
    next_one,
    refund,
    ruling,
)
from tests.unit.ledger_process import REF, granted_ticket

_T = TypeVar("_T")
THREADS = 16
PROCESSES = 4
ROOT = Path(__file__).resolve().parents[2]


def at_once(work: Callable[[int], _T]) -> list[_T]:
    """The answers of as many threads as there are, all starting together."""
    barrier = Barrier(THREADS)

    def started(number: int) -> _T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(started, range(THREADS)))


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Another process of the ledger's tests."""
    command = [sys.executable, "-m", "tests.unit.ledger_process", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(*arguments: str) -> str:
    """Another process, run to its end."""
    process = start(*arguments)
    answer, _ = process.communicate()
    assert process.returncode == 0
    return answer


def together(*arguments: str) -> list[str]:
    """Several processes that are told to go on at the same moment."""
    running = [start(*arguments) for _ in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(go, running))


def go(process: "subprocess.Popen[str]") -> str:
    """Tells a waiting process to go on, and hears what it says."""
    return process.communicate("go\n")[0]


def test_threads_race_for_one_grant(tmp_path: Path) -> None:
    """Of sixteen threads that claim one grant, one gets it."""
    ledger = new_ledger(tmp_path)
    granted_ticket(ledger)
    granted = next_one(ledger, REF)
    answers = at_once(lambda _: claim(ledger, granted))
    assert len([answer for answer in answers if isinstance(answer, Claim)]) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"claim.consumed"}
    assert check_ledger(ledger.file.path) == ()


def test_processes_race_for_one_grant(tmp_path: Path) -> None:
    """Of four processes that claim one grant, one gets it."""
    ledger = new_ledger(tmp_path)
    granted_ticket(ledger)
    answers = together("claim", str(ledger.file.path))
    assert sorted(answers) == ["claimed", "refused", "refused", "refused"]
    assert len(ledger.in_doubt()) == 1


def test_tickets_race_for_one_refund(tmp_path: Path) -> None:
    """Sixteen tickets that were granted the same refund come to one."""
    ledger = new_ledger(tmp_path)
    grants: list[Granted] = []
    for number in range(THREADS):
        ref = new_ticket(ledger, f"m{number}")
        allowed(ledger, ref, refund())
        grants.append(next_one(ledger, ref))
    answers = at_once(lambda number: claim(ledger, grants[number]))
    assert len([answer for answer in answers if isinstance(answer, Claim)]) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"claim.duplicate"}


def test_same_message_delivered_at_once_is_one_ticket(tmp_path: Path) -> None:
    """Sixteen deliveries of one message, all at the same moment, come to one ticket."""
    ledger = new_ledger(tmp_path)
    answers = at_once(lambda _: accept(ledger, message()))
    assert {answer.ticket for answer in answers} == {"CS-1001"}
    assert len([answer for answer in answers if answer.new]) == 1
    assert len(ledger.inbox("CS-1001")) == 1


def test_processes_deliver_the_same_mailbox(tmp_path: Path) -> None:
    """Four processes that deliver the same twenty messages come to twenty tickets and a whole chain."""
    ledger = new_ledger(tmp_path)
    together("deliver", str(ledger.file.path), "20")
    assert [ref.id for ref in ledger.unfinished()] == [f"CS-{1001 + number}" for number in range(20)]
    assert check_ledger(ledger.file.path) == ()


def test_reviewers_race(tmp_path: Path) -> None:
    """Of sixteen people who answer at once, one is heard and fifteen are told who that was."""
    ledger = new_ledger(tmp_path)
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    review = ledger.review(ref.id, ref.turn)
    assert review is not None

    def answer(number: int) -> str:
        try:
            said = "approve" if number % 2 else "reject"
            return ledger.answer_review(review.id, review.digest, said, f"person-{number}", "", NOW).by
        except RejectedError as error:
            return error.full_code

    answers = at_once(answer)
    assert answers.count("rejected.already_answered") == THREADS - 1


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of all points of an undisturbed story, in order."""
    return run("count", str(tmp_path_factory.mktemp("clean") / "ledger.db")).splitlines()


def sound(path: Path) -> None:
    """After whatever crashes: one ticket, answered once, two effects in the world, a whole file."""
    ledger = open_ledger(path)
    ticket = ledger.ticket("CS-1001")
    assert ticket is not None
    assert ticket.status == "answered"
    assert [effect.status for effect in ledger.receipts(REF)] == ["done", "done"]
    assert {effect.key for effect in ledger.receipts(REF)} == {file.name for file in (path.parent / "world").iterdir()}
    assert ledger.effect_counts() == (1, 1)
    ledger.close()
    assert check_ledger(path) == ()


def test_story_has_every_kind_of_point(points: list[str]) -> None:
    """The crashes below hit every write that the ledger offers to a run, before and after its commit."""
    writes = {"accept", "record", "record_verdict", "answer_review", "claim", "settle", "record_outcome"}
    assert {name for name in points if name.startswith("ledger.")} == {
        f"ledger.{write}.{place}" for write in writes for place in ("before", "after")
    }
    assert len(points) > 20


def test_killed_at_every_point(points: list[str], tmp_path: Path) -> None:
    """Killed at any commit or around any effect, the same story begun again ends like an undisturbed one."""
    killed_and_begun_again(tmp_path, [f"{number}" for number in range(1, len(points) + 1)])


def test_killed_twice(points: list[str], tmp_path: Path) -> None:
    """A second crash while the first is being put right changes nothing either; every 17th pair is tried."""
    pairs = [f"{one}-{two}" for one in range(1, len(points) + 1) for two in range(1, len(points) + 3)]
    killed_and_begun_again(tmp_path, pairs[3::17])


def killed_and_begun_again(tmp_path: Path, crashes: list[str]) -> None:
    made = tmp_path / "made" / "ledger.db"
    new_ledger(made.parent).close()
    run("killed", str(made), *crashes)
    for crash in crashes:
        sound(tmp_path / crash / "ledger.db")
