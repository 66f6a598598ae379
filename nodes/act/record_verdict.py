"""record_verdict: write down what was decided; from here on the ledger rules."""

from datetime import datetime, timedelta

from countersign.domain.outcome import Review, Ruling
from countersign.domain.plan import Proposal
from countersign.domain.state import TicketState, Update
from countersign.domain.verdict import POLICY, Verdict
from countersign.ports import Deps
from nodes.act.authorize import approved_until, proposals_of
from nodes.act.planned import planned

_DEFAULT_HOURS = 72


def record_verdict(state: TicketState, *, deps: Deps) -> Update:
    """Proposals, decisions, and with them grants (allow) or a review (ask), in one transaction.

    Raises RejectedError (`rejected.superseded`) where a newer message has begun another turn.
    """
    verdict, sender = state.get("verdict"), state.get("sender")
    if verdict is not None and sender is not None:
        now = deps.clock.now()
        proposals = proposals_of(state, deps)
        plans, edit = planned(state), state.get("edit")
        ruling = Ruling(
            proposals=proposals,
            verdict=verdict,
            sender=sender,
            graph=deps.graph,
            grants_expire_at=_expiry(verdict, state.get("review"), deps, now),
            review_deadline=_deadline(proposals, deps, now),
            approver=verdict.approver,
            category=plans[0].category if plans else "",
            requests=tuple(dict.fromkeys(plan.request for plan in plans if plan.request)),
            edit=edit.review if edit else "",
        )
        deps.ledger.record_verdict(state["ticket"], ruling, now)
    return Update()


def _expiry(verdict: Verdict, review: Review | None, deps: Deps, now: datetime) -> datetime:
    """A grant by policy is good for a while from now, one in a person's name for as long as their approval is."""
    if verdict.approver == POLICY or review is None:
        return now + timedelta(minutes=deps.desk.settings.grant_minutes)
    return approved_until(review, deps)


def _deadline(proposals: tuple[Proposal, ...], deps: Deps, now: datetime) -> datetime:
    """The earliest deadline of the kinds that wait."""
    hours = [deps.desk.settings.deadlines.get(proposal.kind, _DEFAULT_HOURS) for proposal in proposals]
    return now + timedelta(hours=min(hours, default=_DEFAULT_HOURS))


def route_ruled(state: TicketState) -> str:
    """`allow`, `ask` or `deny`: the verdict's answer."""
    verdict = state.get("verdict")
    return verdict.answer if verdict else "deny"
