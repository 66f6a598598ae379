"""Builds questions to the gate from the table of ordinary circumstances."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from countersign.desk import load_desk
from countersign.domain.desk import Desk
from countersign.domain.plan import Kind, Principal
from countersign.domain.verdict import Question
from countersign.policy.gate import CedarGate
from countersign.policy.rules import read_rules
from tools.catalog import contract

ROOT = Path(__file__).resolve().parents[2]
_TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "cases.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    question: Question
    answer: str
    rules: tuple[str, ...]

    def holds(self, gate: CedarGate) -> bool:
        decision = gate.decide(self.question)
        return (decision.answer, decision.rules) == (self.answer, self.rules)


def shipped_desk() -> Desk:
    """The demonstration desk."""
    return load_desk(ROOT / "desk")


def wide_desk() -> Desk:
    """A desk whose agents may do whatever its playbooks may: somebody took one rule out and widened every permit."""
    desk = shipped_desk()
    alone = next(rule.source for rule in read_rules(desk.policy) if rule.id == "agent.recommends")
    policy = desk.policy.replace(alone, "").replace("principal is Playbook", "principal")
    return desk.model_copy(update={"policy": policy})


def facts(kind: Kind) -> dict[str, Any]:
    """The ordinary circumstances of a kind."""
    return _TABLE["facts"]["all"] | _TABLE["facts"][kind]


def question(kind: Kind, who: str = "Playbook/orders", **changed: Any) -> Question:
    """A question about ordinary circumstances, some of them changed."""
    principal, _, name = who.partition("/")
    return Question(
        principal=Principal.model_validate({"kind": principal, "id": name}),
        action=kind,
        resource=f"{contract(kind).target}/X-1",
        context=facts(kind) | changed,
    )


def cases() -> list[Case]:
    """The whole table."""
    return [
        Case(
            question=question(row["what"], row.get("who", "Playbook/orders"), **row.get("facts", {})),
            answer=row["answer"],
            rules=tuple(row["rules"]),
        )
        for row in cast("Iterable[dict[str, Any]]", _TABLE["case"])
    ]


def name(case: Case) -> str:
    """A readable test id: who, what, and what differs from the ordinary."""
    asked = case.question
    ordinary = facts(asked.action)
    changed = [f"{key}={value}" for key, value in asked.context.items() if ordinary.get(key) != value]
    return "-".join([f"{asked.principal.kind}.{asked.principal.id}", asked.action, *changed])
