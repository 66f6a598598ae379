"""The one adapter in: a case as JSON for a model. Texts are cleaned, and can't end the string that they stand in."""

from pydantic import JsonValue

from countersign.domain.desk import Desk
from countersign.domain.frozen import canonical
from countersign.domain.plan import Plan
from countersign.domain.resolution import Inquiry, Resolution
from countersign.domain.untrusted import readable

_LONGEST_MESSAGE = 8000


def told(inquiry: Inquiry, desk: Desk) -> str:
    """What the resolver is given first. Nobody's name or address is in it, but for what the message itself says."""
    perception, sender = inquiry.perception, inquiry.sender
    case: dict[str, JsonValue] = {
        "message": message(inquiry),
        "who_asks": {"verified": sender.verified, "is_a_customer": bool(sender.customer)},
        "came_here_because": list(inquiry.reasons),
        "names_orders": list(perception.entities.orders),
        "attachments": sum(len(one.attachments) for one in perception.messages),
        "other_tickets": inquiry.memory.other_tickets,
        "earlier_turns": [f"{turn.outcome}: {', '.join(turn.requests)}" for turn in inquiry.memory.turns],
        "playbooks_said": [_plan(plan) for plan in inquiry.plans],
        "requests": {request.id: request.title for request in desk.requests.values()},
        "languages": list(desk.settings.languages),
        "objections": list(inquiry.objections),
    }
    return canonical(case)


def message(inquiry: Inquiry) -> dict[str, JsonValue]:
    """The customer's message: their word, and nobody else's."""
    perception = inquiry.perception
    return {
        "word_of": "customer",
        "subject": readable(perception.subject, 300),
        "text": readable(perception.text, _LONGEST_MESSAGE),
        "language": perception.language,
    }


def to_agree_with(inquiry: Inquiry, resolution: Resolution) -> dict[str, str]:
    """What the critic is given: the message, and what the first model came to, with its facts and their sources."""
    plan = resolution.plan
    facts = [f"{fact.name}: {fact.value} ({fact.origin}: {fact.source})" for fact in plan.facts] if plan else []
    came_to: dict[str, JsonValue] = {
        "requests_named": [intent.request for intent in resolution.intents],
        "proposals": [_proposal(one.summary, one.provenance.grounds) for one in plan.proposals] if plan else [],
        "reply": str(plan.reply.values.get("text", "")) if plan and plan.reply else "",
        "facts": list(facts),
        "what_came_of_it": [] if plan else list(resolution.found),
    }
    return {"message": canonical(message(inquiry)), "verified": inquiry.sender.verified, "came_to": canonical(came_to)}


def _proposal(summary: str, grounds: str) -> str:
    return f"{summary} Rests on the word of: {grounds}."


def _plan(plan: Plan) -> JsonValue:
    return {
        "request": plan.request,
        "complex_because": plan.complex,
        "would_propose": [proposal.summary for proposal in plan.proposals],
        "noticed": list(plan.notes),
    }
