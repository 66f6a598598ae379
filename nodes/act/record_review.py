"""record_review: what the ledger says a person answered; an answer that came with the wake-up is written first."""

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.plan import bound_digest
from countersign.domain.review import WOKEN
from countersign.domain.state import TicketState, Update
from countersign.domain.verdict import shown_digest
from countersign.ports import Deps
from nodes.act.answer import write_answer
from nodes.act.authorize import proposals_of
from nodes.act.response import reply_in


def record_review(state: TicketState, *, deps: Deps) -> Update:
    """The review as the ledger has it: what counts is its row, never what the thread was resumed with.

    Where a server knows who resumed the thread, their answer is written through the same checks as any other; one that
    can't be taken is named in `refusal`, and the question stays open.
    """
    refusal = "" if state.get("resumed") in (None, WOKEN) else _take(state, deps)
    ref = state["ticket"]
    review = deps.ledger.review(ref.id, ref.turn)
    edit = review.edited if review and review.edited else state.get("edit")
    return Update(review=review, edit=edit, refusal=refusal)


def _take(state: TicketState, deps: Deps) -> str:
    """Writes the answer that came with the wake-up; why it was not taken, or nothing."""
    verdict, ref = state.get("verdict"), state["ticket"]
    review = deps.ledger.review(ref.id, ref.turn)
    if verdict is None or review is None:
        return "there is no question to answer"
    if not deps.person:
        return "nobody is signed in"
    try:
        said = reply_in(state.get("resumed"), state)
        write_answer(state, review, _shown(state, deps), said, deps.person, deps)
    except (MisuseError, RejectedError) as error:
        return f"{error} [{error.full_code}]"
    return ""


def _shown(state: TicketState, deps: Deps) -> str:
    """The digest of what this thread's question showed."""
    verdict = state.get("verdict")
    if verdict is None:
        return ""
    names = (judged.proposal for judged in verdict.judged)
    return shown_digest(bound_digest(zip(names, proposals_of(state, deps), strict=True)), verdict)


def route_reviewed(state: TicketState) -> str:
    """`wait` while the ledger has no answer; then `approved`, `edited`, `closed`, or `person` for the rest."""
    review = state.get("review")
    if review is None or review.status == "open":
        return "wait"
    ways = {"approve": "approved", "edit": "edited", "answer": "edited", "close": "closed"}
    return ways.get(review.answer, "person") if review.status == "answered" else "person"
