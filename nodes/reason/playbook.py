"""playbook: hand each intent to its category's playbook."""

from countersign.domain.perception import Intent
from countersign.domain.plan import Plan, Principal
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.reason.playbooks.case import Case, plan_for


def playbook(state: TicketState, *, deps: Deps) -> Update:
    """One plan for each intent, in the order in which they were asked; where an agent named them, they say so."""
    plans = (_plan(intent, state, deps).model_copy(update={"named_by": intent.named_by}) for intent in intents(state))
    return Update(plans=tuple(plans))


def intents(state: TicketState) -> tuple[Intent, ...]:
    """What is asked: as the agent named it where it handed the case back, otherwise as triage did."""
    resolution, triaged = state.get("resolution"), state.get("triage")
    if resolution and resolution.intents:
        return resolution.intents
    return triaged.intents if triaged else ()


def _plan(intent: Intent, state: TicketState, deps: Deps) -> Plan:
    perception, sender, memory = state.get("perception"), state.get("sender"), state.get("memory")
    category = deps.desk.requests[intent.request].category
    if perception is None or sender is None or memory is None:
        return Plan(request=intent.request, category=category, complex="nothing was perceived")
    principal = Principal(kind="Playbook", id=category)
    return plan_for(
        Case(
            intent=intent,
            perception=perception,
            sender=sender,
            memory=memory,
            deps=deps,
            now=deps.clock.now(),
            principal=principal,
        )
    )


def route_planned(state: TicketState) -> str:
    """`clear` where every plan has its reply; `complex` for the agent, once; after that `stuck`."""
    plans = state.get("plans", ())
    if plans and not any(plan.complex or plan.reply is None for plan in plans):
        return "clear"
    return "stuck" if state.get("resolution") else "complex"
