"""authorize: the policy gate, and the only road into execute."""

from datetime import datetime, timedelta

from countersign.domain.outcome import Review
from countersign.domain.plan import Draft, Principal, Proposal, Provenance, bound_digest
from countersign.domain.review import Rejection
from countersign.domain.state import TicketState, Update
from countersign.domain.ticket import InboxMessage, Message, TicketRef
from countersign.domain.verdict import Answer, Decision, Judged, Verdict, shown_digest, strictest
from countersign.ports import Deps
from nodes.act.planned import agents_own, all_proposals, drafted, planned, seconded, undoing
from nodes.act.undo_plan import undo_plan
from tools.judge import approval, judge
from tools.lookups.casebook import AGENT
from tools.proposals import send_reply

DESK = Principal(kind="Playbook", id="desk")
"""Who proposes the reply itself."""
REJECTED_BEFORE = "review.rejected-before"
"""The rule that asks about what a person rejected earlier in the ticket."""
LAPSED = "approval.lapsed"
"""The rule that asks again where a person's approval has waited too long to be carried out."""
REVOKED = "approval.revoked"
"""The rule that asks again where whoever approved may not approve it any more."""


def authorize(state: TicketState, *, deps: Deps) -> Update:
    """Allow, ask or deny for the turn: its strictest proposal's decision, and ask where check found anything.

    Where a step has failed for good, the undo plan is judged instead: each step back for itself, like any proposal.

    What would be asked is allowed where a person has approved the very same proposals on unchanged records, asked for
    the very same reasons, or has made them themselves, if they still may and it was not too long ago. What a person
    rejected before is never allowed by policy alone.
    """
    undo = undo_plan(state, deps)
    state = state.copy()
    state["undo"] = undo
    return Update(undo=undo, verdict=_verdict(state, deps))


def _verdict(state: TicketState, deps: Deps) -> Verdict:
    proposals, sender, ref = proposals_of(state, deps), state.get("sender"), state["ticket"]
    if sender is None:
        return Verdict(answer="deny", judged=(), reasons=("nobody is known to have asked",))
    rejections = _rejections(ref, deps)
    kept = _carried_out(state, deps)
    judged = tuple(
        kept.get(one.id_in(ref.id, ref.turn)) or _remembering(rejections, one, judge(one, sender, ref, deps))
        for one in proposals
    )
    # What was found concerns a reply, and a turn that undoes what it began sends none.
    findings = () if undoing(state) else state.get("findings", ())
    found = tuple(f"{finding.code}: {finding.text}" for finding in findings)
    answers: tuple[Answer, ...] = tuple(item.decision.answer for item in judged)
    answer = strictest((*answers, "ask") if found else answers)
    objections = tuple(_reason(item) for item in judged if item.decision.answer != "allow")
    verdict = Verdict(answer=answer, judged=judged, reasons=(*objections, *found))
    review = state.get("review")
    if review is None or not _approved(verdict, proposals, found, review):
        return verdict
    objection = _outlived(review, deps) or _revoked(review, verdict, proposals, deps)
    if not objection:
        return verdict.model_copy(update={"answer": "allow", "approver": review.by})
    return verdict.model_copy(update={"reasons": (*verdict.reasons, objection)})


def _carried_out(state: TicketState, deps: Deps) -> dict[str, Judged]:
    """What was carried out in this turn keeps its decision: the facts are other now because of it."""
    happened = {effect.proposal for effect in deps.ledger.receipts(state["ticket"]) if effect.status != "failed"}
    verdict = state.get("verdict")
    return {item.proposal: item for item in verdict.judged if item.proposal in happened} if verdict else {}


def _approved(verdict: Verdict, proposals: tuple[Proposal, ...], found: tuple[str, ...], review: Review) -> bool:
    """A person has approved exactly this; the ledger checks it again before it grants anything."""
    if verdict.answer == "deny" or review.status != "answered":
        return False
    bound = bound_digest(zip((item.proposal for item in verdict.judged), proposals, strict=True))
    if review.signed != bound:
        return False
    if review.answer == "approve":
        return review.digest == shown_digest(bound, verdict)
    return _edit_stands(review, verdict, proposals, found)


def approved_until(review: Review, deps: Deps) -> datetime:
    """Until when a person's approval may be carried out; of one that nobody gave it is the past."""
    at = review.at or review.opened_at
    return at + timedelta(minutes=deps.desk.settings.approval_minutes)


def _outlived(review: Review, deps: Deps) -> str:
    until = approved_until(review, deps)
    if deps.clock.now() < until:
        return ""
    return f"{LAPSED}: {review.by} approved it, which was good until {until:%d %b %H:%M} UTC."


def _revoked(review: Review, verdict: Verdict, proposals: tuple[Proposal, ...], deps: Deps) -> str:
    for item, proposal in zip(verdict.judged, proposals, strict=True):
        said = approval(review.by, proposal, item.context, deps)
        if said.answer != "allow":
            why = f"{', '.join(said.rules)}: {said.reason}"
            return f"{REVOKED}: {review.by} approved it and may not approve {proposal.kind} any more ({why})"
    return ""


def _edit_stands(review: Review, verdict: Verdict, proposals: tuple[Proposal, ...], found: tuple[str, ...]) -> bool:
    """The quality gate found nothing that the person was not shown before, and no record has changed since."""
    versions = zip(verdict.judged, proposals, strict=True)
    unchanged = all(item.version == proposal.version for item, proposal in versions)
    return unchanged and set(found) <= set(review.reasons)


def _rejections(ref: TicketRef, deps: Deps) -> tuple[Rejection, ...]:
    """What people said no to before the turn's last question: a turn that runs again asks that one as it was."""
    last = deps.ledger.review(ref.id, ref.turn)
    return deps.ledger.rejections(ref.id, last.id if last else "")


def _remembering(rejections: tuple[Rejection, ...], proposal: Proposal, item: Judged) -> Judged:
    """The decision, at least ask where a person's last word on the same thing in this ticket was no."""
    no = next((one for one in rejections if (one.kind, one.target) == (proposal.kind, proposal.target)), None)
    if no is None or item.decision.answer == "deny":
        return item
    rules = item.decision.rules if item.decision.answer == "ask" else ()
    reason = f"{item.decision.reason if rules else ''} {no.by} rejected the same on {no.date}.".strip()
    decision = Decision(answer="ask", rules=(*rules, REJECTED_BEFORE), policy=item.decision.policy, reason=reason)
    return item.model_copy(update={"decision": decision})


def proposals_of(state: TicketState, deps: Deps) -> tuple[Proposal, ...]:
    """The turn's proposals, without repeats, the reply last."""
    draft, ref = drafted(state), state["ticket"]
    if draft is None:
        return all_proposals(state)
    reply = _reply(draft, _writer(state), ref, state.get("inbox", ()), deps)
    return (*all_proposals(state), reply.model_copy(update={"provenance": _provenance(state)}))


def _writer(state: TicketState) -> Principal:
    """Whose words the reply is in: a person's own, an agent's, or the desk's templates."""
    edit = state.get("edit")
    if edit and edit.own:
        return Principal(kind="Person", id=edit.by)
    return AGENT if agents_own(state) else DESK


def _provenance(state: TicketState) -> Provenance:
    """The reply's: named by a model where any of its plans is. What it may state is the quality gate's to say."""
    edit = state.get("edit")
    if edit and edit.own:
        return Provenance(grounds="person")
    by_model = any(plan.named_by == "model" for plan in planned(state))
    return Provenance(named_by="model" if by_model else "desk", seconded=seconded(state))


def route_authorized(state: TicketState) -> str:
    """`revise` where the gates have something against an agent's first plan, else `decided`."""
    own, verdict = agents_own(state), state.get("verdict")
    if own is None or verdict is None or own.round > 1 or state.get("edit") or state.get("review"):
        return "decided"
    progress = state.get("progress")
    return "revise" if (verdict.answer == "deny" or state.get("findings")) and progress is None else "decided"


def _reply(draft: Draft, by: Principal, ref: TicketRef, inbox: tuple[InboxMessage, ...], deps: Deps) -> Proposal:
    rows = [row for row in inbox if row.automatic is None]
    message = Message.model_validate_json(deps.blobs.get(rows[-1].body)) if rows else None
    ours = draft.to == message.sender if message else False
    in_reply_to = message.message_id if message and ours else ""
    references = (*message.references, message.message_id)[-20:] if message and in_reply_to else ()
    return send_reply(ref.id, draft, in_reply_to, references, by)


def _reason(item: Judged) -> str:
    rules = ", ".join(item.decision.rules)
    return f"{rules}: {item.decision.reason}" if item.decision.reason else rules
