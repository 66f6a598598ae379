"""The question that `review` puts to a person, in the shape that review screens know."""

from typing import TypedDict

from pydantic import JsonValue

from countersign.domain.plan import Draft, Proposal
from countersign.domain.state import TicketState
from nodes.act.planned import all_proposals, drafted, undoing
from tools.catalog import contract


class ActionRequest(TypedDict):
    """One thing to approve."""

    name: str
    args: dict[str, JsonValue]
    description: str


class ReviewConfig(TypedDict):
    """What may be answered to it."""

    action_name: str
    allowed_decisions: list[str]


class ReviewQuestion(TypedDict):
    """HITLRequest, as langchain's human-in-the-loop middleware and agent-chat-ui have it."""

    action_requests: list[ActionRequest]
    review_configs: list[ReviewConfig]


_DECISIONS = ("approve", "edit", "reject")


def question(state: TicketState) -> ReviewQuestion:
    """The turn's proposals and its reply, each with why it is asked about, what undoes it, and what may be answered."""
    requests = [_request(proposal, state) for proposal in all_proposals(state)]
    draft = drafted(state)
    if draft is not None:
        requests.append(_reply(draft, state))
    names = dict.fromkeys(request["name"] for request in requests)
    configs = [ReviewConfig(action_name=name, allowed_decisions=_decisions(name, state)) for name in names]
    return ReviewQuestion(action_requests=requests, review_configs=configs)


def _decisions(name: str, state: TicketState) -> list[str]:
    """A person may also write the reply themselves; a step back can't be edited."""
    if undoing(state):
        return ["approve", "reject"]
    return [*_DECISIONS, "respond"] if name == "send_reply" else [*_DECISIONS]


def _request(proposal: Proposal, state: TicketState) -> ActionRequest:
    undo = _undo(proposal, state)
    description = _described(proposal.summary, undo, state)
    return ActionRequest(name=proposal.kind, args=dict(proposal.args), description=description)


def _undo(proposal: Proposal, state: TicketState) -> str:
    """How it can be taken back, and what the desk does by itself to take it back when a later step fails."""
    undo, name = state.get("undo"), proposal.id_in(state["ticket"].id, state["ticket"].turn)
    backs = [step.by.summary for step in undo.steps if step.proposal == name] if undo else []
    by_hand = contract(proposal.kind).undo or "This can't be undone."
    return "\n".join((by_hand, *(f"If a later step fails: {back}" for back in backs)))


def _reply(draft: Draft, state: TicketState) -> ActionRequest:
    args: dict[str, JsonValue] = {"to": draft.to, "subject": draft.subject, "body": draft.body}
    return ActionRequest(name="send_reply", args=args, description=_described("", "", state))


def _described(summary: str, undo: str, state: TicketState) -> str:
    verdict, refusal = state.get("verdict"), state.get("refusal")
    reasons = "; ".join(verdict.reasons) if verdict else ""
    refused = f"The last answer was not taken: {refusal}" if refusal else ""
    return "\n".join(part for part in (refused, summary, reasons, undo) if part)
