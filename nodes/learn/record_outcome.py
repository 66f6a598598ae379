"""record_outcome: end the turn in the ledger."""

from countersign.domain.outcome import Outcome, OutcomeKind
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.planned import plans_made
from nodes.reason.playbook import intents


def record_outcome(state: TicketState, *, deps: Deps) -> Update:
    """How the turn ended; the next one remembers it."""
    outcome = outcome_of(state)
    deps.ledger.record_outcome(state["ticket"], outcome, deps.clock.now())
    return Update(outcome=outcome)


def outcome_of(state: TicketState) -> Outcome:
    """Handed over with a dossier, closed where nothing was to be answered, otherwise answered."""
    plans, sender, perception = plans_made(state), state.get("sender"), state.get("perception")
    dossier = state.get("dossier")
    named = (*(plan.request for plan in plans), *(intent.request for intent in intents(state)))
    requests = tuple(dict.fromkeys(request for request in named if request))
    asked = next((plan.reply.template for plan in plans if plan.asks and plan.reply), "")
    return Outcome(
        kind=_kind(state),
        category=plans[0].category if plans else "",
        requests=requests,
        orders=perception.entities.orders if perception else (),
        customer=sender.customer if sender else "",
        asked=asked,
        reason=dossier.reason if dossier else _closed_by(state) or _automatic(state),
        dossier=dossier,
    )


def _kind(state: TicketState) -> OutcomeKind:
    if state.get("dossier") is not None:
        return "handed_over"
    if _closed_by(state):
        return "closed"
    return "answered" if state.get("progress") is not None else "closed"


def _closed_by(state: TicketState) -> str:
    """Who closed the ticket without a reply, and why; empty where nobody did."""
    review = state.get("review")
    if review is None or (review.status, review.answer) != ("answered", "close"):
        return ""
    return f"{review.by} closed it" + (f": {review.text}" if review.text else "")


def _automatic(state: TicketState) -> str:
    kinds = sorted({message.automatic for message in state.get("inbox", ()) if message.automatic})
    return "not answered: " + ", ".join(kinds) if kinds and state.get("progress") is None else ""
