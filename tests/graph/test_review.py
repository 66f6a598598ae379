"""Reviews: what a person is shown, what their answer does, and whose answer counts."""

import pytest

from countersign.domain.errors import RejectedError
from countersign.domain.review import Approve, Close, Edit, EditedProposal, OwnAnswer, Reject, Reply, TakeOver
from countersign.domain.shop import Order
from countersign.domain.ticket import Ticket, TicketRef
from countersign.intake import take
from countersign.ledger.check import check_ledger
from countersign.review import Shown, answer, expire, reopen, shown
from countersign.runtime import Runtime, thread_config
from tests.conftest import SteppingClock
from tests.messages import message

SIMON = "simon.hartigan@example.org"
LOST = (
    "order FH-10072, the Basecamp tent, has not been scanned for nearly three weeks. It must be lost. We needed it "
    "last weekend and bought another, so please refund the full price."
)


def deliver(runtime: Runtime, key: str = "m1", text: str = LOST, **more: object) -> Ticket:
    """A message about a lost tent, to the end of its turn."""
    taken = take(message(key, SIMON, "Basecamp tent lost, FH-10072", text, **more), runtime.deps)
    return runtime.handle(taken.ticket)


@pytest.fixture
def asked(runtime: Runtime) -> Shown:
    """A large refund that waits for a person, as the person sees it."""
    return shown(runtime, deliver(runtime).id)


def say(runtime: Runtime, asked: Shown, reply: Reply, person: str = "ines") -> Ticket:
    """A person answers what they were shown."""
    return answer(runtime, asked.ticket.id, reply, person, asked.digest)


def refused(runtime: Runtime, asked: Shown, reply: Reply, person: str = "ines") -> str:
    """The code with which the answer is refused; the question must stay open and nothing must have happened."""
    before = runtime.ledger.effect_counts()
    with pytest.raises(RejectedError) as caught:
        say(runtime, asked, reply, person)
    assert runtime.ledger.effect_counts() == before
    review = runtime.ledger.review_shown(asked.ticket.id, asked.digest)
    assert review is not None
    assert review.status == "open"
    return caught.value.full_code


def order(runtime: Runtime, number: str = "FH-10072") -> Order:
    """An order as the shop has it now."""
    found = runtime.deps.shop.order(number)
    assert found is not None
    return found


def refunds(runtime: Runtime) -> list[int]:
    """What was refunded for the tent."""
    return [refund.amount for refund in order(runtime).refunds]


def mail(runtime: Runtime, ticket: Ticket) -> str:
    """The text of the turn's reply."""
    return str(runtime.ledger.proposals(TicketRef(id=ticket.id, turn=ticket.turn))[-1].args["body"])


def edit_of(asked: Shown, **args: object) -> Edit:
    """The refund with other arguments, the reply with the same words but for the amount."""
    (proposal,) = asked.proposals
    changed = EditedProposal.model_validate(
        {"kind": proposal.kind, "target": proposal.target, "args": proposal.args | args}
    )
    return Edit(proposals=(changed,), body=None)


def body_with(asked: Shown, amount: str) -> str:
    """The draft's text with another amount."""
    assert asked.draft is not None
    return asked.draft.body.replace("649.00", amount)


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
