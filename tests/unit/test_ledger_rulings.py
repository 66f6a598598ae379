"""What the gates said, in the ledger: once, complete, and never for a turn that is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.frozen import digest
from countersign.domain.outcome import Outcome, Receipt, Ruling
from countersign.domain.plan import UNDO
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger
from countersign.ledger.read import timeline
from tests.unit.ledger_cases import (
    ANN,
    NOW,
    accept,
    allowed,
    at,
    cancel,
    carry_out,
    claim,
    claimed,
    message,
    new_ledger,
    new_ticket,
    next_one,
    refund,
    refused,
    reply,
    ruling,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path)
    yield found
    found.close()


def events(ledger: SqlLedger, ref: TicketRef) -> list[str]:
    return [event.event for event in timeline(ledger, ref.id)]


def test_allow_gives_one_bound_grant_for_each_proposal(ledger: SqlLedger) -> None:
    """A grant binds arguments, version, rules, policy, graph, approver, expiry and ceiling."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref))
    granted = next_one(ledger, ref)
    grant = granted.grant
    assert granted.proposal == refund()
    assert granted.sender.address == ANN
    assert grant.arguments_digest == refund().arguments_digest
    assert (grant.version, grant.rules, grant.policy) == ("order/FH-10001@3", ("small-refunds",), "policy-1")
    assert (grant.graph, grant.approver, grant.expires_at, grant.ceiling) == ("graph-1", "policy", at(60), 5000)
    assert (grant.slot, grant.key) == (1, digest(["refund", "order/FH-10001", 1]))
    assert events(ledger, ref).count("grant.given") == 2
    assert ledger.progress(ref).model_dump() == {"done": 0, "remaining": 2, "problem": ""}


def test_same_ruling_twice_changes_nothing(ledger: SqlLedger) -> None:
    """Recording is idempotent to the last audit row."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref))
    before = events(ledger, ref)
    allowed(ledger, ref, refund(), reply(ref))
    assert events(ledger, ref) == before


@pytest.mark.parametrize("answer", ["allow", "ask", "deny"])
def test_same_words_a_minute_later_change_nothing(ledger: SqlLedger, answer: str) -> None:
    """A step that runs again after a crash, with a later clock, finds its ruling still standing."""
    ref = new_ticket(ledger)
    for minutes in (0, 1):
        said = Ruling.model_validate(ruling(ref, refund(), now=at(minutes)).model_dump() | _answered(ref, answer))
        ledger.record_verdict(ref, said, at(minutes))
    assert events(ledger, ref).count("verdict.recorded") == 1


def _answered(ref: TicketRef, answer: str) -> dict[str, object]:
    judged = ruling(ref, refund(), answer="deny", decided="deny") if answer == "deny" else ruling(ref, refund())
    return {"verdict": judged.verdict.model_copy(update={"answer": answer}).model_dump()}


def test_expired_grants_are_given_anew(ledger: SqlLedger) -> None:
    """The same ruling after its grants have expired gives new ones, and voids the old ones."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund())
    old = next_one(ledger, ref)
    ledger.record_verdict(ref, ruling(ref, refund(), now=at(90)), at(90))
    assert refused(claim(ledger, old, at(91))) == "claim.void"
    assert claimed(ledger, ref, at(91)).key == old.grant.key


def test_plan_order_has_the_reply_last(ledger: SqlLedger) -> None:
    """Whatever the order of the ruling, the reply is the last to be carried out."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref), cancel(), refund())
    assert [item.kind for item in ledger.proposals(ref)] == ["cancel_order", "refund", "send_reply"]
    assert next_one(ledger, ref).proposal.kind == "cancel_order"


def test_deny_grants_nothing(ledger: SqlLedger) -> None:
    """Denied proposals are recorded, and nothing can be carried out."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="deny"), NOW)
    assert ledger.proposals(ref) == (refund(),)
    assert ledger.next_granted(ref) is None
    assert ledger.progress(ref).remaining == 0
    assert ledger.unfinished() == (ref,)


def test_later_denial_voids_what_was_granted(ledger: SqlLedger) -> None:
    """A stricter ruling takes unused grants away, and leaves what was done."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref))
    carried = claimed(ledger, ref)
    amount = Receipt(key=carried.key, reference="RF-1", at=NOW, amount=1000, currency="EUR")
    ledger.settle(carried, amount, NOW)
    waiting = next_one(ledger, ref)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), answer="deny"), at(1))
    assert refused(claim(ledger, waiting, at(1))) == "claim.void"
    assert ledger.progress(ref).done == 1


def test_ask_opens_a_review_and_waits(ledger: SqlLedger) -> None:
    """A person is asked about exactly what was proposed, by a deadline, and nothing is granted."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), answer="ask", reasons=("large",)), NOW)
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    assert (review.status, review.reasons, review.deadline) == ("open", ("large",), at(3 * 24 * 60))
    assert [item.answer for item in review.decisions] == ["ask", "ask"]
    assert ledger.next_granted(ref) is None
    assert "there is no grant" in ledger.progress(ref).problem
    ticket = ledger.ticket(ref.id)
    assert ticket is not None
    assert ticket.status == "waiting"


def test_another_question_voids_the_open_one(ledger: SqlLedger) -> None:
    """Only one question of a ticket is open at a time: the one about the latest plan."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    ledger.record_verdict(ref, ruling(ref, refund(amount=900), answer="ask"), NOW)
    assert events(ledger, ref).count("review.void") == 1
    assert ledger.proposals(ref) == (refund(amount=900),)


def test_same_question_under_another_policy_stays_open(ledger: SqlLedger) -> None:
    """A question is what is shown: where that is the same, the person is not asked twice."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    first = ledger.review(ref.id, ref.turn)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask", policy="policy-2"), NOW)
    assert ledger.review(ref.id, ref.turn) == first


def test_allow_closes_an_open_question(ledger: SqlLedger) -> None:
    """Where the policy comes to allow it, nobody has to be asked any more."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    allowed(ledger, ref, refund())
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    assert review.status == "void"
    assert ledger.unfinished() == (ref,)


def test_superseded_turn_is_refused(ledger: SqlLedger) -> None:
    """A ruling on a turn that a new message ended writes nothing."""
    ref = new_ticket(ledger)
    accept(ledger, message("m2", subject="CS-1001"))
    before = events(ledger, ref)
    with pytest.raises(RejectedError) as caught:
        allowed(ledger, ref, refund())
    assert caught.value.full_code == "rejected.superseded"
    assert events(ledger, ref) == before


def test_ended_turn_takes_no_new_ruling(ledger: SqlLedger) -> None:
    """A replay of a finished turn can't give new grants; repeating its own ruling is harmless."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref))
    carry_out(ledger, ref)
    ledger.record_outcome(ref, Outcome(kind="answered"), NOW)
    allowed(ledger, ref, reply(ref))
    with pytest.raises(RejectedError) as caught:
        allowed(ledger, ref, refund())
    assert caught.value.full_code == "rejected.ended"


def test_unknown_ticket_is_misuse(ledger: SqlLedger) -> None:
    """A ruling on a ticket that does not exist is the caller's mistake."""
    ref = TicketRef(id="CS-9", turn=1)
    with pytest.raises(MisuseError, match="no ticket CS-9"):
        allowed(ledger, ref, refund())


def test_ruling_must_judge_each_proposal(ledger: SqlLedger) -> None:
    """A proposal without its decision, or with another's, is refused."""
    ref = new_ticket(ledger)
    whole = ruling(ref, refund(), cancel())
    with pytest.raises(MisuseError, match="each of its proposals"):
        ledger.record_verdict(ref, whole.model_copy(update={"proposals": (refund(),)}), NOW)
    with pytest.raises(MisuseError, match="stands where"):
        ledger.record_verdict(ref, whole.model_copy(update={"proposals": (cancel(), refund())}), NOW)


@pytest.mark.parametrize("decided", ["ask", "deny"])
def test_allow_never_covers_what_the_policy_did_not(ledger: SqlLedger, decided: str) -> None:
    """A verdict that is laxer than its decisions is refused."""
    ref = new_ticket(ledger)
    lax = ruling(ref, refund(), decided="deny" if decided == "deny" else "ask")
    with pytest.raises(MisuseError, match="can't allow"):
        ledger.record_verdict(ref, lax, NOW)


def test_same_proposal_twice_in_a_plan_is_one(ledger: SqlLedger) -> None:
    """The same content in the same turn is the same proposal."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), refund())
    assert ledger.proposals(ref) == (refund(),)


def test_slot_counts_effects_on_the_target(ledger: SqlLedger) -> None:
    """A second effect on the same target has a slot, and so a key, of its own."""
    first, second = new_ticket(ledger, "m1"), new_ticket(ledger, "m2")
    allowed(ledger, first, refund())
    carry_out(ledger, first)
    allowed(ledger, second, refund(amount=500, version=4))
    assert next_one(ledger, second).grant.slot == 2
    assert ledger.effects_on("refund", "order/FH-10001") == 1


def test_reply_slot_is_the_turn(ledger: SqlLedger) -> None:
    """At most one reply leaves in a turn, however often it is written."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref, body="one"))
    first = next_one(ledger, ref)
    allowed(ledger, ref, reply(ref, body="two"))
    second = next_one(ledger, ref)
    assert (first.grant.key, first.grant.slot) == (second.grant.key, 1)
    assert first.proposal_id != second.proposal_id


def test_open_elsewhere_counts_other_tickets_only(ledger: SqlLedger) -> None:
    """A proposal that waits in another ticket is seen, until it is carried out or void."""
    first, second = new_ticket(ledger, "m1"), new_ticket(ledger, "m2")
    allowed(ledger, first, refund())
    count = ("refund", "order/FH-10001")
    assert ledger.open_elsewhere(*count, first.id) == 0
    assert ledger.open_elsewhere(*count, second.id) == 1
    carry_out(ledger, first)
    assert ledger.open_elsewhere(*count, second.id) == 0


def test_replies_since_counts_by_address(ledger: SqlLedger) -> None:
    """Replies are counted by where they went, in any case, and since when."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref, to="Ann@Example.org"))
    assert ledger.replies_since(ANN, at(-1)) == 0
    carry_out(ledger, ref)
    assert ledger.replies_since(ANN, at(-1)) == 1
    assert ledger.replies_since(ANN, at(1)) == 0
    assert ledger.replies_since("bob@example.org", at(-1)) == 0


def test_plan_taken_back_may_come_again(ledger: SqlLedger) -> None:
    """A proposal that another plan replaced is proposed again under its own slot."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund())
    key = next_one(ledger, ref).grant.key
    allowed(ledger, ref, cancel())
    ledger.record_verdict(ref, ruling(ref, refund(), policy="policy-2"), NOW)
    assert next_one(ledger, ref).grant.key == key
    assert ledger.proposals(ref) == (refund(),)


def test_customer_of_the_ruling_is_remembered(ledger: SqlLedger) -> None:
    """The ticket knows its customer once somebody was recognised, and keeps them."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), on_record=ANN), NOW)
    allowed(ledger, ref, cancel())
    ticket = ledger.ticket(ref.id)
    assert ticket is not None
    assert ticket.customer == "C-00001"


def test_a_ruling_that_comes_back_after_another_is_made_again(ledger: SqlLedger) -> None:
    """Even at the very same time: its question was voided, so it is asked anew, and the ticket waits again."""
    ref = new_ticket(ledger)
    asks, others = ruling(ref, refund(), answer="ask"), ruling(ref, refund(amount=900), answer="ask")
    opened: list[str] = []
    for one in (asks, others, asks, asks):
        ledger.record_verdict(ref, one, NOW)
        review = ledger.review(ref.id, ref.turn)
        assert review is not None
        assert review.status == "open"
        opened.append(review.id)
    assert len(set(opened[:3])) == 3
    assert opened[3] == opened[2]
    assert events(ledger, ref).count("verdict.recorded") == 3


@pytest.mark.parametrize("forward", [True, False])
def test_a_step_back_needs_a_failed_turn_of_its_own(ledger: SqlLedger, forward: bool) -> None:
    """A ruling never goes forward and back at once, and nothing is taken back that was not done."""
    ref = new_ticket(ledger)
    back = cancel().model_copy(update={"by": UNDO})
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(ref, ruling(ref, *([refund()] if forward else []), back), NOW)
    assert caught.value.full_code == ("rejected.undoing" if forward else "rejected.nothing_to_undo")
    assert ledger.proposals(ref) == ()
