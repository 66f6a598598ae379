"""The Python API: opened either way, under an event loop or not, closed without a trace."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from countersign.adapters.mail.parse import MAX_BYTES
from countersign.domain.errors import InputError, MisuseError, RejectedError, StorageError
from countersign.domain.review import Approve, Reject
from countersign.ledger.read import quarantined
from countersign.opening import AsyncRuntime
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings, demonstration_desk
from tests.conftest import SteppingClock

ROOT = Path(__file__).resolve().parents[2]
SIMON = "simon.hartigan@example.org"
LOST = (
    "order FH-10072, the Basecamp tent, has not been scanned for nearly three weeks. It must be lost. We needed it "
    "last weekend and bought another, so please refund the full price."
)


def test_a_message_is_asked_and_its_ticket_found_again(runtime: Runtime) -> None:
    """`ask` answers the ticket as it stands; `ticket`, `inbox` and `timeline` find it."""
    ticket = runtime.ask(LOST, sender=SIMON, subject="Lost", authenticated=True)
    assert (ticket.status, ticket.requests) == ("waiting", ("where_is_my_order",))
    assert runtime.ticket(ticket.id) == ticket
    assert [item.ticket for item in runtime.inbox()] == [ticket.id]
    events = [event.event for event in runtime.timeline(ticket.id)]
    assert (events[0], events[-1]) == ("ticket.opened", "review.opened")


def test_a_ticket_knows_its_steps_its_plans_and_its_road(runtime: Runtime) -> None:
    """The steps are the nodes that ran, in order, and the one that waits."""
    ticket = runtime.ask(LOST, sender=SIMON, subject="Lost", authenticated=True)
    steps = list(ticket.steps())
    assert [step.node for step in steps][:2] == ["receive", "redact"]
    assert [step.node for step in steps if step.waits] == ["review"] == [steps[-1].node]
    assert [proposal.kind for plan in ticket.plans() for proposal in plan.proposals] == ["refund"]
    assert ticket.graph().waits == "review"
    assert "review" not in ticket.graph().passed


def test_the_steps_are_those_of_the_current_turn(runtime: Runtime) -> None:
    """A second message begins another turn, which has steps of its own; an answered question no longer waits."""
    first = runtime.ask("When are you open?", sender=SIMON, subject="Hours", authenticated=True)
    second = runtime.ask("And on Sunday?", sender=SIMON, subject=f"Re: Hours [{first.id}]", authenticated=True)
    assert (second.id, second.turn) == (first.id, 2)
    nodes = [step.node for step in second.steps()]
    assert nodes.count("receive") == nodes.count("record_outcome") == 1
    assert not any(step.waits for step in second.steps())


def test_the_same_text_twice_is_two_tickets(runtime: Runtime) -> None:
    """Asking is writing a message: nothing is taken for a second delivery."""
    asked = [runtime.ask("When are you open?", sender="somebody@example.net") for _ in range(2)]
    assert asked[0].id != asked[1].id


def test_what_can_not_be_a_message_is_refused_and_kept(runtime: Runtime) -> None:
    """A text beyond all measure ends in quarantine, and the caller hears why."""
    with pytest.raises(InputError) as error:
        runtime.ask("x" * (MAX_BYTES + 1), sender=SIMON)
    (kept,) = quarantined(runtime.ledger)
    assert kept.code == error.value.full_code
    assert len(runtime.inbox()) == 0


def test_sources_are_run_as_the_command_does(runtime: Runtime) -> None:
    """`run` takes files and answers the counts; running them again changes nothing."""
    mail = [str(demonstration_desk() / "mail" / "001-where-is-my-order.eml")]
    assert runtime.run(mail).answered == 1
    again = runtime.run(mail)
    assert (again.answered, again.duplicates, again.replies) == (0, 1, 0)


def test_a_review_is_answered_for_what_was_shown(runtime: Runtime) -> None:
    """An approval counts once, for exactly the question that was asked; the second person is told who was faster."""
    ticket = runtime.ask(LOST, sender=SIMON, subject="Lost", authenticated=True)
    question = runtime.review(ticket.id)
    with pytest.raises(RejectedError, match="may not approve"):
        runtime.answer(question, Approve(), by="tomas")
    assert runtime.answer(question, Approve(), by="ines").status == "answered"
    with pytest.raises(RejectedError, match="ines"):
        runtime.answer(question, Reject(reason="wait"), by="maria")
    assert runtime.ledger.effect_counts() == (1, 1)


async def test_a_sync_desk_works_inside_an_event_loop(var: Path, clock: SteppingClock) -> None:
    """A notebook's loop is running when a cell calls `with open_runtime()`."""
    with open_runtime(Settings(var=var), clock=clock) as desk:
        assert desk.ask(LOST, sender=SIMON, subject="Lost", authenticated=True).status == "waiting"


async def test_async_calls_leave_the_loop_free(var: Path, clock: SteppingClock) -> None:
    """Tickets go side by side while the loop goes on with its own work."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.005)

    heart = asyncio.create_task(beat())
    async with open_runtime(Settings(var=var, workers=2), clock=clock) as desk:
        assert isinstance(desk, AsyncRuntime)
        asked = (desk.ask(text, sender=SIMON, authenticated=True) for text in (LOST, "When are you open?"))
        tickets = await asyncio.gather(*asked)
        waiting = await desk.inbox()
    heart.cancel()
    assert sorted(ticket.status for ticket in tickets) == ["answered", "waiting"]
    assert len(waiting) == 1
    assert beats > 5


async def test_a_review_is_answered_with_await(var: Path, clock: SteppingClock) -> None:
    """The async desk asks and answers like the sync one, and reads steps without blocking the loop."""
    async with open_runtime(Settings(var=var), clock=clock) as desk:
        ticket = await desk.ask(LOST, sender=SIMON, subject="Lost", authenticated=True)
        ticket = await desk.answer(await desk.review(ticket.id), Approve(), by="ines")
        steps = await desk.aside(ticket.steps)
        assert (await desk.ticket(ticket.id)).status == "answered"
    assert "execute" in [step.node for step in steps]


async def test_two_answers_at_once_are_one_decision(var: Path, clock: SteppingClock) -> None:
    """Of two people who answer the same question at the same time one is told that the other did."""
    async with open_runtime(Settings(var=var, workers=2), clock=clock) as desk:
        ticket = await desk.ask(LOST, sender=SIMON, subject="Lost", authenticated=True)
        question = await desk.review(ticket.id)
        answers = (desk.answer(question, said, by="ines") for said in (Approve(), Reject(reason="no")))
        ended = await asyncio.gather(*answers, return_exceptions=True)
        refused = [one for one in ended if isinstance(one, RejectedError)]
        assert [error.full_code for error in refused] == ["rejected.already_answered"]
        assert desk.runtime.ledger.effect_counts() in ((1, 1), (0, 0))


async def test_closing_waits_for_what_was_cancelled(var: Path, clock: SteppingClock) -> None:
    """A cancelled await does not stop a ticket halfway: it has come to its end when the desk is closed."""
    before = set(threading.enumerate())
    async with open_runtime(Settings(var=var), clock=clock) as desk:
        running = asyncio.create_task(desk.ask(LOST, sender=SIMON, subject="Lost", authenticated=True))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert set(threading.enumerate()) <= before
    with open_runtime(Settings(var=var), clock=clock) as again:
        assert [item.status for item in again.inbox()] == ["waiting"]


def test_a_closed_desk_says_so(var: Path, clock: SteppingClock) -> None:
    """A ticket kept after closing still shows what it is; reading on is refused, and no file is opened again."""
    with open_runtime(Settings(var=var), clock=clock) as desk:
        ticket = desk.ask(LOST, sender=SIMON, subject="Lost", authenticated=True)
    assert ticket.id in ticket._repr_html_()  # pyright: ignore[reportPrivateUsage]  what a notebook calls
    for read in (ticket.timeline, ticket.steps, ticket.plans, ticket.why, desk.inbox):
        with pytest.raises(StorageError) as error:
            read()
        assert error.value.full_code == "storage.closed"


def test_an_opening_opens_once(var: Path, clock: SteppingClock) -> None:
    """A second `with` on the same opening is refused: the first desk would be lost."""
    opening = open_runtime(Settings(var=var), clock=clock)
    with opening, pytest.raises(MisuseError), opening:
        pass


def test_what_fails_to_open_is_closed_again(var: Path, tmp_path: Path) -> None:
    """An error on the way leaves no thread and no open file behind, sync and async."""
    (var / "checkpoints.db").write_bytes(b"no database")
    before = set(threading.enumerate())

    async def enter() -> None:
        async with open_runtime(Settings(var=var)):
            raise AssertionError

    with pytest.raises(StorageError), open_runtime(Settings(var=var)):
        raise AssertionError
    with pytest.raises(StorageError):
        asyncio.run(enter())
    assert set(threading.enumerate()) <= before


CLEAN = """
import asyncio, gc, os, sys, threading
from pathlib import Path
from countersign.runtime import open_runtime
from countersign.settings import Settings
settings = Settings(var=Path(sys.argv[1]))
async def main():
    async with open_runtime(settings) as desk:
        await asyncio.gather(*(desk.ask("When are you open?", sender="a@example.net") for _ in range(2)))
        await desk.run([sys.argv[2]])
with open_runtime(settings) as desk:
    desk.ask("When are you open?", sender="a@example.net")
asyncio.run(main())
gc.collect()
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
folder = Path("/proc/self/fd")
left = [os.readlink(file) for file in folder.iterdir() if os.path.exists(file)] if folder.is_dir() else []
assert not [path for path in left if path.startswith(sys.argv[1])], left
"""


def test_nothing_is_left_behind(prepared_var: Path, tmp_path: Path) -> None:
    """After closing there is no thread, no open file of the desk, and no warning about a resource."""
    import shutil

    var = tmp_path / "var"
    shutil.copytree(prepared_var / "triage", var / "triage")
    mail = demonstration_desk() / "mail" / "001-where-is-my-order.eml"
    command = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", CLEAN, str(var), str(mail)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr
    assert "ResourceWarning" not in finished.stderr
    assert "Exception ignored" not in finished.stderr
