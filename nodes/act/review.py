"""review: wait for a person. Nothing but an interrupt."""

from typing import Any

from langgraph.types import interrupt

from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.question import question


def review(state: TicketState, *, deps: Deps) -> Update:
    """Stops until the thread is woken; the value that wakes it carries no authority."""
    answer: Any = interrupt(question(state))
    del answer, deps
    return Update()
