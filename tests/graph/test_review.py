"""Reviews: what a person is shown, what their answer does, and whose answer counts."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from countersign.domain.errors import RejectedError
from countersign.domain.review import Approve, Close, Reject, Reply, TakeOver
from countersign.ledger.check import check_ledger
from countersign.review import Shown
from countersign.runtime import Runtime
from tests.graph.reviewing import LOST, lost_tent, refunds, refused, say


@pytest.fixture
def asked(runtime: Runtime) -> Shown:
    """A large refund that waits for a person, as the person sees it."""
    return lost_tent(runtime)


def test_shown_holds_everything_a_person_needs(asked: Shown) -> None:
    """Ticket, messages, facts, proposals with what undoes them, the rules that asked, the draft, risk and deadline."""
    (proposal,) = asked.proposals
    assert (proposal.kind, proposal.target, proposal.args["amount"]) == ("refund", "order/FH-10072", 64900)
    assert proposal.undo == ""
    assert "refund.over-50" in proposal.rules
    assert str(asked.risk) == "649.00 €"
    assert asked.draft is not None
    assert asked.deadline is not None
    assert asked.messages[0].text == LOST
    assert any(fact.source.startswith("shop:") for fact in asked.facts)
    assert asked.digest == (asked.review.digest if asked.review else None)


def test_approval_is_carried_out_once(runtime: Runtime, asked: Shown) -> None:
    """A lead approves: the refund and the reply happen, once; a second click is told who answered what and when."""
    assert say(runtime, asked, Approve(note="seen the scans")).status == "answered"
    assert refunds(runtime) == [64900]
    with pytest.raises(RejectedError, match=r"ines answered approve at 2026-11-16T09:00:00") as caught:
        say(runtime, asked, Approve())
    assert caught.value.full_code == "rejected.already_answered"
    assert runtime.ledger.effect_counts() == (1, 1)
    assert check_ledger(runtime.settings.ledger_file) == ()


def test_rejection_is_final(runtime: Runtime, asked: Shown) -> None:
    """A rejected proposal is the person's; nobody can approve it afterwards."""
    ended = say(runtime, asked, Reject(reason="the parcel was found"))
    assert (ended.status, ended.reason) == ("handed_over", "ines rejected it: the parcel was found")
    with pytest.raises(RejectedError, match="ines answered reject"):
        say(runtime, asked, Approve(), "maria")
    assert runtime.ledger.effect_counts() == (0, 0)


@pytest.mark.parametrize("person", ["", "nobody", "Ines", "ines ", "policy", "desk", "'; DROP TABLE reviews; --"])
@pytest.mark.parametrize("reply", [Approve(), Reject(reason="no"), TakeOver(), Close()])
def test_unknown_person_is_refused(runtime: Runtime, asked: Shown, person: str, reply: Reply) -> None:
    """Only people of the desk answer, by their exact id; the audit keeps that somebody tried."""
    assert refused(runtime, asked, reply, person) == "rejected.unknown_person"
    assert check_ledger(runtime.settings.ledger_file) == ()


@pytest.mark.parametrize(("person", "code"), [("maria", "rejected.limit"), ("hanne", "rejected.not_permitted")])
def test_person_who_may_not_approve_is_refused(runtime: Runtime, asked: Shown, person: str, code: str) -> None:
    """More than today's limit, or a role without the right: refused, open still, and a lead may approve it."""
    assert refused(runtime, asked, Approve(), person) == code
    assert say(runtime, asked, Approve()).status == "answered"


def test_take_over_hands_the_ticket_over(runtime: Runtime, asked: Shown) -> None:
    """Whoever takes a ticket over has it; nothing is carried out."""
    ended = say(runtime, asked, TakeOver(), "tomas")
    assert (ended.status, ended.reason) == ("handed_over", "tomas took it over")
    assert runtime.ledger.effect_counts() == (0, 0)


def test_close_ends_the_ticket_without_a_reply(runtime: Runtime, asked: Shown) -> None:
    """A closed ticket is closed: no reply, no effect."""
    ended = say(runtime, asked, Close(note="rang the customer"), "tomas")
    assert (ended.status, ended.reason) == ("closed", "tomas closed it: rang the customer")
    assert runtime.ledger.effect_counts() == (0, 0)


def test_answer_waits_for_whoever_has_the_ticket(runtime: Runtime, asked: Shown) -> None:
    """Somebody else has the ticket for a moment when the answer is written: it is carried out once they let go."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        with runtime.locks.held(asked.ticket.id) as ours:
            assert ours
            answering = pool.submit(say, runtime, asked, Approve())
            while runtime.ticket(asked.ticket.id).status == "waiting" and not answering.done():
                sleep(0.01)
        assert answering.result().status == "answered"
    assert refunds(runtime) == [64900]
