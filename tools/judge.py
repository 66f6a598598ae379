"""What policy says today: to a proposal, and to the person who approved it."""

from pydantic import JsonValue

from countersign.domain.perception import Sender
from countersign.domain.plan import UNDO, Principal, Proposal
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import Decision, Judged, Question
from countersign.ports import Deps
from tools.catalog import contract
from tools.context import circumstances

CHANGED_SINCE = "undo.changed-since"
"""The rule that asks before a step back would also take back what somebody else has changed since."""
UNKNOWN_PERSON = "approve.unknown-person"
"""The rule that lets nobody approve who is not of the desk."""


def judge(proposal: Proposal, sender: Sender, ref: TicketRef, deps: Deps) -> Judged:
    """The policy gate's decision on one proposal, under the facts and the tool's contract as they are now."""
    now = circumstances(proposal, sender, deps, ref)
    question = Question(principal=proposal.by, action=proposal.kind, resource=proposal.target, context=now.context)
    return Judged(
        proposal=proposal.id_in(ref.id, ref.turn),
        decision=_of_unchanged(proposal, now.version, deps.gate.decide(question)),
        context=now.context,
        version=now.version,
        ceiling=now.ceiling,
        contract=contract(proposal.kind).digest,
    )


def approval(person: str, proposal: Proposal, context: dict[str, JsonValue], deps: Deps, spent: int = 0) -> Decision:
    """Whether that person may approve it: allow or deny. `spent` is what they approved of the kind today, minor units.

    Asked again before a grant in their name is used, with nothing spent: their rights may have been taken away since.
    """
    known = deps.desk.people.get(person)
    if known is None:
        reason = f"{person} is not of the desk any more."
        return Decision(answer="deny", rules=(UNKNOWN_PERSON,), policy=deps.gate.digest, reason=reason)
    limit = known.limits.get(proposal.kind)
    left = {} if limit is None else {"limit_left": limit - spent}
    by = Principal(kind="Person", id=known.id)
    return deps.gate.decide(
        Question(principal=by, action=proposal.kind, resource=proposal.target, context=context | left)
    )


def _of_unchanged(proposal: Proposal, version: str, decision: Decision) -> Decision:
    """The decision, at least ask where a step back meets a record that somebody else has changed."""
    if proposal.by != UNDO or version == proposal.version or decision.answer != "allow":
        return decision
    reason = "The record has changed since the step that would be taken back."
    return Decision(answer="ask", rules=(CHANGED_SINCE,), policy=decision.policy, reason=reason)
