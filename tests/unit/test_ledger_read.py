"""What people see of the ledger: what waits, what happened, and why."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.errors import MisuseError, StorageError
from countersign.domain.frozen import canonical
from countersign.domain.money import Money
from countersign.domain.outcome import Outcome
from countersign.domain.plan import Proposal
from countersign.domain.ticket import Quarantined, TicketRef
from countersign.ledger import SqlLedger, models
from countersign.ledger.export import evidence
from countersign.ledger.read import quarantined, queue, summary, timeline, waiting, why
from countersign.ledger.recording import Recording, recording
from tests.unit.ledger_cases import (
    ANN,
    NOW,
    accept,
    allowed,
    at,
    cancel,
    carry_out,
    claimed,
    message,
    new_ledger,
    new_ticket,
    receipt,
    refund,
    reply,
    ruling,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path)
    yield found
    found.close()


def ask(ledger: SqlLedger, ref: TicketRef, *proposals: Proposal, decided: str = "ask") -> None:
    said = ruling(ref, *proposals, answer="ask", decided="allow" if decided == "allow" else "ask", reasons=("odd",))
    ledger.record_verdict(ref, said, NOW)


def test_the_first_of_what_waits_come_with_the_count_of_all(ledger: SqlLedger) -> None:
    """Asked for no more than one, the most urgent one comes, and how many there are is still right."""
    refs = [new_ticket(ledger, f"m{number}") for number in range(3)]
    ask(ledger, refs[0], cancel())
    ask(ledger, refs[1], refund(amount=900))
    ledger.record_outcome(refs[2], Outcome(kind="handed_over", reason="unknown"), NOW)
    found = queue(ledger, 1)
    assert ([item.ticket for item in found.first], found.waiting, found.handed_over) == (["CS-1002"], 2, 1)
    assert found.first + queue(ledger).first[1:] == waiting(ledger)


def test_most_money_waits_first_then_the_oldest(ledger: SqlLedger) -> None:
    """Risk comes first: money, then what a rule asked about, then age."""
    refs = [new_ticket(ledger, f"m{number}") for number in range(6)]
    ask(ledger, refs[0], reply(refs[0]), decided="allow")
    ask(ledger, refs[1], cancel())
    ask(ledger, refs[2], refund(amount=900))
    ask(ledger, refs[3], cancel(), refund(amount=4000), refund("FH-10002", 20))
    ask(ledger, refs[4], cancel())
    found = waiting(ledger)
    assert [item.ticket for item in found] == ["CS-1004", "CS-1003", "CS-1002", "CS-1005", "CS-1001"]
    assert found[0].amount == Money(amount=4000)
    assert found[0].rules == ("small-refunds",)
    assert found[0].reasons == ("odd",)
    assert found[0].proposals == (
        "Cancel FH-10001.",
        "Refund 4000 cents for FH-10001.",
        "Refund 20 cents for FH-10002.",
    )
    assert (found[0].status, found[0].since, found[0].deadline) == ("waiting", NOW, at(3 * 24 * 60))
    review = ledger.review("CS-1004", 1)
    assert review is not None
    assert found[0].review == review.id
    assert found[-1].amount is None


def test_handed_over_tickets_wait_too(ledger: SqlLedger) -> None:
    """A hand-over shows its reason and what it would have been about, but nothing that was done."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), cancel())
    ledger.fail(claimed(ledger, ref), "failed", "no", NOW)
    ledger.record_outcome(ref, Outcome(kind="handed_over", reason="the bank refused", category="billing"), at(5))
    (found,) = waiting(ledger)
    assert (found.status, found.reasons, found.category) == ("handed_over", ("the bank refused",), "billing")
    assert found.amount == Money(amount=1000)
    assert (found.since, found.deadline, found.review) == (at(5), None, "")
    carried = new_ticket(ledger, "m2")
    allowed(ledger, carried, refund("FH-10002"))
    carry_out(ledger, carried)
    ledger.record_outcome(carried, Outcome(kind="handed_over"), NOW)
    assert [(item.ticket, item.amount, item.reasons) for item in waiting(ledger)][1] == ("CS-1002", None, ())


def test_untold_plan_has_no_amount(ledger: SqlLedger) -> None:
    """A ticket that was handed over before anything was proposed waits as well."""
    ref = new_ticket(ledger)
    ledger.record_outcome(ref, Outcome(kind="handed_over", reason="unknown request"), NOW)
    (found,) = waiting(ledger.file.path)
    assert (found.amount, found.rules, found.proposals, found.sender) == (None, (), (), ANN)


def full_story(ledger: SqlLedger) -> TicketRef:
    """A ticket with a review, an approval, effects, an outcome and a second turn."""
    ref = new_ticket(ledger)
    ledger.record(ref.id, "1/3/triage", "r", "triage.predict", '{"intents": [], "abstained": true}')
    ledger.record(ref.id, "1/3/triage", "s", "clock.now", '"2026-01-01T00:00:00Z"')
    ask(ledger, ref, refund(), reply(ref, refund()))
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    ledger.answer_review(review.id, review.digest, "approve", "alice", "go on", at(1))
    said = ruling(ref, refund(), reply(ref, refund()), decided="ask", approver="alice", now=at(2))
    ledger.record_verdict(ref, said, at(2))
    carry_out(ledger, ref)
    ledger.record_outcome(ref, Outcome(kind="answered", category="billing"), at(3))
    accept(ledger, message("m2", subject="CS-1001"), at(-60))
    return ref


def test_timeline_tells_the_story_in_order(ledger: SqlLedger) -> None:
    """Every step is there, in the order in which it was recorded, with what the audit only refers to."""
    full_story(ledger)
    events = timeline(ledger, "CS-1001")
    assert [event.event for event in events] == [
        "ticket.opened", "message.accepted", "triage", "verdict.recorded", "proposal.recorded", "proposal.recorded",
        "review.opened", "review.answered", "verdict.recorded", "grant.given", "grant.given", "effect.started",
        "effect.done", "effect.started", "effect.done", "outcome.recorded", "message.accepted",
    ]  # fmt: skip
    assert [event.turn for event in events] == [1] * 16 + [2]
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    told = {event.event: event.details for event in events}
    assert told["triage"]["abstained"] is True
    assert _at(told, "effect.done", "effect", "kind") == "send_reply"
    assert _at(told, "review.answered", "review", "text") == "go on"
    assert _at(told, "grant.given", "grant", "approver") == "alice"
    assert _at(told, "outcome.recorded", "outcome", "category") == "billing"
    assert _at(told, "message.accepted", "message", "sender") == ANN
    assert events[7].actor == "alice"
    decisions = told["verdict.recorded"]["decisions"]
    assert isinstance(decisions, list)
    assert len(decisions) == 2


def _at(told: object, *names: str) -> object:
    for name in names:
        assert isinstance(told, dict)
        told = told[name]  # pyright: ignore[reportUnknownVariableType]
    return told  # pyright: ignore[reportUnknownVariableType]


def test_why_names_rules_policy_and_facts(ledger: SqlLedger) -> None:
    """For every decision: who, which rules, which policy digest, from which facts; and what came of it."""
    full_story(ledger)
    reasons = why(ledger, "CS-1001")
    first = _item(_item(reasons, "turns"), 0)
    asked, approved = (_item(_item(first, "verdicts"), number) for number in (0, 1))
    decision = _item(_item(asked, "decisions"), 0)
    assert _item(asked, "approver") == "policy"
    assert _item(approved, "approver") == "alice"
    assert (_item(decision, "rules"), _item(decision, "policy")) == (["small-refunds"], "policy-1")
    assert _item(decision, "context") == {"phase": "bounded"}
    assert _item(_item(decision, "proposal"), "by_id") == "orders"
    effect = _item(_item(first, "effects"), 0)
    assert _item(_item(effect, "grant"), "approver") == "alice"
    assert _item(_item(effect, "receipt"), "amount") == 1000
    assert _item(_item(first, "outcome"), "kind") == "answered"
    assert _item(_item(_item(reasons, "turns"), 1), "outcome") is None
    assert canonical(reasons) == canonical(why(ledger.file.path, "CS-1001"))


def _item(value: object, name: str | int) -> object:
    assert isinstance(value, dict | list)
    return value[name]  # type: ignore[index, call-overload]  # pyright: ignore


@pytest.mark.parametrize("look", [timeline, why])
def test_unknown_ticket_is_misuse(ledger: SqlLedger, look: object) -> None:
    """Looking for a ticket that is not there is a mistake in the command."""
    assert callable(look)
    with pytest.raises(MisuseError, match="no ticket CS-1"):
        look(ledger, "CS-1")


def test_summary_counts(ledger: SqlLedger) -> None:
    """Tickets by where they stand, over all or over those named."""
    full_story(ledger)
    ref = new_ticket(ledger, "m3")
    ledger.record_outcome(ref, Outcome(kind="closed", category="general"), NOW)
    ledger.quarantine(Quarantined(key="q1", source="a.eml", code="input.size", reason="too big", raw="x"), NOW)
    every = summary(ledger)
    assert (every.received, every.closed, every.quarantined, every.replies, every.effects) == (1, 1, 1, 1, 1)
    assert every.by_category == {"billing": 1, "general": 1}
    some = summary(ledger.file.path, [ref.id])
    assert (some.received, some.closed, some.by_category) == (0, 1, {"general": 1})
    assert [(item.key, item.code, item.source) for item in quarantined(ledger)] == [("q1", "input.size", "a.eml")]


def test_automatic_message_has_no_triage(ledger: SqlLedger) -> None:
    """An attached auto-reply stands in the timeline without a triage of its own."""
    ref = new_ticket(ledger)
    ledger.record(ref.id, "1/3/triage", "r", "triage.predict", '{"abstained": true}')
    accept(ledger, message("m2", subject="CS-1001", automatic="auto-reply"))
    events = [event.event for event in timeline(ledger, ref.id)]
    assert events == ["ticket.opened", "message.accepted", "triage", "message.accepted"]


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    """Whoever looks at it hears that it is damaged, with the file's name."""
    path = tmp_path / "ledger.db"
    path.write_text("not a database, but long enough to have a header " * 40)
    with pytest.raises(StorageError) as caught:
        waiting(path)
    assert (caught.value.full_code, caught.value.where) == ("storage.corrupt", str(path))


def test_models_versions_are_found_or_named_missing(ledger: SqlLedger) -> None:
    """A version that was never learnt is an error with the next step."""
    with pytest.raises(StorageError) as caught:
        models.find(ledger, 7)
    assert caught.value.full_code == "storage.no_model"
    assert "triage models" in caught.value.hint


@pytest.mark.parametrize("signed", [False, True])
def test_evidence_of_an_effect_is_its_whole_chain(ledger: SqlLedger, signed: bool) -> None:
    """Message, proposal, decision, grant, receipt and audit; review and signature where a person signed."""
    ref = new_ticket(ledger)
    if signed:
        ask(ledger, ref, refund())
        review = ledger.review(ref.id, ref.turn)
        assert review is not None
        ledger.answer_review(review.id, review.digest, "approve", "alice", "", at(1))
    ledger.record_verdict(
        ref, ruling(ref, refund(), decided="ask", approver="alice") if signed else ruling(ref, refund()), NOW
    )
    found = claimed(ledger, ref)
    assert recorded(ledger, ref).ended_as(found.effect) == "started"
    ledger.settle(found, receipt(found, 1000), at(2))
    assert recorded(ledger, ref).ended_as(found.effect) == "done"
    told = json.loads(canonical(evidence(ledger, found.effect)))
    assert told["effect"]["receipt"]["amount"] == told["proposal"]["args"]["amount"] == 1000
    assert told["grant"]["approver"] == ("alice" if signed else "policy")
    assert [message["key"] for message in told["messages"]] == ["m1"]
    assert (told["review"] is not None, told["signature"] is not None) == (signed, signed)
    events = [row["event"] for row in told["audit"]]
    assert events[-2:] == ["effect.started", "effect.done"]
    assert ("review.answered" in events) == signed


def recorded(ledger: SqlLedger, ref: TicketRef) -> Recording:
    with ledger.file.reading() as connection:
        return recording(connection, ref.id)


def test_evidence_of_an_unknown_effect_is_misuse(ledger: SqlLedger) -> None:
    """The next step is named."""
    with pytest.raises(MisuseError) as caught:
        evidence(ledger, "E-none")
    assert caught.value.full_code == "misuse.effect"


def test_nobody_has_no_other_tickets(ledger: SqlLedger) -> None:
    """Of a sender whom the shop does not know, the desk has no history."""
    ref = new_ticket(ledger)
    assert ledger.tickets_of("", ref.id, 5) == ()
