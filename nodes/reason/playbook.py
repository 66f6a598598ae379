"""playbook: hand each intent to its category's playbook."""

from countersign.domain.perception import Intent
from countersign.domain.plan import Plan, Principal
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.reason.playbooks.case import Case, plan_for


def playbook(state: TicketState, *, deps: Deps) -> Update:
    """One plan for each intent, in the order in which they were asked."""
    triaged = state.get("triage")
    intents = triaged.intents if triaged else ()
    return Update(plans=tuple(_plan(intent, state, deps) for intent in intents))


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
    """`complex` where any plan needs a person or an agent, else `clear`."""
    plans = state.get("plans", ())
    return "clear" if plans and not any(plan.complex or plan.reply is None for plan in plans) else "complex"
