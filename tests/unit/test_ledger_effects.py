"""What became of effects: settled by whoever holds the claim, tried again where nothing happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.outcome import Claim, Outcome
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger
from countersign.ledger.read import timeline
from tests.unit.ledger_cases import (
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
    receipt,
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


@pytest.fixture
def ref(ledger: SqlLedger) -> TicketRef:
    """A ticket with a refund and a reply granted."""
    found = new_ticket(ledger)
    allowed(ledger, found, refund(), reply(found, refund()))
    return found


def events(ledger: SqlLedger, ref: TicketRef) -> list[str]:
    return [event.event for event in timeline(ledger, ref.id)]


def test_settling_keeps_the_receipt(ledger: SqlLedger, ref: TicketRef) -> None:
    """A settled effect is done, with its receipt, and the next one may follow."""
    found = claimed(ledger, ref)
    ledger.settle(found, receipt(found, 1000), at(1))
    (effect,) = ledger.receipts(ref)
    assert (effect.status, effect.receipt) == ("done", receipt(found, 1000))
    assert ledger.in_doubt() == ()
    assert ledger.progress(ref).model_dump() == {"done": 1, "remaining": 1, "problem": ""}
    assert ledger.effect_counts() == (0, 1)


def test_same_receipt_twice_changes_nothing(ledger: SqlLedger, ref: TicketRef) -> None:
    """Settling again after a crash is harmless."""
    found = claimed(ledger, ref)
    ledger.settle(found, receipt(found, 1000), at(1))
    before = events(ledger, ref)
    ledger.settle(found, receipt(found, 1000), at(2))
    assert events(ledger, ref) == before


def test_other_receipt_for_a_done_effect(ledger: SqlLedger, ref: TicketRef) -> None:
    """What is done stays as it was receipted, and the attempt is noted."""
    found = claimed(ledger, ref)
    ledger.settle(found, receipt(found, 1000), NOW)
    with pytest.raises(RejectedError) as caught:
        ledger.settle(found, receipt(found, 1), NOW)
    assert caught.value.full_code == "rejected.ended"
    with pytest.raises(RejectedError):
        ledger.fail(found, "failed", "late", NOW)
    assert events(ledger, ref).count("effect.refused") == 2


def test_receipt_for_another_key_is_misuse(ledger: SqlLedger, ref: TicketRef) -> None:
    """A receipt belongs to its key."""
    found = claimed(ledger, ref)
    with pytest.raises(MisuseError, match="another key"):
        ledger.settle(found, receipt(found.model_copy(update={"key": "0" * 64}), 1000), NOW)
    with pytest.raises(MisuseError, match="no effect"):
        ledger.settle(found.model_copy(update={"effect": "E-none"}), receipt(found, 1000), NOW)


def test_zombie_is_refused_after_a_takeover(ledger: SqlLedger, ref: TicketRef) -> None:
    """Who lost the effect to another process can neither settle nor fail it any more."""
    zombie = claimed(ledger, ref)
    living = ledger.take_over(zombie.effect, NOW)
    assert living.fence == zombie.fence + 1
    for late in (
        lambda: ledger.settle(zombie, receipt(zombie, 1000), NOW),
        lambda: ledger.fail(zombie, "failed", "", NOW),
    ):
        with pytest.raises(RejectedError) as caught:
            late()
        assert caught.value.full_code == "rejected.fence"
    ledger.settle(living, receipt(living, 1000), NOW)
    assert events(ledger, ref).count("effect.refused") == 2
    with pytest.raises(RejectedError, match="nothing to take over"):
        ledger.take_over(zombie.effect, NOW)


def test_passing_failure_may_be_tried_again_under_the_same_grant(ledger: SqlLedger, ref: TicketRef) -> None:
    """A fault where nothing happened leaves the grant usable, under a new fence that shuts the old claim out."""
    first = claimed(ledger, ref)
    ledger.fail(first, "retry", "the shop was down", NOW)
    ledger.fail(first, "retry", "the shop was down", NOW)
    assert ledger.progress(ref).problem == ""
    second = claimed(ledger, ref)
    assert (second.effect, second.key, second.fence) == (first.effect, first.key, 2)
    with pytest.raises(RejectedError):
        ledger.settle(first, receipt(first, 1000), NOW)
    ledger.settle(second, receipt(second, 1000), NOW)
    assert len(ledger.receipts(ref)) == 1


def test_third_passing_failure_is_final(ledger: SqlLedger, ref: TicketRef) -> None:
    """After three tries a person is needed."""
    for _ in range(3):
        ledger.fail(claimed(ledger, ref), "retry", "the shop was down", NOW)
    assert ledger.next_granted(ref) is None
    assert ledger.progress(ref).problem == "refund on order/FH-10001: an effect failed: the shop was down"
    assert events(ledger, ref)[-3:] == ["effect.retry", "effect.started", "effect.failed"]


def test_retry_keeps_every_check(ledger: SqlLedger, ref: TicketRef) -> None:
    """A second try is claimed like the first: an expired grant or a changed record stops it."""
    ledger.fail(claimed(ledger, ref), "retry", "down", NOW)
    granted = next_one(ledger, ref)
    assert refused(claim(ledger, granted, at(60))) == "claim.expired"
    assert refused(claim(ledger, granted, version="order/FH-10001@4")) == "claim.version"


@pytest.mark.parametrize("how", ["message", "outcome", "ruling"])
def test_retry_ends_with_its_turn(ledger: SqlLedger, ref: TicketRef, how: str) -> None:
    """An effect that waits for another try gives its key free when its turn moves on."""
    ledger.fail(claimed(ledger, ref), "retry", "down", NOW)
    if how == "message":
        accept(ledger, message("m2", subject="CS-1001"))
    elif how == "outcome":
        ledger.record_outcome(ref, Outcome(kind="handed_over"), NOW)
    else:
        ledger.record_verdict(ref, ruling(ref, refund(), policy="policy-2"), NOW)
    other = ref if how == "ruling" else new_ticket(ledger, "m9")
    if how != "ruling":
        allowed(ledger, other, refund())
    assert isinstance(claim(ledger, next_one(ledger, other)), Claim)


@pytest.mark.parametrize("how", ["message", "outcome"])
def test_late_retry_of_a_turn_that_is_over_is_final(ledger: SqlLedger, ref: TicketRef, how: str) -> None:
    """Nobody would try again, so the failure is final and the key is free."""
    found = claimed(ledger, ref)
    if how == "message":
        accept(ledger, message("m2", subject="CS-1001"))
    else:
        ledger.record_outcome(ref, Outcome(kind="handed_over"), NOW)
    ledger.fail(found, "retry", "down", NOW)
    other = new_ticket(ledger, "m9")
    allowed(ledger, other, refund())
    assert isinstance(claim(ledger, next_one(ledger, other)), Claim)


def test_final_failure_stops_the_turn(ledger: SqlLedger, ref: TicketRef) -> None:
    """After a final failure nothing of the plan follows, and the effect does not count as seen."""
    ledger.fail(claimed(ledger, ref), "failed", "refused by the bank", NOW)
    assert ledger.next_granted(ref) is None
    assert ledger.progress(ref).remaining == 2
    assert ledger.effects_on("refund", "order/FH-10001") == 0


def test_failed_effect_may_be_granted_anew(ledger: SqlLedger, ref: TicketRef) -> None:
    """Nothing happened, so a new grant for the same thing uses the same key."""
    first = claimed(ledger, ref)
    ledger.fail(first, "failed", "refused", NOW)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref, refund()), policy="policy-2"), NOW)
    second = claimed(ledger, ref)
    assert second.key == first.key
    assert second.effect != first.effect
    with pytest.raises(RejectedError):
        ledger.settle(first, receipt(first, 1000), NOW)


def test_unknown_outcome_is_never_repeated(ledger: SqlLedger, ref: TicketRef) -> None:
    """What may have happened counts as done until somebody looks, and its key stays taken."""
    found = claimed(ledger, ref)
    ledger.fail(found, "unknown", "no answer", NOW)
    assert [effect.status for effect in ledger.in_doubt()] == ["unknown"]
    assert ledger.effects_on("refund", "order/FH-10001") == 1
    assert "may or may not" in ledger.progress(ref).problem
    assert ledger.next_granted(ref) is None
    ledger.record_verdict(ref, ruling(ref, refund(), policy="policy-2"), NOW)
    assert ledger.next_granted(ref) is None


@pytest.mark.parametrize("happened", [True, False])
def test_doubt_is_resolved_by_looking(ledger: SqlLedger, ref: TicketRef, happened: bool) -> None:
    """The system of record's word turns an unknown effect into a done one, or into one to be tried again."""
    found = claimed(ledger, ref)
    ledger.fail(found, "unknown", "no answer", NOW)
    if happened:
        ledger.settle(found, receipt(found, 1000), NOW)
        assert next_one(ledger, ref).proposal.kind == "send_reply"
    else:
        ledger.fail(found, "retry", "not found", NOW)
        assert claimed(ledger, ref).key == found.key


def test_receipt_of_another_amount_stops_the_kind(ledger: SqlLedger, ref: TicketRef) -> None:
    """A receipt that differs from the grant is kept, halts the kind, and needs a person."""
    found = claimed(ledger, ref)
    ledger.settle(found, receipt(found, 999), NOW)
    assert ledger.halted("refund")
    assert ledger.receipts(ref)[0].status == "done"
    assert ledger.progress(ref).problem.startswith("refund on order/FH-10001: the receipt's amount")
    assert ledger.next_granted(ref) is None


def test_unknown_status_is_misuse(ledger: SqlLedger, ref: TicketRef) -> None:
    """An effect fails in three ways only."""
    with pytest.raises(MisuseError, match="failed, unknown or retry"):
        ledger.fail(claimed(ledger, ref), "done", "", NOW)


def test_effects_are_listed_by_turn_in_order(ledger: SqlLedger) -> None:
    """A turn's effects come in the order in which they were started."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, cancel(), refund(), reply(ref, cancel(), refund()))
    assert carry_out(ledger, ref) == 3
    assert [effect.kind for effect in ledger.receipts(ref)] == ["cancel_order", "refund", "send_reply"]
    assert ledger.receipts(TicketRef(id=ref.id, turn=2)) == ()
    assert ledger.effect_counts() == (1, 2)


def test_first_outcome_stands(ledger: SqlLedger, ref: TicketRef) -> None:
    """A turn ends once; another outcome changes nothing and is noted."""
    ledger.record_outcome(ref, Outcome(kind="answered", customer="C-00001", requests=("invoice_copy",)), NOW)
    ledger.record_outcome(ref, Outcome(kind="answered", reason="again"), NOW)
    ledger.record_outcome(ref, Outcome(kind="handed_over", reason="late"), NOW)
    ticket = ledger.ticket(ref.id)
    assert ticket is not None
    assert (ticket.status, ticket.customer, ticket.requests) == ("answered", "C-00001", ("invoice_copy",))
    assert [turn.outcome for turn in ledger.past_turns(ref.id)] == ["answered"]
    assert events(ledger, ref).count("outcome.ignored") == 1


def test_outcome_of_a_turn_that_is_over_is_memory_only(ledger: SqlLedger, ref: TicketRef) -> None:
    """A run that ends after a new message came in is remembered, and the new turn goes on."""
    accept(ledger, message("m2", subject="CS-1001"))
    ledger.record_outcome(ref, Outcome(kind="handed_over"), NOW)
    assert ledger.unfinished() == (TicketRef(id=ref.id, turn=2),)
    assert [turn.turn for turn in ledger.past_turns(ref.id)] == [1]


def test_halts_need_a_name_and_happen_once(ledger: SqlLedger) -> None:
    """Whoever stops a kind or lets it go on is named; doing so twice says so."""
    assert ledger.halt("refund", "alice", "", NOW)
    assert not ledger.halt("refund", "bob", "", NOW)
    assert ledger.unhalt("refund", "bob", NOW)
    assert not ledger.unhalt("refund", "bob", NOW)
    for nameless in (lambda: ledger.halt("refund", " ", "", NOW), lambda: ledger.unhalt("refund", "", NOW)):
        with pytest.raises(MisuseError, match="name the person"):
            nameless()
