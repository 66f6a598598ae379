"""The claim: what was granted is asked again, here and now, and given once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.outcome import Claim, Granted, Outcome
from countersign.domain.plan import Proposal
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import Decision
from countersign.ledger import SqlLedger
from countersign.ledger.read import timeline
from tests.unit.ledger_cases import (
    BOT,
    NOW,
    accept,
    allowed,
    at,
    cancel,
    carry_out,
    claim,
    claimed,
    decision,
    judged_now,
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


def granted_refund(ledger: SqlLedger) -> tuple[TicketRef, Granted]:
    """A ticket with a refund and a reply granted."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref, refund()))
    return ref, next_one(ledger, ref)


def test_claim_starts_the_effect_and_uses_the_grant(ledger: SqlLedger) -> None:
    """One claim writes the effect as started under the grant's key, and there is no second one."""
    ref, granted = granted_refund(ledger)
    found = claim(ledger, granted)
    assert found == Claim(effect=found.effect, key=granted.grant.key, fence=1) if isinstance(found, Claim) else False
    (effect,) = ledger.receipts(ref)
    assert (effect.status, effect.key, effect.proposal) == ("started", granted.grant.key, granted.proposal_id)
    assert refused(claim(ledger, granted)) == "claim.consumed"
    assert ledger.next_granted(ref) is None
    assert "may have happened" in ledger.progress(ref).problem


def test_unknown_grant(ledger: SqlLedger) -> None:
    """A grant that this ledger did not give is worth nothing."""
    _, granted = granted_refund(ledger)
    forged = granted.model_copy(update={"grant": granted.grant.model_copy(update={"id": "G-forged"})})
    assert refused(claim(ledger, forged)) == "claim.unknown"


def test_expired_to_the_microsecond(ledger: SqlLedger) -> None:
    """A grant is good until the very moment of its expiry, and not at it."""
    _, granted = granted_refund(ledger)
    assert refused(claim(ledger, granted, granted.grant.expires_at)) == "claim.expired"
    assert isinstance(claim(ledger, granted, at(59.999)), Claim)


def test_changed_record(ledger: SqlLedger) -> None:
    """Where the record has changed since the decision, the decision is worth nothing."""
    _, granted = granted_refund(ledger)
    assert refused(claim(ledger, granted, version="order/FH-10001@4")) == "claim.version"


@pytest.mark.parametrize("answer", ["ask", "deny"])
def test_stricter_policy_wins(ledger: SqlLedger, answer: str) -> None:
    """Today's policy is asked again, and a grant that policy gave does not outlive it."""
    _, granted = granted_refund(ledger)
    today = decision("deny" if answer == "deny" else "ask")
    assert refused(ledger.claim(granted, judged_now(granted, today), NOW)) == "claim.policy"


def test_alarm_is_never_allowed(ledger: SqlLedger) -> None:
    """A decision that was not made cleanly permits nothing."""
    _, granted = granted_refund(ledger)
    unclean = Decision(answer="allow", rules=(), policy="policy-1", alarm=True)
    assert refused(ledger.claim(granted, judged_now(granted, unclean), NOW)) == "claim.policy"


def test_another_contract_is_not_what_was_granted(ledger: SqlLedger) -> None:
    """A tool whose contract has changed since is not carried out under the old grant."""
    _, granted = granted_refund(ledger)
    assert granted.grant.contract == "contract-1"
    changed = judged_now(granted, decision(), contract="contract-2")
    assert refused(ledger.claim(granted, changed, NOW)) == "claim.contract"


@pytest.mark.parametrize("kind", ["refund", "*"])
def test_halted_kind(ledger: SqlLedger, kind: str) -> None:
    """A halt of the kind, or of all kinds, stops new effects until it is lifted."""
    _, granted = granted_refund(ledger)
    assert ledger.halt(kind, "alice", "something is odd", NOW)
    assert ledger.halted("refund")
    assert refused(claim(ledger, granted)) == "claim.halted"
    assert ledger.unhalt(kind, "alice", NOW)
    assert not ledger.halted("refund")
    assert isinstance(claim(ledger, granted), Claim)


@pytest.mark.parametrize("part", ["args", "key"])
def test_tampered_request(ledger: SqlLedger, part: str) -> None:
    """What would be done must be what was granted: other arguments or another key are refused."""
    _, granted = granted_refund(ledger)
    changed = {
        "args": {"proposal": refund(amount=4999)},
        "key": {"grant": granted.grant.model_copy(update={"key": "0" * 64})},
    }
    assert refused(claim(ledger, granted.model_copy(update=changed[part]))) == "claim.digest"


def test_same_target_from_another_ticket(ledger: SqlLedger) -> None:
    """Two tickets that were granted the same refund come to one refund."""
    refs = [new_ticket(ledger, key) for key in ("m1", "m2")]
    for ref in refs:
        allowed(ledger, ref, refund())
    waiting = next_one(ledger, refs[1])
    carry_out(ledger, refs[0])
    assert refused(claim(ledger, waiting)) == "claim.duplicate"


def test_ceiling_holds_over_all_effects_on_a_target(ledger: SqlLedger) -> None:
    """The money of all tickets together stays under what may ever leave for the target."""
    first, second = new_ticket(ledger, "m1"), new_ticket(ledger, "m2")
    allowed(ledger, first, refund(amount=3000))
    carry_out(ledger, first)
    allowed(ledger, second, refund(amount=2001, version=4))
    assert refused(claim(ledger, next_one(ledger, second))) == "claim.ceiling"
    allowed(ledger, second, refund(amount=2000, version=4))
    assert isinstance(claim(ledger, next_one(ledger, second)), Claim)


@pytest.mark.parametrize("amount", [True, "1000", 0, -5, 1.5])
def test_odd_amounts_are_covered_by_no_ceiling(ledger: SqlLedger, amount: object) -> None:
    """What is no positive whole amount can't leave."""
    ref = new_ticket(ledger)
    odd = Proposal.model_validate(refund().model_dump() | {"args": {"amount": amount, "currency": "EUR"}})
    allowed(ledger, ref, odd)
    assert refused(claim(ledger, next_one(ledger, ref))) == "claim.ceiling"


def test_money_without_a_ceiling(ledger: SqlLedger) -> None:
    """Money for which nobody named a most does not leave."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), ceiling=None), NOW)
    assert refused(claim(ledger, next_one(ledger, ref))) == "claim.ceiling"


def test_reply_waits_for_everything_else(ledger: SqlLedger) -> None:
    """The reply can't leave while anything else of the plan is not done, not even by asking for it directly."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref))
    early = next_one(ledger, ref)
    allowed(ledger, ref, refund(), cancel(), reply(ref))
    fresh = early.model_copy(update={"grant": early.grant.model_copy(update={"id": _grant_of(ledger, ref)})})
    assert refused(claim(ledger, fresh)) == "claim.unfinished"
    carry_out(ledger, ref)
    assert ledger.progress(ref).done == 3


def _grant_of(ledger: SqlLedger, ref: TicketRef) -> str:
    """The id of the reply's live grant, as the audit knows it."""
    given = [event.details["grant"] for event in timeline(ledger, ref.id) if event.event == "grant.given"]
    return str(given[-1]["id"]) if isinstance(given[-1], dict) else ""


@pytest.mark.parametrize("settled", [1000, 999])
def test_promise_needs_its_receipt(ledger: SqlLedger, settled: int) -> None:
    """A reply that promises ten euros leaves only when the system of record says ten euros."""
    ref, _ = granted_refund(ledger)
    found = claimed(ledger, ref)
    paid = receipt(found, 1000).model_copy(update={"amount": settled})
    ledger.settle(found, paid, NOW)
    if settled == 1000:
        assert isinstance(claim(ledger, next_one(ledger, ref)), Claim)
    else:
        assert ledger.next_granted(ref) is None
        assert "differs" in ledger.progress(ref).problem


@pytest.mark.parametrize("promised", [refund(amount=900), refund(order="FH-10002"), cancel()])
def test_promise_of_something_else(ledger: SqlLedger, promised: Proposal) -> None:
    """A promise of another amount, order or kind than what was done keeps the reply in."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref, promised))
    found = claimed(ledger, ref)
    ledger.settle(found, receipt(found, 1000), NOW)
    assert refused(claim(ledger, next_one(ledger, ref))) == "claim.promise"


def test_promise_of_an_earlier_turn_is_kept(ledger: SqlLedger) -> None:
    """A reply may speak of what the ticket's earlier turn did."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, cancel())
    carry_out(ledger, ref)
    accept(ledger, message("m2", subject="CS-1001"))
    later = TicketRef(id=ref.id, turn=2)
    allowed(ledger, later, reply(later, cancel()))
    assert carry_out(ledger, later) == 1


def test_refusal_is_noted_once(ledger: SqlLedger) -> None:
    """Asking again and again for the same refusal does not fill the audit."""
    ref, granted = granted_refund(ledger)
    for _ in range(3):
        claim(ledger, granted, version="order/FH-10001@9")
    noted = [event for event in timeline(ledger, ref.id) if event.event == "claim.refused"]
    assert [event.details["code"] for event in noted] == ["claim.version"]
    assert refused(claim(ledger, granted, at(99))) == "claim.expired"


def test_turn_that_ended_lets_nothing_be_done(ledger: SqlLedger) -> None:
    """What a finished turn left ungranted or unused can't be carried out afterwards."""
    ref, granted = granted_refund(ledger)
    ledger.record_outcome(ref, Outcome(kind="handed_over", reason="a person takes over"), NOW)
    assert refused(claim(ledger, granted)) == "claim.void"
    assert ledger.proposals(ref) == ()


def test_promises_may_be_left_out(ledger: SqlLedger) -> None:
    """A reply without promises needs no receipts."""
    ref = new_ticket(ledger)
    bare = Proposal(kind="send_reply", target=f"ticket/{ref.id}", args={"to": "x"}, by=BOT, summary="Answer.")
    allowed(ledger, ref, bare)
    assert carry_out(ledger, ref) == 1
