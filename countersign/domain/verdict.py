"""What the gates say: findings of the quality gate, decisions and verdicts of the policy gate."""

from typing import Literal

from pydantic import JsonValue

from countersign.domain.frozen import Frozen, digest
from countersign.domain.plan import Kind, Principal

Answer = Literal["allow", "ask", "deny"]
POLICY = "policy"
"""The approver of what the policy allows by itself."""
Phase = Literal["copilot", "bounded", "broad"]
_STRICTNESS: dict[Answer, int] = {"allow": 0, "ask": 1, "deny": 2}


class Finding(Frozen):
    """Something the quality gate found: a stable code and one sentence without personal data."""

    code: str
    text: str


class Question(Frozen):
    """What the policy gate is asked: may this principal do this to that, under these facts?"""

    principal: Principal
    action: Kind
    resource: str
    context: dict[str, JsonValue]


class Decision(Frozen):
    """The policy gate's answer to one question."""

    answer: Answer
    rules: tuple[str, ...]
    """Ids of the rules that decided; `no rule permits` where none did."""
    policy: str
    """Digest of policy, schema and phases."""
    reason: str = ""
    """Texts of the deciding rules' @reason, or what was wrong."""
    alarm: bool = False
    """The policy could not be evaluated cleanly; it was denied for that."""


class Judged(Frozen):
    """A proposal's id and the decision on it, with what the decision was made from."""

    proposal: str
    decision: Decision
    context: dict[str, JsonValue]
    version: str
    ceiling: int | None = None
    """The most money that may ever leave for this target, minor units; None where no money moves."""
    contract: str = ""
    """Digest of the tool's contract that was judged: what it takes, causes, and how it is undone."""


class Verdict(Frozen):
    """The plans' verdict: the strictest of its proposals' decisions, and ask where the quality gate found anything."""

    answer: Answer
    judged: tuple[Judged, ...]
    reasons: tuple[str, ...] = ()
    approver: str = POLICY
    """Who turned ask into allow: the person whose review did, otherwise the policy by itself."""


def shown_digest(bound: str, verdict: Verdict) -> str:
    """What a reviewer is shown: proposals, versions of their records, contracts, and why they are asked about."""
    return digest([bound, [[judged.version, judged.contract] for judged in verdict.judged], verdict.reasons])


def strictest(answers: tuple[Answer, ...]) -> Answer:
    """The strictest of some answers; deny where there are none, because nothing was permitted."""
    ranked: list[Answer] = sorted(answers, key=lambda answer: _STRICTNESS[answer])
    return ranked[-1] if ranked else "deny"
