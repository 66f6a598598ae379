"""second: ask an independent second model whether it agrees with what a model proposed or named."""

from countersign.domain.resolution import Opinion, Resolution
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.planned import agents_own, planned, to_second
from nodes.reason.playbook import intents
from nodes.reason.resolve import inquiry_of


def second(state: TicketState, *, deps: Deps) -> Update:
    """The opinion; without a second model that is independent of the first, nobody is asked and nothing is seconded."""
    inquiry, about = inquiry_of(state), to_second(state)
    if inquiry is None:
        return Update(opinion=Opinion(about=about))
    first = inquiry.model_copy(update={"objections": ()})
    opinion = deps.resolver.second(first, _shown(state), deps)
    return Update(opinion=opinion.model_copy(update={"about": about}))


def _shown(state: TicketState) -> Resolution:
    """What is to be agreed with: the agent's plan, or the requests that a model named and what came of them."""
    own = agents_own(state)
    if own is not None:
        return own
    triaged = state.get("triage")
    named = state.get("resolution") or Resolution(engine=triaged.engine if triaged else None)
    return named.model_copy(update={"intents": intents(state), "found": tuple(_outline(state))})


def _outline(state: TicketState) -> list[str]:
    draft = state.get("draft")
    proposed = [proposal.summary for plan in planned(state) for proposal in plan.proposals]
    return [*proposed, draft.body] if draft else proposed
