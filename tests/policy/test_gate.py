"""The gate fails closed: what can't be decided cleanly is denied with an alarm, and it never raises."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from countersign.domain.desk import Desk
from countersign.domain.errors import DeskError
from countersign.domain.plan import Principal
from countersign.domain.verdict import Question
from countersign.policy.engine import Engine, Request
from countersign.policy.gate import CedarGate
from tests.policy.questions import facts, question, shipped_desk

DESK = shipped_desk()
GATE = CedarGate(DESK)


def _desk(*, policy: str | None = None, schema: str | None = None, more: str = "") -> Desk:
    return DESK.model_copy(
        update={"policy": (policy or DESK.policy) + more, "policy_schema": schema or DESK.policy_schema}
    )


@pytest.mark.parametrize(
    ("who", "text"),
    [("Playbook/nobody", "unknown principal"), ("Person/nobody", "unknown principal"), ("Agent/nobody", "enumerated")],
)
def test_unknown_principals_are_denied_with_an_alarm(who: str, text: str) -> None:
    """A playbook, person or agent that the desk does not know gets nothing."""
    decision = GATE.decide(question("refund", who))

    assert (decision.answer, decision.alarm) == ("deny", True)
    assert text in decision.reason


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"action": "burn_down"}, "unknown action"),
        ({"resource": "warehouse/1"}, "unknown resource"),
        ({"resource": ""}, "unknown resource"),
        ({"resource": "ticket/CS-1"}, "could not be evaluated"),
        ({"resource": "order/\ud800"}, "could not be evaluated"),
        ({"principal": Principal(kind="Agent", id="\ud800")}, "could not be evaluated"),
        ({"principal": Principal(kind="Playbook", id="\ud800")}, "unknown principal"),
        ({"context": facts("refund") | {"amount": True}}, "could not be evaluated"),
        ({"context": facts("refund") | {"amount": float("inf")}}, "out of bounds: amount"),
        ({"context": facts("refund") | {"amount": -(10**12) - 1}}, "out of bounds: amount"),
        ({"context": facts("refund") | {"reason": "\ud800"}}, "could not be evaluated"),
        ({"context": {"problem": "rejected.arguments: amount: int_type"}}, "rejected.arguments"),
        ({"context": {"problem": 1}}, "could not be evaluated"),
        ({"context": {}}, "could not be evaluated"),
        ({"context": cast("dict[str, Any]", None)}, "could not be evaluated: AttributeError"),
    ],
)
def test_questions_that_make_no_sense_are_denied_with_an_alarm(changed: dict[str, Any], text: str) -> None:
    """An unknown action or record, and facts that can't be facts, are denied, and the reason can be stored as text."""
    decision = GATE.decide(question("refund").model_copy(update=changed))

    assert (decision.answer, decision.alarm, decision.rules) == ("deny", True, ("no rule permits",))
    assert text in decision.reason
    assert decision.reason.encode("utf-8")


@pytest.mark.parametrize("who", ["Playbook/billing", "Person/maria"])
def test_a_rule_that_errs_is_a_denial(who: str) -> None:
    """Cedar skips a forbid whose evaluation errs and would allow; the gate denies with an alarm instead."""
    overflow = """
        @id("never") @reason("Never.")
        forbid (principal, action in [Action::"execute.refund", Action::"approve.refund"], resource)
        when { context.amount * 9000000000000000000 > 0 };
    """
    asked = question("refund", who, limit_left=10_000)
    assert GATE.decide(asked).answer == "allow"

    decision = CedarGate(_desk(more=overflow)).decide(asked)

    assert (decision.answer, decision.alarm) == ("deny", True)
    assert "overflow" in decision.reason


def test_only_recommended_without_any_objection_names_the_recommendation() -> None:
    """Where nothing forbids acting but nothing permits it either, the rule that lets it be recommended is named."""
    decision = GATE.decide(question("refund", currency="USD"))

    assert (decision.answer, decision.rules) == ("ask", ("recommend",))
    assert "a person may approve" in decision.reason


def test_a_kind_that_no_rule_names_is_denied() -> None:
    """A policy without rules denies everything, and says that no rule permits."""
    silent = CedarGate(_desk(policy="// nothing\n"))

    decision = silent.decide(question("refund"))

    assert (decision.answer, decision.rules, decision.alarm) == ("deny", ("no rule permits",), False)


def test_a_playbook_of_a_new_category_is_known() -> None:
    """Playbooks are known by the desk's categories: a sixth one needs no change of code or schema."""
    request = next(iter(DESK.requests.values())).model_copy(update={"id": "rent_a_tent", "category": "rental"})
    desk = DESK.model_copy(update={"requests": {**DESK.requests, "rent_a_tent": request}})

    assert CedarGate(desk).decide(question("refund", "Playbook/rental")).answer == "allow"


@pytest.mark.parametrize(
    ("desk", "where", "text"),
    [
        (_desk(more="\npermit (principal, action, resource);"), "policy.cedar:", "no @id"),
        (_desk(policy="permit (principal, action, resource)"), "policy.cedar:1", "no Cedar rule"),
        (_desk(schema="entity;"), "policy.cedarschema:1", "error parsing schema"),
    ],
)
def test_unusable_policies_are_refused(desk: Desk, where: str, text: str) -> None:
    """A policy that is not clean never decides anything: the gate is not built, and the error says where."""
    with pytest.raises(DeskError, match=text) as caught:
        CedarGate(desk)

    assert where in caught.value.where
    assert caught.value.hint


def test_digest_covers_policy_schema_and_phases() -> None:
    """Every change of policy, schema or phases changes the digest that decisions carry."""
    settings = DESK.settings.model_copy(update={"phases": {**DESK.settings.phases, "refund": "copilot"}})
    gates = [
        GATE,
        CedarGate(_desk(more="\n// a remark")),
        CedarGate(_desk(schema=DESK.policy_schema + "\n// a remark")),
        CedarGate(DESK.model_copy(update={"settings": settings})),
    ]

    assert len({gate.digest for gate in gates}) == len(gates)
    assert CedarGate(DESK).digest == GATE.digest


def test_threads_share_a_gate() -> None:
    """Many threads asking at once get the answers that one would."""
    asked = [question("refund", amount=amount) for amount in range(4_900, 5_100, 10)] * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(GATE.decide, asked))

    assert answers == [GATE.decide(one) for one in asked]


def test_engine_hands_over_every_entity() -> None:
    """A principal's attributes reach the rules that ask for them."""
    engine = Engine(DESK.policy, DESK.policy_schema)
    asked = Request(
        principal=("Person", "somebody"),
        action="approve.send_reply",
        resource=("Ticket", "CS-1"),
        context=facts("send_reply"),
    )

    assert [one.allowed for one in engine.ask([asked, asked], {"roles": ["reviewer"]})] == [True, True]
    assert not engine.ask([asked], {"roles": ["guest"]})[0].allowed
    assert engine.ask([asked], {})[0].error


def test_question_is_left_as_it_was() -> None:
    """Deciding changes nothing in the question."""
    asked = question("refund")
    before = asked.model_dump_json()

    GATE.decide(asked)

    assert Question.model_validate_json(before) == asked
