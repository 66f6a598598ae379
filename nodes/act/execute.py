"""execute: the gateway's next step."""

from countersign.domain.state import TicketState, Update
from countersign.ports import Deps


def execute(state: TicketState, *, deps: Deps) -> Update:
    """Carries out the turn's next granted proposal; the reply is the last."""
    return Update(progress=deps.gateway.step(state["ticket"], deps))


def route_executed(state: TicketState) -> str:
    """`stopped` where a person is needed, `more` while proposals are left, else `done`."""
    progress = state.get("progress")
    if progress is None or progress.problem:
        return "stopped"
    return "more" if progress.remaining else "done"
