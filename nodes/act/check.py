"""check: the quality gate."""

from countersign.domain.state import TicketState, Update
from countersign.domain.verdict import Finding
from countersign.ports import Deps
from countersign.quality.gate import check as findings_on
from nodes.act.planned import drafted, planned


def check(state: TicketState, *, deps: Deps) -> Update:
    """What is wrong with the draft, and with an execution that could not go on; nothing, where it may leave."""
    draft, sender, perception = drafted(state), state.get("sender"), state.get("perception")
    if draft is None or sender is None or perception is None:
        return Update(findings=(Finding(code="form.missing", text="There is no reply to check."),))
    found = findings_on(draft, planned(state), sender, perception.language, deps.desk.settings)
    return Update(findings=(*found, *_problem(state)))


def _problem(state: TicketState) -> tuple[Finding, ...]:
    progress = state.get("progress")
    if progress is None or not progress.problem:
        return ()
    return (Finding(code="execution.stopped", text=progress.problem),)
