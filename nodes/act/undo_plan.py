"""The undo plan: how the turn's steps would be taken back, and whether that has to begin."""

from collections.abc import Iterable

from countersign.domain.outcome import Effect
from countersign.domain.plan import UNDO, Plan, Proposal
from countersign.domain.state import TicketState
from countersign.domain.ticket import TicketRef
from countersign.domain.undo import Undo, UndoStep
from countersign.ports import Deps
from nodes.act.planned import planned
from tools.undo import undo_of


def undo_plan(state: TicketState, deps: Deps) -> Undo:
    """A step that failed for good begins it, for what its own plan had done before.

    A turn that has begun to undo goes on with that, whatever its thread remembers: the ledger says so.
    """
    ref, plans = state["ticket"], planned(state)
    effects = deps.ledger.receipts(ref)
    steps = tuple(_steps(state, plans, effects, deps))
    begun = tuple(proposal for proposal in deps.ledger.proposals(ref) if proposal.by == UNDO)
    if not begun and _given_up(ref, effects, deps):
        begun = tuple(_steps_back(ref, plans, effects, steps))
    return Undo(steps=steps, begun=begun)


def _steps(state: TicketState, plans: tuple[Plan, ...], effects: tuple[Effect, ...], deps: Deps) -> Iterable[UndoStep]:
    """One for each proposal that can be taken back; what has happened keeps the step that was made before it did."""
    ref, before = state["ticket"], state.get("undo")
    known = {step.proposal: step for step in before.steps} if before else {}
    happened = {effect.proposal for effect in effects if effect.status != "failed"}
    for proposal in (proposal for plan in plans for proposal in plan.proposals):
        name = proposal.id_in(ref.id, ref.turn)
        back = None if name in happened and name in known else undo_of(proposal, deps.shop)
        if back is not None:
            yield UndoStep(proposal=name, by=back)
        elif name in known:
            yield known[name]


def _given_up(ref: TicketRef, effects: tuple[Effect, ...], deps: Deps) -> bool:
    """A step failed for good: nothing is in doubt, and the turn can't go on as it is."""
    statuses = {effect.status for effect in effects}
    return "failed" in statuses and not statuses & {"started", "unknown"} and bool(deps.ledger.progress(ref).problem)


def _steps_back(
    ref: TicketRef, plans: tuple[Plan, ...], effects: tuple[Effect, ...], steps: tuple[UndoStep, ...]
) -> Iterable[Proposal]:
    """What the failed steps' own plans have done, the latest first; other requests of the message keep theirs."""
    failed = {effect.proposal for effect in effects if effect.status == "failed"}
    backs = {step.proposal: step.by for step in steps}
    touched = {
        name for plan in plans if failed & (names := {one.id_in(ref.id, ref.turn) for one in plan.proposals})
        for name in names
    }  # fmt: skip
    for effect in reversed(effects):
        if effect.status == "done" and effect.proposal in touched & backs.keys():
            yield backs[effect.proposal]
