"""resolve: give what no playbook finished to the agent, and take back a plan, an ordinary case, or what was found."""

from countersign.domain.resolution import Inquiry, Resolution
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps


def resolve(state: TicketState, *, deps: Deps) -> Update:
    """What the agent came back with, in its first round or in the one of revision.

    The plans of a first round are void: an earlier opinion was about them.
    """
    inquiry = inquiry_of(state)
    if inquiry is None:
        return Update(resolution=Resolution(failed="failed.nothing_to_read"))
    return Update(resolution=_joined(state.get("resolution"), deps.resolver.resolve(inquiry, deps)))


def inquiry_of(state: TicketState) -> Inquiry | None:
    """What the agent is told; None where nobody wrote anything."""
    perception, sender, memory = state.get("perception"), state.get("sender"), state.get("memory")
    if perception is None or sender is None or memory is None or not perception.messages:
        return None
    triaged, plans = state.get("triage"), state.get("plans", ())
    complexities = tuple(plan.complex for plan in plans if plan.complex)
    return Inquiry(
        ref=state["ticket"],
        perception=perception,
        sender=sender,
        memory=memory,
        reasons=complexities or (triaged.reasons if triaged else ()),
        plans=plans,
        objections=_objections(state),
    )


def _objections(state: TicketState) -> tuple[str, ...]:
    """What the gates had against the agent's first plan."""
    verdict, findings = state.get("verdict"), state.get("findings", ())
    if not state.get("resolution") or verdict is None:
        return ()
    return tuple(dict.fromkeys((*verdict.reasons, *(f"{finding.code}: {finding.text}" for finding in findings))))


def _joined(before: Resolution | None, now: Resolution) -> Resolution:
    """The round's resolution, with what the round before it had found."""
    if before is None:
        return now
    found = tuple(dict.fromkeys((*before.found, *now.found)))
    changes = {"lookups": (*before.lookups, *now.lookups), "found": found, "round": before.round + 1}
    return now.model_copy(update=changes | {"calls": before.calls + now.calls})


def route_resolved(state: TicketState) -> str:
    """`planned` where there is a plan with a reply, `ordinary` where a playbook can have it, else `stuck`."""
    resolution = state.get("resolution")
    if resolution is None or resolution.failed:
        return "stuck"
    if resolution.intents:
        return "ordinary"
    return "planned" if resolution.plan and resolution.plan.reply else "stuck"
