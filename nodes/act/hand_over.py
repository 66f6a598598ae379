"""hand_over: everything a person needs to take over."""

from countersign.domain.outcome import Dossier
from countersign.domain.plan import Plan
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps


def hand_over(state: TicketState, *, deps: Deps) -> Update:
    """A dossier: why the desk stops here, what it found, and what it would have suggested."""
    plans = state.get("plans", ())
    return Update(
        dossier=Dossier(
            reason=_reason(state),
            requests=_requests(state),
            notes=tuple(dict.fromkeys(note for plan in plans for note in _notes(plan))),
            suggestions=tuple(proposal.summary for plan in plans for proposal in plan.proposals),
        )
    )


def _requests(state: TicketState) -> tuple[str, ...]:
    triaged = state.get("triage")
    return tuple(dict.fromkeys(intent.request for intent in triaged.intents)) if triaged else ()


def _reason(state: TicketState) -> str:
    """The first that applies: a person's answer, a refusal by policy, a complex plan, an abstention."""
    review, verdict, triaged = state.get("review"), state.get("verdict"), state.get("triage")
    if review is not None:
        return f"{review.by or 'nobody'} answered {review.answer or review.status}"
    if verdict is not None:
        return "policy refuses: " + "; ".join(verdict.reasons)
    complexities = [plan.complex for plan in state.get("plans", ()) if plan.complex]
    if complexities:
        return "; ".join(complexities)
    return "; ".join(triaged.reasons) if triaged and triaged.reasons else "no request was recognised"


def _notes(plan: Plan) -> tuple[str, ...]:
    return (*plan.notes, *(f"{fact.name}: {fact.value} ({fact.source})" for fact in plan.facts))
