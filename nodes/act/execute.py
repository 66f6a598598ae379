"""execute: the gateway's next step."""

from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.planned import undoing


def execute(state: TicketState, *, deps: Deps) -> Update:
    """Carries out the turn's next granted proposal; the reply is the last."""
    return Update(progress=deps.gateway.step(state["ticket"], deps))


def route_executed(state: TicketState) -> str:
    """`stopped` where it can't go on, `more` while proposals are left, else `done`, or `undone` after an undo."""
    progress, undone = state.get("progress"), bool(undoing(state))
    if progress is None or progress.problem:
        return "undone" if undone else "stopped"
    if progress.remaining:
        return "more"
    return "undone" if undone else "done"
