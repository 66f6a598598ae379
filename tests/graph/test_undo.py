"""Plans of several steps: what can be taken back goes first, and is taken back where a later step fails."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from countersign.domain.errors import FailedError, RejectedError, UnknownOutcomeError
from countersign.domain.review import Approve, Edit, Reject
from countersign.domain.ticket import TicketRef
from countersign.ledger.check import check_ledger
from countersign.review import answer, shown
from countersign.runtime import Runtime
from tests.conftest import SteppingClock
from tests.graph.undoing import AWAY, HOME, asked, asking_desk, opened, street, with_refund

NO = FailedError("the payment provider refuses", detail="refused_by_provider")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk where a person is asked about every new address."""
    return asking_desk(tmp_path)


def kinds(runtime: Runtime, ticket: str) -> list[tuple[str, str]]:
    """The turn's effects in the order in which they were begun, and how each ended."""
    return [(one.kind, one.status) for one in runtime.ledger.receipts(TicketRef(id=ticket, turn=1))]


def drawn(view: object) -> str:
    """What a terminal shows."""
    console = Console(file=io.StringIO(), width=120)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined]  it is the buffer above


def test_reviewer_sees_what_would_be_taken_back(var: Path, clock: SteppingClock, desk: Path) -> None:
    """Before anybody approves: what the desk takes back by itself, and in which words."""
    with opened(var, desk, clock) as runtime:
        seen = asked(runtime)
        (change,) = seen.proposals
        assert change.taken_back == "Take back: Send order FH-10019 to another address, in Wien (AT)."
        assert "if a later step fails: Take back" in drawn(runtime.review(seen.ticket.id))


def test_steps_that_can_be_taken_back_go_first_and_the_mail_last(var: Path, clock: SteppingClock, desk: Path) -> None:
    """Whatever order a person wrote them in; with nothing in the way, nothing is taken back."""
    with opened(var, desk, clock) as runtime:
        ended = with_refund(runtime, asked(runtime))
        assert kinds(runtime, ended.id) == [("change_address", "done"), ("refund", "done"), ("send_reply", "done")]
        assert (ended.status, street(runtime)) == ("answered", AWAY)


def test_failure_in_the_middle_is_taken_back_under_its_own_grant(var: Path, clock: SteppingClock, desk: Path) -> None:
    """The refund fails for good: the address is what it was, no mail leaves, a person has the exact state."""
    with opened(var, desk, clock, refunds=NO) as runtime:
        ended = with_refund(runtime, asked(runtime))
        assert kinds(runtime, ended.id) == [
            ("change_address", "done"),
            ("refund", "failed"),
            ("change_address", "done"),
        ]
        assert (ended.status, street(runtime)) == ("handed_over", HOME)
        assert "refund on order/FH-10019 failed" in ended.reason
        assert "change_address on order/FH-10019 taken back: done" in ended.reason
        story = drawn(runtime.timeline(ended.id))
        assert "undo begun  because refund on order/FH-10019 failed" in story
        assert check_ledger(runtime.settings.ledger_file) == ()


def test_doubt_about_a_step_takes_nothing_back(var: Path, clock: SteppingClock, desk: Path) -> None:
    """The refund may have happened: a person looks first, and nothing is undone meanwhile."""
    with opened(var, desk, clock, refunds=UnknownOutcomeError("no answer", detail="timeout")) as runtime:
        ended = with_refund(runtime, asked(runtime))
        assert kinds(runtime, ended.id) == [("change_address", "done"), ("refund", "unknown")]
        assert (ended.status, street(runtime)) == ("waiting", AWAY)


def test_step_back_that_policy_asks_about_waits_for_a_person(var: Path, clock: SteppingClock, desk: Path) -> None:
    """A step back meets the policy like anything else; it can be approved or rejected, not edited."""
    policy = desk / "policy.cedar"
    policy.write_text(policy.read_text().replace(' || principal == Playbook::"undo"', ""))
    with opened(var, desk, clock, refunds=NO) as runtime:
        waiting = with_refund(runtime, asked(runtime))
        assert (waiting.status, street(runtime)) == ("waiting", AWAY)
        back = shown(runtime, waiting.id)
        assert [(one.kind, one.done) for one in back.proposals] == [("change_address", False)]
        assert back.draft is None
        with pytest.raises(RejectedError, match="approved or rejected"):
            answer(runtime, waiting.id, Edit(body="Sorry!"), "ines", back.digest)
        assert answer(runtime, waiting.id, Approve(), "ines", back.digest).status == "handed_over"
        assert street(runtime) == HOME


def test_step_back_that_a_person_rejects_is_not_taken(var: Path, clock: SteppingClock, desk: Path) -> None:
    """What was done stays done, and the ticket goes to a person who knows that."""
    policy = desk / "policy.cedar"
    policy.write_text(policy.read_text().replace(' || principal == Playbook::"undo"', ""))
    with opened(var, desk, clock, refunds=NO) as runtime:
        waiting = with_refund(runtime, asked(runtime))
        ended = answer(runtime, waiting.id, Reject(reason="leave it"), "ines", shown(runtime, waiting.id).digest)
        assert (ended.status, street(runtime)) == ("handed_over", AWAY)
        assert "ines rejected it: leave it" in ended.reason


def test_record_that_somebody_else_changed_is_asked_about(var: Path, clock: SteppingClock, desk: Path) -> None:
    """Between the step and its failure the order got a third address: taking the step back would lose it."""
    with opened(var, desk, clock, refunds=NO) as runtime:
        seen, shop = asked(runtime), runtime.deps.shop
        order = shop.order("FH-10019")
        assert order is not None
        third = order.ship_to.model_copy(update={"street": "Dritte Gasse 3"})

        def refuse_and_move(*_: object) -> object:
            shop.change_address("somebody-else", "FH-10019", third)
            raise NO

        shop.refund = refuse_and_move  # type: ignore[method-assign]  the faulty shop is an object of the tests
        waiting = with_refund(runtime, seen)
        assert waiting.status == "waiting"
        (question,) = shown(runtime, waiting.id).proposals
        assert question.rules == ("undo.changed-since",)
        assert street(runtime) == "Dritte Gasse 3"
