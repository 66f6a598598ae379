"""Questions to people: answered once, by name, about exactly what was shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.outcome import Receipt, Review
from countersign.domain.review import Asked
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger
from tests.unit.ledger_cases import (
    NOW,
    accept,
    at,
    carry_out,
    claim,
    claimed,
    message,
    new_ledger,
    new_ticket,
    next_one,
    nobody_may,
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


def asked(ledger: SqlLedger) -> tuple[TicketRef, Review]:
    """A ticket that waits for a person."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), answer="ask"), NOW)
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    return ref, review


def code(error: pytest.ExceptionInfo[RejectedError]) -> str:
    return error.value.full_code


def test_approval_lets_exactly_that_be_done(ledger: SqlLedger) -> None:
    """After a person approved, what the policy asks about is granted in that person's name."""
    ref, review = asked(ledger)
    answered = ledger.answer_review(review.id, review.digest, "approve", "alice", "fine", at(1))
    assert (answered.status, answered.answer, answered.by, answered.at) == ("answered", "approve", "alice", at(1))
    assert ledger.review(ref.id, ref.turn) == answered
    assert ledger.unfinished() == (ref,)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), decided="ask", approver="alice"), at(2))
    granted = next_one(ledger, ref)
    assert granted.grant.approver == "alice"
    assert refused(claim(ledger, granted, at(3), "deny")) == "claim.policy"
    ledger.settle(found := claimed(ledger, ref), _receipt(found.key), at(3))
    assert carry_out(ledger, ref) == 1


def _receipt(key: str) -> Receipt:
    return Receipt(key=key, reference="RF-1", at=NOW, amount=1000, currency="EUR")


def test_second_answer_is_told_who_was_first(ledger: SqlLedger) -> None:
    """The first answer stands; the second person hears who answered what, and when."""
    ref, review = asked(ledger)
    ledger.answer_review(review.id, review.digest, "reject", "alice", "", at(1))
    with pytest.raises(RejectedError, match="alice answered reject at 2026-11-16T09:01:00") as caught:
        ledger.answer_review(review.id, review.digest, "approve", "bob", "", at(2))
    assert code(caught) == "rejected.already_answered"
    kept = ledger.review(ref.id, ref.turn)
    assert kept is not None
    assert (kept.answer, kept.by) == ("reject", "alice")


def test_answer_to_something_else_is_refused(ledger: SqlLedger) -> None:
    """An answer counts only for what was shown to the person."""
    _, review = asked(ledger)
    with pytest.raises(RejectedError) as caught:
        ledger.answer_review(review.id, "another digest", "approve", "alice", "", NOW)
    assert code(caught) == "rejected.digest"


def test_void_review_is_not_answered(ledger: SqlLedger) -> None:
    """After a new message the old question does not stand any more."""
    _, review = asked(ledger)
    accept(ledger, message("m2", subject="CS-1001"))
    with pytest.raises(RejectedError) as caught:
        ledger.answer_review(review.id, review.digest, "approve", "alice", "", NOW)
    assert code(caught) == "rejected.void"


def test_answer_at_the_deadline_is_too_late(ledger: SqlLedger) -> None:
    """A review expires at its deadline, to the microsecond, and the ticket has work to do."""
    ref, review = asked(ledger)
    for _ in range(2):
        with pytest.raises(RejectedError) as caught:
            ledger.answer_review(review.id, review.digest, "approve", "alice", "", review.deadline)
        assert code(caught) == "rejected.expired"
    kept = ledger.review(ref.id, ref.turn)
    assert kept is not None
    assert kept.status == "expired"
    assert ledger.unfinished() == (ref,)


@pytest.mark.parametrize(("review_id", "by"), [("R-none", "alice"), ("", "alice"), (None, "  ")])
def test_unknown_review_or_nameless_answer_is_misuse(ledger: SqlLedger, review_id: str | None, by: str) -> None:
    """Somebody named answers something that exists."""
    _, review = asked(ledger)
    with pytest.raises(MisuseError):
        ledger.answer_review(review.id if review_id is None else review_id, review.digest, "approve", by, "", NOW)


@pytest.mark.parametrize("approver", ["alice", "bob"])
def test_approver_must_have_approved(ledger: SqlLedger, approver: str) -> None:
    """A ruling in a person's name needs that person's approval of exactly these proposals."""
    ref, review = asked(ledger)
    if approver == "bob":
        ledger.answer_review(review.id, review.digest, "approve", "alice", "", NOW)
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), decided="ask", approver=approver), NOW)
    assert code(caught) == "rejected.unapproved"


def test_approval_does_not_cover_other_amounts(ledger: SqlLedger) -> None:
    """What was approved for ten euros is not approved for eleven."""
    ref, review = asked(ledger)
    ledger.answer_review(review.id, review.digest, "approve", "alice", "", NOW)
    larger = ruling(ref, refund(amount=1100), reply(ref), decided="ask", approver="alice")
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(ref, larger, NOW)
    assert code(caught) == "rejected.unapproved"


def test_rejection_is_final_for_the_same_plan(ledger: SqlLedger) -> None:
    """What a person rejected is not allowed in the same turn, not even by the policy."""
    ref, review = asked(ledger)
    ledger.answer_review(review.id, review.digest, "reject", "alice", "", NOW)
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(ref, ruling(ref, refund(), reply(ref)), NOW)
    assert code(caught) == "rejected.by_person"
    ledger.record_verdict(ref, ruling(ref, reply(ref)), NOW)
    assert next_one(ledger, ref).proposal.kind == "send_reply"


def test_question_may_be_asked_again_after_its_answer(ledger: SqlLedger) -> None:
    """Where the grants of an approval have expired, the same question is opened anew."""
    ref, review = asked(ledger)
    ledger.answer_review(review.id, review.digest, "approve", "alice", "", NOW)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), decided="ask", approver="alice"), NOW)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), answer="ask", now=at(100)), at(100))
    again = ledger.review(ref.id, ref.turn)
    assert again is not None
    assert (again.status, again.digest) == ("open", review.digest)
    assert again.id != review.id
    assert ledger.next_granted(ref) is None


def test_step_that_runs_again_does_not_ask_again(ledger: SqlLedger) -> None:
    """A crash after the question was recorded does not cost the answer that came meanwhile."""
    ref, review = asked(ledger)
    answered = ledger.answer_review(review.id, review.digest, "approve", "alice", "", NOW)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), answer="ask", now=at(1)), at(1))
    assert ledger.review(ref.id, ref.turn) == answered


def test_what_was_rejected_is_not_allowed_because_something_else_was_approved(ledger: SqlLedger) -> None:
    """A later yes to another amount does not undo the no to this one."""
    ref, review = asked(ledger)
    ledger.answer_review(review.id, review.digest, "reject", "alice", "", NOW)
    ledger.record_verdict(ref, ruling(ref, refund(amount=900), reply(ref), answer="ask"), at(1))
    again = ledger.review(ref.id, ref.turn)
    assert again is not None
    ledger.answer_review(again.id, again.digest, "approve", "bob", "", at(2))
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(ref, ruling(ref, refund(), reply(ref)), at(3))
    assert code(caught) == "rejected.by_person"


def test_own_answer_that_may_not_be_given_is_refused(ledger: SqlLedger) -> None:
    """Of a person's own reply nothing is kept where they may not send it."""
    ref, review = asked(ledger)

    words = Asked(id="P-1", proposal=reply(ref), version="", context={})
    with pytest.raises(RejectedError) as caught:
        ledger.answer_review(review.id, review.digest, "answer", "alice", "", NOW, permit=nobody_may, asked=(words,))
    assert code(caught) == "rejected.not_permitted"
    kept = ledger.review(ref.id, ref.turn)
    assert kept is not None
    assert kept.status == "open"
