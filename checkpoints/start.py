"""How a turn is set going in its thread, for everybody who runs one."""

from langgraph.types import Command, StateSnapshot

from countersign.domain.review import WOKEN
from countersign.domain.state import TicketState
from countersign.domain.ticket import TicketRef


def start_of(state: StateSnapshot, ref: TicketRef) -> TicketState | Command[str] | None:
    """Wakes a thread that waits in this turn, continues (None) one that was left in it, begins the turn otherwise.

    What wakes a thread says nothing: the node after the review reads the answer from the ledger.
    """
    here = state.values.get("ticket") == ref
    if here and state.interrupts:
        return Command(resume={state.interrupts[0].id: WOKEN})
    # Not `next`: it is empty, too, where a step's writes are kept and the checkpoint after it is not.
    return None if here and state.tasks else TicketState(ticket=ref)
