"""Another process of the ledger's tests: `python -m tests.unit.ledger_process ROLE FILE ARGUMENTS`."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from countersign.domain.outcome import Claim, Outcome, Receipt
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger, open_ledger
from tests.unit.ledger_cases import NOW, accept, allowed, claim, message, refund, reply, ruling

REF = TicketRef(id="CS-1001", turn=1)


def killer(number: int) -> Callable[[str], None]:
    """A fault hook that kills this process, without warning, at the point of that number."""
    passed = 0

    def on_point(_point: str) -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_point


def story(path: Path, on_point: Callable[[str], None]) -> None:
    """One ticket from mail to outcome, with a review on the way; it may be begun again wherever it was cut off.

    The world is a folder beside the ledger: one file for each key, made once.
    """
    ledger = open_ledger(path, on_point)
    accept(ledger, message())
    ledger.record(REF.id, "1/triage", "request", "triage.predict", "{}")
    _approved(ledger)
    said = ruling(REF, refund(), reply(REF, refund()), decided="ask", approver="alice")
    ledger.record_verdict(REF, said, NOW)
    while _step(ledger, path.parent / "world", on_point):
        pass
    ledger.record_outcome(REF, Outcome(kind="answered"), NOW)
    ledger.close()


def _approved(ledger: SqlLedger) -> None:
    review = ledger.review(REF.id, REF.turn)
    if review is None:
        ledger.record_verdict(REF, ruling(REF, refund(), reply(REF, refund()), answer="ask"), NOW)
        review = ledger.review(REF.id, REF.turn)
    if review is not None and review.status == "open":
        ledger.answer_review(review.id, review.digest, "approve", "alice", "", NOW)


def _step(ledger: SqlLedger, world: Path, on_point: Callable[[str], None]) -> bool:
    """What the gateway does: looks up what is in doubt, then carries out what is next."""
    for effect in ledger.in_doubt():
        held = ledger.take_over(effect.id, NOW)
        if (world / effect.key).exists():
            ledger.settle(held, _receipt(held, effect.kind), NOW)
        else:
            ledger.fail(held, "retry", "not found", NOW)
    granted = ledger.next_granted(REF)
    if granted is None:
        return False
    found = claim(ledger, granted)
    if not isinstance(found, Claim):
        sys.exit(f"refused: {found.code}")
    on_point("before effect")
    world.mkdir(exist_ok=True)
    with (world / found.key).open("x"):  # a second effect under the same key would raise
        on_point("after effect")
    ledger.settle(found, _receipt(found, granted.proposal.kind), NOW)
    return True


def _receipt(of: Claim, kind: str) -> Receipt:
    amount = 1000 if kind == "refund" else None
    return Receipt(key=of.key, reference="X", at=NOW, amount=amount, currency="EUR" if amount else None)


def main(role: str, file: str, *arguments: str) -> None:
    """Runs one role."""
    path = Path(file)
    if role == "count":  # prints the points of an undisturbed story
        points: list[str] = []
        story(path, points.append)
        sys.stdout.write("\n".join(points))
    if role == "killed":  # FILE is a new ledger; each argument, such as 3-7, gets a copy that dies at 3, then at 7
        for crashes in arguments:
            copy = path.parent.parent / crashes / path.name
            copy.parent.mkdir()
            shutil.copy(path, copy)
            ends = [_in_a_child(copy, int(point)) for point in (*crashes.split("-"), "0")]
            if os.WTERMSIG(ends[0]) != signal.SIGKILL or ends[-1] != 0:
                sys.exit(f"{crashes} ended as {ends}")
    if role == "claim":  # waits for a line, then claims and prints whether it got it
        ledger = open_ledger(path)
        granted = ledger.next_granted(REF)
        sys.stdin.readline()
        found = claim(ledger, granted) if granted else None
        sys.stdout.write("claimed" if isinstance(found, Claim) else "refused")
    if role == "deliver":  # waits for a line, then delivers so many messages
        ledger = open_ledger(path)
        sys.stdin.readline()
        for number in range(int(arguments[0])):
            accept(ledger, message(f"m{number}"))


def _in_a_child(path: Path, kill_at: int) -> int:
    """The story in a process of its own, which is killed at that point; 0 lets it live."""
    child = os.fork()
    if not child:
        story(path, killer(kill_at))
        os._exit(0)
    return os.waitpid(child, 0)[1]


def granted_ticket(ledger: SqlLedger) -> None:
    """CS-1001 with one refund granted."""
    accept(ledger, message())
    allowed(ledger, REF, refund())


if __name__ == "__main__":
    main(*sys.argv[1:])
