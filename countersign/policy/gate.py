"""The gate: one question becomes one decision. Whatever can't be decided cleanly is denied with an alarm."""

from collections.abc import Mapping, Sequence
from typing import get_args

from pydantic import JsonValue

from countersign.domain.desk import Desk
from countersign.domain.errors import DeskError
from countersign.domain.frozen import digest
from countersign.domain.plan import UNDO, Kind
from countersign.domain.verdict import Answer, Decision, Question
from countersign.policy.check import policy_problems
from countersign.policy.engine import Engine, Request, Ruled
from countersign.policy.rules import read_rules

DESK_PLAYBOOK = "desk"
"""The playbook that proposes the reply itself; the others are named after the desk's categories."""
NO_RULE = "no rule permits"

_ENTITIES = {"order": "Order", "subscription": "Subscription", "customer": "Customer", "ticket": "Ticket"}
_LARGEST = 10**12
"""Cedar's Long overflows at 2^63, and a rule whose arithmetic overflows is skipped: far smaller numbers go in."""
_LONGEST = 1_000
"""Characters of a text in the context, and of an alarm's reason."""


class CedarGate:
    """Decides by a desk's policy; safe to share between threads."""

    digest: str
    """Over policy, schema and phases."""

    def __init__(self, desk: Desk) -> None:
        """Parses policy and schema once. Raises DeskError where they can't be used, naming file, line and rule."""
        for problem in policy_problems(desk.policy, desk.policy_schema):
            where = f"{desk.folder / problem.file}:{problem.line}"
            text = f"{problem.rule}: {problem.text}" if problem.rule else problem.text
            raise DeskError(text, where=where, hint="correct it; `countersign policy check` lists every problem")
        self.digest = digest([desk.policy, desk.policy_schema, desk.settings.phases])
        self._engine = Engine(desk.policy, desk.policy_schema)
        self._reasons = {rule.id: rule.reason for rule in read_rules(desk.policy)}
        self._playbooks = {request.category for request in desk.requests.values()} | {DESK_PLAYBOOK, UNDO.id}
        self._roles: Mapping[str, Sequence[str]] = {key: person.roles for key, person in desk.people.items()}

    def decide(self, question: Question) -> Decision:
        """Allow, ask or deny. For a person it says whether they may approve: allow or deny. Never raises."""
        try:
            problem = self._problem(question)
            return self._alarm(problem) if problem else self._decided(question)
        except Exception as error:  # noqa: BLE001 - whatever the engine can't take must be a denial, not a crash
            return self._alarm(f"the policy could not be evaluated: {type(error).__name__}")

    def _decided(self, question: Question) -> Decision:
        """May execute: allow. May only recommend: ask, and say what stood in the way. Neither: deny."""
        person = question.principal.kind == "Person"
        ruled = self._ask(question, ("approve",) if person else ("execute", "recommend"))
        errors = [one.error for one in ruled if one.error]
        if errors:
            return self._alarm(f"the policy could not be evaluated: {errors[0]}")
        first, last = ruled[0], ruled[-1]
        if first.allowed:
            return self._decision("allow", first)
        return self._decision("ask", first if first.rules else last) if last.allowed else self._decision("deny", last)

    def _ask(self, question: Question, rights: Sequence[str]) -> tuple[Ruled, ...]:
        kind, _, name = question.resource.partition("/")
        principal = question.principal
        person = principal.kind == "Person"
        attributes: dict[str, JsonValue] = {"roles": list(self._roles[principal.id])} if person else {}
        requests = [
            Request(
                principal=(principal.kind, principal.id),
                action=f"{right}.{question.action}",
                resource=(_ENTITIES[kind], name),
                context=question.context,
            )
            for right in rights
        ]
        return self._engine.ask(requests, attributes)

    def _problem(self, question: Question) -> str:
        """Why a question can't be put to Cedar; empty where it can. Agents are known to the schema."""
        principal, context = question.principal, question.context
        known = {"Playbook": self._playbooks, "Person": self._roles}.get(principal.kind)
        if known is not None and principal.id not in known:
            return f"unknown principal {principal.kind} `{principal.id}`"
        if question.action not in get_args(Kind):
            return f"unknown action `{question.action}`"
        if question.resource.partition("/")[0] not in _ENTITIES:
            return f"unknown resource `{question.resource}`"
        if isinstance(context.get("problem"), str):
            return str(context["problem"])
        wrong = sorted(name for name, value in context.items() if not _bounded(value))
        return f"facts out of bounds: {', '.join(wrong)}" if wrong else ""

    def _decision(self, answer: Answer, ruled: Ruled) -> Decision:
        reason = " ".join(self._reasons[rule] for rule in ruled.rules)
        return Decision(answer=answer, rules=ruled.rules or (NO_RULE,), policy=self.digest, reason=reason)

    def _alarm(self, reason: str) -> Decision:
        clean = reason[:_LONGEST].encode("utf-8", "replace").decode()
        return Decision(answer="deny", rules=(NO_RULE,), policy=self.digest, reason=clean, alarm=True)


def _bounded(value: object) -> bool:
    """Texts, flags and whole numbers of a sane size; nothing that Cedar would misread or overflow on."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) <= _LARGEST
    return isinstance(value, str) and len(value) <= _LONGEST
