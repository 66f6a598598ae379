"""Forks: what would have come of it, beside what did; real only as a person's edit."""

import json
import shutil
from collections.abc import Generator
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from countersign.display.replays import ForkView
from countersign.domain.errors import MisuseError, RejectedError
from countersign.ledger.check import check_ledger
from countersign.ledger.read import timeline
from countersign.replay.fork import Forked
from countersign.replay.replayer import Replayer
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from tests.cli.command import countersign
from tests.conftest import SteppingClock
from tests.golden.make import number

ANSWERED, APPROVED, WAITING = map(number, ("answered", "approved", "waiting"))
AMOUNT = "plans.0.proposals.1.args.amount"


@pytest.fixture(scope="module")
def desk(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Runtime]:
    """An open desk on a copy of the databases."""
    clock = SteppingClock()
    clock.move(days=10, hours=1)
    var = shutil.copytree(golden, tmp_path_factory.mktemp("desk") / "var")
    with open_runtime(Settings(var=var), clock=clock) as opened:
        yield opened


def nodes(fork: Forked) -> list[str]:
    """The nodes of what would have been, after the step that was changed."""
    return [step.node for step in fork.now if step.number > fork.at]


def found(fork: Forked) -> dict[str, tuple[object, object]]:
    """What differs, by path."""
    return {one.path: (one.then, one.now) for one in fork.differences}


def test_less_money_would_not_have_waited(replayer: Replayer) -> None:
    """A smaller refund is allowed and supposed to happen, step by step to the end; nothing is left of it."""
    fork = replayer.fork(WAITING, 5, {AMOUNT: "4000"})
    assert [step.node for step in fork.then][-1] == "review"
    assert nodes(fork)[-5:] == ["record_verdict", "execute", "execute", "execute", "record_outcome"]
    assert (fork.waits, found(fork)["verdict.answer"]) == (False, ("ask", "allow"))
    assert found(fork)["outcome"] == (None, "answered")
    outcome = fork.state.get("outcome")
    assert outcome is not None
    assert outcome.kind == "answered"


def test_another_sender_gets_another_reply(replayer: Replayer) -> None:
    """Nobody verified: nothing is proposed, and the reply asks for a message from the address on record."""
    fork = replayer.fork(WAITING, 3, {"sender.verified": "none"})
    assert found(fork)["plans[0].reply"] == ("cancelled_refunded", "needs_address")
    console = Console(width=120, file=StringIO())
    console.print(ForkView(fork))
    shown = cast("StringIO", console.file).getvalue()
    assert "Nothing of it has happened" in shown
    assert "needs_address" in shown


def test_more_money_waits_although_less_was_approved(replayer: Replayer) -> None:
    """A person's answer counts for what they were shown: for the same question, and for no other."""
    same = replayer.fork(APPROVED, 6, {"draft.language": "en"})
    assert (same.waits, found(same)) == (False, {})
    other = replayer.fork(APPROVED, 6, {"draft.subject": "Another subject"})
    assert other.waits
    assert nodes(other)[-1] == "review"


def test_a_later_turn_is_forked_alone(replayer: Replayer) -> None:
    """The turns before it are as they were; the fork begins in the second."""
    ticket = number("two turns")
    steps = [step for step in replayer.steps(ticket) if step.turn == 2]
    fork = replayer.fork(ticket, steps[2].number, {"sender.verified": "none"})
    assert (fork.turn, fork.then[0].node, fork.now[0].turn) == (2, "receive", 2)
    assert "draft.body" in found(fork)


def test_a_request_that_was_not_made_is_looked_up_now(replayer: Replayer) -> None:
    """Behind a fork a step may ask what it did not ask then; the shop is read as it is."""
    fork = replayer.fork(ANSWERED, 4, {"triage.intents.0.request": "invoice_copy"})
    assert found(fork)["plans[0].request"] == ("where_is_my_order", "invoice_copy")
    assert not fork.waits


@pytest.mark.parametrize(
    ("at", "path", "value", "code"),
    [
        (99, "sender.verified", "none", "misuse.step"),
        (10, "verdict.answer", "deny", "misuse.step"),
        (3, "nobody.verified", "none", "misuse.path"),
        (3, "sender.verified.more", "none", "misuse.path"),
        (3, "sender.verified", "perhaps", "misuse.value"),
        (3, "sender.shoe_size", "44", "misuse.value"),
        (3, "resumed", "woken", "misuse.path"),
    ],
)
def test_what_is_not_there_is_named(replayer: Replayer, at: int, path: str, value: str, code: str) -> None:
    """No such step, one that waits, no such channel or field, no such value: an error that names it."""
    with pytest.raises(MisuseError) as caught:
        replayer.fork(WAITING, at, {path: value})
    assert caught.value.full_code == code


def test_a_fork_becomes_real_as_a_persons_edit_alone(desk: Runtime) -> None:
    """The live ticket gets a new proposal, judged like any edit: what the gates find is asked about once more."""
    fork = desk.fork(WAITING, at=5, values={AMOUNT: 4000})
    with pytest.raises(RejectedError) as caught:
        desk.propose(fork, by="mallory")
    assert caught.value.full_code == "rejected.unknown_person"
    assert desk.ticket(WAITING).status == "waiting"
    assert desk.propose(fork, by="ines").status == "waiting"
    asked = desk.review(WAITING).shown
    assert [one.args.get("amount") for one in asked.proposals] == [None, 4000]
    assert [finding.code for finding in asked.findings], "the reply still speaks of the whole amount"
    assert not events(desk, "effect.started")
    assert desk.propose(desk.fork(WAITING, at=6, values={"draft.subject": "Trio tent"}), by="ines").status == "answered"
    assert len(events(desk, "review.answered")) == 2
    order = desk.deps.shop.order("FH-10020")
    assert order is not None
    assert [refund.amount for refund in order.refunds] == [38900]
    assert check_ledger(desk.settings.ledger_file) == ()
    assert desk.replay(WAITING).tickets[0].result == "same"


def events(desk: Runtime, name: str) -> list[str]:
    """What of that name happened to the ticket."""
    return [event.event for event in timeline(desk.ledger, WAITING) if event.event == name]


def test_a_fork_of_what_has_ended_is_not_proposed(desk: Runtime) -> None:
    """There is no question whose place it could take: the error says to reopen."""
    fork = desk.fork(ANSWERED, at=6, values={"draft.subject": "Another subject"})
    with pytest.raises(RejectedError, match="reopen") as caught:
        desk.propose(fork, by="ines")
    assert caught.value.full_code == "rejected.not_asked"


def test_the_command(golden: Path) -> None:
    """Both timelines and the differences as JSON."""
    finished = countersign("fork", WAITING, "--at", "5", "--set", f"{AMOUNT}=4000", "--json", var=golden)
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert {"path": "verdict.answer", "then": "ask", "now": "allow"} in told["differences"]
    assert [step["node"] for step in told["now"]][-1] == "record_outcome"


async def test_async_desk_has_the_same(golden: Path, tmp_path: Path) -> None:
    """Awaited, off the event loop."""
    var = Path(shutil.copytree(golden, tmp_path / "var"))
    async with open_runtime(Settings(var=var), clock=SteppingClock()) as desk:
        history, found, fork = (
            await desk.history(ANSWERED),
            await desk.replay(ANSWERED),
            await desk.fork(ANSWERED, at=6, values={"draft.subject": "Another subject"}),
        )
        with pytest.raises(RejectedError):
            await desk.propose(fork, by="ines")
    assert len(history) == 11
    assert not found.diverged
