"""authorize: the policy gate, and the only road into execute."""

from countersign.domain.outcome import Review
from countersign.domain.perception import Sender
from countersign.domain.plan import Draft, Principal, Proposal, bound_digest
from countersign.domain.state import TicketState, Update
from countersign.domain.ticket import InboxMessage, Message, TicketRef
from countersign.domain.verdict import Answer, Judged, Question, Verdict, shown_digest, strictest
from countersign.ports import Deps
from tools.context import circumstances
from tools.proposals import send_reply

DESK = Principal(kind="Playbook", id="desk")
"""Who proposes the reply itself."""


def authorize(state: TicketState, *, deps: Deps) -> Update:
    """Allow, ask or deny for the turn: its strictest proposal's decision, and ask where check found anything.

    What would be asked is allowed where a person has approved the very same proposals, asked for the very same reasons.
    """
    proposals, sender, ref = proposals_of(state, deps), state.get("sender"), state["ticket"]
    if sender is None:
        return Update(verdict=Verdict(answer="deny", judged=(), reasons=("nobody is known to have asked",)))
    judged = tuple(judge(proposal, sender, ref, deps) for proposal in proposals)
    findings = state.get("findings", ())
    answers: tuple[Answer, ...] = tuple(item.decision.answer for item in judged)
    answer = strictest((*answers, "ask") if findings else answers)
    objections = tuple(_reason(item) for item in judged if item.decision.answer != "allow")
    reasons = (*objections, *(f"{finding.code}: {finding.text}" for finding in findings))
    verdict = Verdict(answer=answer, judged=judged, reasons=reasons)
    return Update(verdict=_countersigned(verdict, proposals, state.get("review")))


def _countersigned(verdict: Verdict, proposals: tuple[Proposal, ...], review: Review | None) -> Verdict:
    """The verdict as a person's approval leaves it; the ledger checks the approval again before it grants anything."""
    if verdict.answer != "ask" or review is None or (review.status, review.answer) != ("answered", "approve"):
        return verdict
    names = (item.proposal for item in verdict.judged)
    shown = shown_digest(bound_digest(zip(names, proposals, strict=True)), verdict.reasons)
    if review.digest != shown:
        return verdict
    return verdict.model_copy(update={"answer": "allow", "approver": review.by})


def proposals_of(state: TicketState, deps: Deps) -> tuple[Proposal, ...]:
    """The turn's proposals, without repeats, the reply last."""
    asked = {p.arguments_digest: p for plan in state.get("plans", ()) for p in plan.proposals}
    draft, ref = state.get("draft"), state["ticket"]
    reply = (_reply(draft, ref, state.get("inbox", ()), deps),) if draft else ()
    return (*asked.values(), *reply)


def judge(proposal: Proposal, sender: Sender, ref: TicketRef, deps: Deps) -> Judged:
    """The policy gate's decision on one proposal, under the facts as they are now."""
    now = circumstances(proposal, sender, deps, ref)
    question = Question(principal=proposal.by, action=proposal.kind, resource=proposal.target, context=now.context)
    return Judged(
        proposal=proposal.id_in(ref.id, ref.turn),
        decision=deps.gate.decide(question),
        context=now.context,
        version=now.version,
        ceiling=now.ceiling,
    )


def _reply(draft: Draft, ref: TicketRef, inbox: tuple[InboxMessage, ...], deps: Deps) -> Proposal:
    rows = [row for row in inbox if row.automatic is None]
    message = Message.model_validate_json(deps.blobs.get(rows[-1].body)) if rows else None
    ours = draft.to == message.sender if message else False
    in_reply_to = message.message_id if message and ours else ""
    references = (*message.references, message.message_id)[-20:] if message and in_reply_to else ()
    return send_reply(ref.id, draft, in_reply_to, references, DESK)


def _reason(item: Judged) -> str:
    rules = ", ".join(item.decision.rules)
    return f"{rules}: {item.decision.reason}" if item.decision.reason else rules
