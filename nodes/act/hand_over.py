"""hand_over: everything a person needs to take over."""

from collections.abc import Iterator

from countersign.domain.outcome import Dossier, Review
from countersign.domain.plan import Plan
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.planned import planned, undoing

EXPIRED = "expired"
"""How the reason begins where a question's deadline came."""


def hand_over(state: TicketState, *, deps: Deps) -> Update:
    """A dossier: why the desk stops here, what it found, and what it would have suggested."""
    plans = planned(state)
    notes = (*(note for plan in plans for note in _notes(plan)), *_found(state))
    return Update(
        dossier=Dossier(
            reason="; ".join((*_undone(state, deps), _reason(state))) if undoing(state) else _reason(state),
            requests=_requests(state),
            notes=tuple(dict.fromkeys(notes)),
            suggestions=tuple(proposal.summary for plan in plans for proposal in plan.proposals),
        )
    )


def _undone(state: TicketState, deps: Deps) -> Iterator[str]:
    """What failed, and what became of every step before it."""
    effects = deps.ledger.receipts(state["ticket"])
    back = {proposal.id_in(state["ticket"].id, state["ticket"].turn) for proposal in undoing(state)}
    for effect in effects:
        if effect.proposal in back:
            yield f"{effect.kind} on {effect.target} taken back: {effect.status}"
        elif effect.status != "done":
            yield f"{effect.kind} on {effect.target} {effect.status}: {effect.problem}"


def _requests(state: TicketState) -> tuple[str, ...]:
    triaged = state.get("triage")
    return tuple(dict.fromkeys(intent.request for intent in triaged.intents)) if triaged else ()


def _reason(state: TicketState) -> str:
    """The first that applies: a person's answer, a refusal by policy, a complex plan, an abstention.

    An agent that came to no result says why, behind that.
    """
    review, verdict, triaged = state.get("review"), state.get("verdict"), state.get("triage")
    if review is not None and (said := _said(review)):
        return said
    if verdict is not None and not _failure(state):
        who = "policy refuses" if verdict.answer == "deny" else "the checks object"
        return f"{who}: {'; '.join(verdict.reasons)}"
    complexities = [plan.complex for plan in state.get("plans", ()) if plan.complex]
    reasons = complexities or (list(triaged.reasons) if triaged else [])
    return "; ".join((*(reasons or ["no request was recognised"]), *_failure(state)))


def _failure(state: TicketState) -> tuple[str, ...]:
    resolution = state.get("resolution")
    return (f"the resolver stopped: {resolution.failed}",) if resolution and resolution.failed else ()


def _found(state: TicketState) -> tuple[str, ...]:
    """Everything that the agent found; a plan of its own has its summary and its open questions among its notes."""
    resolution = state.get("resolution")
    return resolution.found if resolution else ()


def _said(review: Review) -> str:
    """What ended the question; empty where its answer was yes, so that something else stands in the way."""
    note = f": {review.text}" if review.text else ""
    match (review.status, review.answer):
        case ("answered", "reject"):
            return f"{review.by} rejected it{note}"
        case ("answered", "take_over"):
            return f"{review.by} took it over{note}"
        case ("expired", _):
            return f"{EXPIRED}: nobody answered by {review.deadline:%d %b %H:%M} UTC"
        case _:
            return ""


def _notes(plan: Plan) -> tuple[str, ...]:
    return (*plan.notes, *(f"{fact.name}: {fact.value} ({fact.source})" for fact in plan.facts))
