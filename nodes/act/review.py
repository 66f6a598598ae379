"""review: wait for a person. Nothing but an interrupt."""

from langgraph.types import interrupt

from countersign.domain.frozen import Json
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.question import question


def review(state: TicketState, *, deps: Deps) -> Update:
    """Stops until the thread is woken; the value that wakes it carries no authority."""
    del deps
    woken_with: Json = interrupt(question(state))
    return Update(resumed=woken_with)
