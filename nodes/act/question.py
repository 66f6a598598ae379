"""The question that `review` puts to a person, in the shape that review screens know."""

from typing import TypedDict

from pydantic import JsonValue

from countersign.domain.plan import Draft, Proposal
from countersign.domain.state import TicketState
from countersign.domain.verdict import Verdict


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


def question(state: TicketState) -> ReviewQuestion:
    """The turn's proposals and its reply, each with what may be answered."""
    proposals = tuple(proposal for plan in state.get("plans", ()) for proposal in plan.proposals)
    draft, verdict = state.get("draft"), state.get("verdict")
    requests = [_request(proposal, verdict) for proposal in proposals]
    if draft is not None:
        requests.append(_reply(draft, verdict))
    names = dict.fromkeys(request["name"] for request in requests)
    configs = [ReviewConfig(action_name=name, allowed_decisions=["approve", "edit", "reject"]) for name in names]
    return ReviewQuestion(action_requests=requests, review_configs=configs)


def _request(proposal: Proposal, verdict: Verdict | None) -> ActionRequest:
    reasons = "; ".join(verdict.reasons) if verdict else ""
    return ActionRequest(
        name=proposal.kind, args=dict(proposal.args), description=f"{proposal.summary} {reasons}".strip()
    )


def _reply(draft: Draft, verdict: Verdict | None) -> ActionRequest:
    reasons = "; ".join(verdict.reasons) if verdict else ""
    args: dict[str, JsonValue] = {"to": draft.to, "subject": draft.subject, "body": draft.body}
    return ActionRequest(name="send_reply", args=args, description=reasons)
