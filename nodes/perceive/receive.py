"""receive: take up the ticket's messages, by reference."""

from countersign.domain.errors import StorageError
from countersign.domain.state import TicketState, Update
from countersign.domain.ticket import InboxMessage, TicketRef
from countersign.ports import Deps


def receive(state: TicketState, *, deps: Deps) -> Update:
    """The ticket's turn and unanswered messages as the ledger has them now; everything of an earlier turn is cleared.

    A turn that a person began with an answer of their own has its review from the start.
    Raises StorageError where the ledger does not know the ticket: a thread alone is no ticket.
    """
    ticket_id = state["ticket"].id
    ticket = deps.ledger.ticket(ticket_id)
    if ticket is None:
        raise StorageError("the ledger knows no such ticket", where=ticket_id, detail="no_ticket")
    review = deps.ledger.review(ticket_id, ticket.turn)
    begun = review if review and review.answer == "answer" else None
    return Update(
        ticket=TicketRef(id=ticket_id, turn=ticket.turn),
        inbox=unanswered(deps.ledger.inbox(ticket_id), ticket_id, deps),
        perception=None, sender=None, memory=None, triage=None, plans=(), resolution=None, opinion=None, draft=None,
        findings=(), verdict=None, resumed=None, review=begun, edit=begun.edited if begun else None, refusal="",
        progress=None, dossier=None, outcome=None,
    )  # fmt: skip


def unanswered(rows: tuple[InboxMessage, ...], ticket_id: str, deps: Deps) -> tuple[InboxMessage, ...]:
    """What came since the last turn that ended, and what people wrote last, which a reopened turn is about.

    The rest is in the ledger: a state that held it would grow with every turn of a conversation.
    """
    finished = max((past.turn for past in deps.ledger.past_turns(ticket_id)), default=0)
    last = max((row.turn for row in rows if row.automatic is None), default=0)
    return tuple(row for row in rows if row.turn > finished or row.turn == last)


def route_received(state: TicketState) -> str:
    """`automatic` where the turn began with messages that no person wrote, else `person`."""
    turn = state["ticket"].turn
    current = [message for message in state.get("inbox", ()) if message.turn == turn]
    return "automatic" if current and all(message.automatic for message in current) else "person"
