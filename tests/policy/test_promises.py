"""What the shipped policy promises for every circumstance, not only for those in the table."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.domain.plan import Kind
from countersign.domain.verdict import Decision
from countersign.policy.gate import CedarGate
from tests.policy.questions import facts, question, shipped_desk, wide_desk

GATE = CedarGate(shipped_desk())
WIDE = CedarGate(wide_desk())
KINDS: tuple[Kind, ...] = get_args(Kind)
WORDS = {
    "phase": ("copilot", "bounded", "broad", "", "Broad"),
    "verified": ("address", "details", "none", "", "ADDRESS"),
    "order_status": ("placed", "packed", "dispatched", "delivered", "cancelled", ""),
    "status": ("active", "paused", "cancelled", "lapsed", ""),
    "currency": ("EUR", "USD", ""),
    "reason": ("damaged", "duplicate_charge", "other", "", "DUPLICATE_CHARGE"),
    "grounds": ("record", "person", "customer", "document", "model", "", "Record"),
    "named_by": ("desk", "model", "", "Desk"),
}
NUMBERS = st.one_of(
    st.integers(-3, 70), st.integers(4_990, 20_010), st.sampled_from([-(10**12), 10**12, 5_000, 15_000, 20_000])
)

_MISFITS: list[object] = [None, 1.5, float("nan"), 10**13, 2**63, [], {}, "x" * 1001]


def _value(key: str, ordinary: object) -> st.SearchStrategy[Any]:
    if isinstance(ordinary, bool):
        return st.booleans()
    return NUMBERS if isinstance(ordinary, int) else st.sampled_from(WORDS[key])


@st.composite
def asked(draw: st.DrawFn, *kinds: Kind) -> tuple[Kind, dict[str, Any]]:
    """Any circumstances of a kind; half of the facts, on average, are the ordinary ones."""
    kind = draw(st.sampled_from(kinds or KINDS))
    changed = {
        key: draw(_value(key, ordinary)) if draw(st.booleans()) else ordinary for key, ordinary in facts(kind).items()
    }
    return kind, changed


def decide(kind: Kind, context: dict[str, Any], who: str = "Playbook/billing") -> Decision:
    return GATE.decide(question(kind, who, **context))


@given(asked())
@settings(max_examples=600, deadline=None)
def test_circumstances_that_fit_are_decided_without_alarm(case: tuple[Kind, dict[str, Any]]) -> None:
    """Whatever the facts are, as long as they fit the schema, the policy evaluates and names what decided."""
    decision = decide(*case)

    assert not decision.alarm
    assert decision.rules
    assert decision.answer != "allow" or decision.reason


@given(asked())
@settings(max_examples=300, deadline=None)
def test_another_customers_record_is_never_touched(case: tuple[Kind, dict[str, Any]]) -> None:
    """Nothing is done or even recommended on a record that is not the sender's, and nobody can approve it."""
    kind, context = case
    other = context | {"own": False}

    assert decide(kind, other).answer == "deny"
    assert decide(kind, other | {"limit_left": 10**9}, "Person/ines").answer == "deny"


@given(asked(), st.sampled_from(["copilot", "", "BROAD", "anything"]))
@settings(max_examples=300, deadline=None)
def test_copilot_never_acts(case: tuple[Kind, dict[str, Any]], phase: str) -> None:
    """In the co-pilot phase, or in one that nobody knows, nothing is done without a person."""
    kind, context = case

    assert decide(kind, context | {"phase": phase}).answer != "allow"


@given(asked())
@settings(max_examples=300, deadline=None)
def test_agents_never_act(case: tuple[Kind, dict[str, Any]]) -> None:
    """An agent recommends at most, in every phase."""
    assert decide(*case, "Agent/resolver").answer != "allow"


@given(asked())
@settings(max_examples=300, deadline=None)
def test_an_agent_whom_nobody_seconds_never_acts_in_any_desk(case: tuple[Kind, dict[str, Any]]) -> None:
    """Even where a desk lets agents do everything that playbooks may, one model alone causes nothing."""
    kind, context = case
    decision = WIDE.decide(question(kind, "Agent/resolver", **context | {"seconded": False}))

    assert decision.answer != "allow"


@given(asked())
@settings(max_examples=300, deadline=None)
def test_what_a_model_named_causes_no_effect(case: tuple[Kind, dict[str, Any]]) -> None:
    """A request that a model named never leads to an effect without a person; a reply needs a second model."""
    kind, context = case
    named = context | {"named_by": "model"}

    assert decide(kind, named | {"seconded": False}).answer != "allow"
    assert kind == "send_reply" or decide(kind, named | {"seconded": True}).answer != "allow"


@given(asked())
@settings(max_examples=300, deadline=None)
def test_a_wider_phase_never_takes_a_right_away(case: tuple[Kind, dict[str, Any]]) -> None:
    """What is allowed in the bounded phase is allowed in the broad one; what is denied there is denied here."""
    kind, context = case
    bounded, broad = (decide(kind, context | {"phase": phase}).answer for phase in ("bounded", "broad"))

    assert bounded != "allow" or broad == "allow"
    assert (bounded == "deny") == (broad == "deny")


@given(asked("refund"), st.integers(1, 10**12))
@settings(max_examples=300, deadline=None)
def test_no_more_is_refunded_than_was_paid(case: tuple[Kind, dict[str, Any]], excess: int) -> None:
    """A refund beyond what is left is denied to everybody, however little it exceeds it."""
    kind, context = case
    amount = min(context["refundable"] + excess, 10**12)
    refundable = min(context["refundable"], amount - 1)
    beyond = context | {"amount": amount, "refundable": refundable}

    assert decide(kind, beyond).answer == "deny"
    assert decide(kind, beyond | {"limit_left": 10**12}, "Person/ines").answer == "deny"


@given(asked("refund"))
@settings(max_examples=400, deadline=None)
def test_refunds_that_are_allowed_are_small_first_and_proven(case: tuple[Kind, dict[str, Any]]) -> None:
    """Every refund that is allowed has all the marks of a small, clear-cut one."""
    kind, context = case
    if decide(kind, context).answer != "allow":
        return
    charged_twice = context["reason"] == "duplicate_charge" and context["duplicate"]
    most = 20_000 if charged_twice else 15_000 if context["phase"] == "broad" else 5_000

    assert 1 <= context["amount"] <= min(most, context["refundable"])
    assert (context["verified"], context["currency"], context["evidence"]) == ("address", "EUR", True)
    assert context["refunded"] <= 0
    assert context["refunds_90d"] <= 1
    assert max(context["repeats"], context["elsewhere"]) <= 0
    assert context["grounds"] in ("record", "person")
    assert context["named_by"] == "desk"


@given(asked("refund", "change_email", "close_account"), st.sampled_from(["details", "none", ""]))
@settings(max_examples=200, deadline=None)
def test_money_and_accounts_need_the_address_on_record(case: tuple[Kind, dict[str, Any]], verified: str) -> None:
    """Refunds, another e-mail address and the end of an account are denied to whoever did not write from it."""
    kind, context = case

    assert decide(kind, context | {"verified": verified}).answer == "deny"


@given(asked("send_reply"))
@settings(max_examples=300, deadline=None)
def test_account_facts_reach_only_the_address_on_record(case: tuple[Kind, dict[str, Any]]) -> None:
    """A reply with account facts leaves, or may be approved, only to the address on record of somebody known."""
    kind, context = case
    safe = context["to_on_record"] and context["verified"] in ("address", "details")

    assert decide(kind, context).answer == "deny" or safe or not context["account_facts"]
    assert decide(kind, context, "Person/ines").answer == "deny" or safe or not context["account_facts"]


@given(asked(), st.data())
@settings(max_examples=300, deadline=None)
def test_facts_that_do_not_fit_are_denied_with_an_alarm(case: tuple[Kind, dict[str, Any]], data: st.DataObject) -> None:
    """A fact that is missing, unknown, or of another type is denied with an alarm, never guessed."""
    kind, context = case
    key = data.draw(st.sampled_from(sorted(context)))
    asking = question(kind, **context)
    missing = {name: value for name, value in asking.context.items() if name != key}
    wrong = asking.context | {key: data.draw(st.sampled_from(_MISFITS))}
    unknown = asking.context | {"surprise": True}

    for changed in (missing, wrong, unknown):
        decision = GATE.decide(asking.model_copy(update={"context": changed}))
        assert (decision.answer, decision.alarm, decision.rules) == ("deny", True, ("no rule permits",))


@pytest.mark.parametrize("kind", KINDS)
def test_another_kinds_facts_do_not_fit(kind: Kind) -> None:
    """The facts of one kind of effect can't pass for another's."""
    for other in KINDS:
        answer = GATE.decide(question(kind).model_copy(update={"context": facts(other)}))
        same = facts(other).keys() == facts(kind).keys()
        assert answer.alarm != same, other
