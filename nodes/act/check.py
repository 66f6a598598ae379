"""check: the quality gate."""

from countersign.domain.state import TicketState, Update
from countersign.domain.verdict import Finding
from countersign.ports import Deps
from countersign.quality.gate import check as findings_on
from nodes.act.planned import agents_own, drafted, planned, to_second


def check(state: TicketState, *, deps: Deps) -> Update:
    """What is wrong with the draft, and with an execution that could not go on; nothing, where it may leave."""
    draft, sender, perception = drafted(state), state.get("sender"), state.get("perception")
    if draft is None or sender is None or perception is None:
        return Update(findings=(Finding(code="form.missing", text="There is no reply to check."),))
    found = findings_on(draft, planned(state), sender, perception.language, deps.desk.settings)
    return Update(findings=(*found, *_problem(state)))


def route_checked(state: TicketState) -> str:
    """`model` where a model proposed or named something and the reply is in order, else `desk`."""
    by_model = agents_own(state) or any(plan.named_by == "model" for plan in planned(state))
    opinion = state.get("opinion")
    heard = opinion is not None and opinion.about == to_second(state)
    settled = heard or state.get("findings") or state.get("edit") or state.get("review")
    return "model" if by_model and not settled else "desk"


def _problem(state: TicketState) -> tuple[Finding, ...]:
    progress = state.get("progress")
    if progress is None or not progress.problem:
        return ()
    return (Finding(code="execution.stopped", text=progress.problem),)
