"""The shipped policy, case by case, and whether every rule and every number in it is held by a case."""

import re
from itertools import count

import pytest

from countersign.domain.desk import Desk
from countersign.policy.gate import CedarGate
from countersign.policy.rules import Rule, read_rules
from tests.policy.questions import Case, cases, name, shipped_desk

DESK = shipped_desk()
CASES = cases()
RULES = read_rules(DESK.policy)
NAMED_ONLY = {"agent.recommends", "agent.alone"}
"""No permit names an agent, so these rules change no answer: they say why, and hold if a permit is ever too wide."""


def _gate(policy: str) -> CedarGate:
    return CedarGate(_with(DESK, policy))


def _with(desk: Desk, policy: str) -> Desk:
    return desk.model_copy(update={"policy": policy})


@pytest.fixture(scope="module")
def gate() -> CedarGate:
    return CedarGate(DESK)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{name(case)}" for number, case in zip(count(1), CASES)])
def test_shipped_policy_answers(case: Case, gate: CedarGate) -> None:
    """The shipped policy answers each case as the table says, names the rules that decided, and gives a reason."""
    decision = gate.decide(case.question)

    assert (decision.answer, decision.rules, decision.alarm) == (case.answer, case.rules, False)
    assert bool(decision.reason) == (case.rules != ("no rule permits",))
    assert decision.policy == gate.digest


def test_table_is_large_and_without_repeats() -> None:
    """The table holds at least eighty different questions."""
    asked = {case.question.model_dump_json() for case in CASES}

    assert len(asked) == len(CASES) >= 80


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_needed(rule: Rule) -> None:
    """Without any one rule of the policy at least one case has another answer."""
    without = _gate(DESK.policy.replace(rule.source, ""))

    changed = [case for case in CASES if without.decide(case.question).answer != case.answer]

    assert changed or (rule.id in NAMED_ONLY and not all(case.holds(without) for case in CASES))


NUMBERS = list(re.finditer(r"(?<=[<>=] )\d+", DESK.policy))


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("number", NUMBERS, ids=[f"{found[0]}@{found.start()}" for found in NUMBERS])
def test_every_bound_is_exact(number: re.Match[str], step: int) -> None:
    """A bound that is one off is noticed by a case."""
    moved = str(int(number[0]) + step)
    other = _gate(DESK.policy[: number.start()] + moved + DESK.policy[number.end() :])

    assert not all(case.holds(other) for case in CASES)


@pytest.mark.parametrize("clause", ["when", "unless"])
def test_every_condition_is_needed(clause: str) -> None:
    """A rule whose condition is taken away or turned round is noticed by a case."""
    conditional = [rule for rule in RULES if re.search(rf"^{clause} \{{", rule.source, re.MULTILINE)]
    survived: list[str] = []
    for rule in conditional:
        always, never = (
            _gate(
                DESK.policy.replace(
                    rule.source, re.sub(rf"(?m)^{clause} \{{.*?\}}", f"{clause} {{ {value} }}", rule.source)
                )
            )
            for value in ("true", "false")
        )
        survived += [rule.id for gate in (always, never) if all(case.holds(gate) for case in CASES)]

    assert conditional
    assert survived == []
