"""record_review: read the person's answer from the ledger; the thread was only woken."""

from countersign.domain.state import TicketState, Update
from countersign.ports import Deps


def record_review(state: TicketState, *, deps: Deps) -> Update:
    """The review as the ledger has it: what counts is its row, never what the thread was resumed with."""
    ref = state["ticket"]
    return Update(review=deps.ledger.review(ref.id, ref.turn))


def route_reviewed(state: TicketState) -> str:
    """`wait` while the ledger has no answer, `approved` where it is approve, else `person`."""
    review = state.get("review")
    if review is None or review.status == "open":
        return "wait"
    return "approved" if review.status == "answered" and review.answer == "approve" else "person"
