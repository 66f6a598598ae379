"""The answers of review screens (HITLResponse) as replies of ours."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from countersign.domain.errors import RejectedError
from countersign.domain.plan import Kind, Proposal
from countersign.domain.review import Approve, Edit, EditedProposal, OwnAnswer, Reject, Reply
from countersign.domain.state import TicketState
from nodes.act.planned import all_proposals, drafted


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Action(_Strict):
    name: Kind
    args: dict[str, JsonValue]


class _Decision(_Strict):
    """What a screen says to one action request."""

    type: Literal["approve", "edit", "reject", "respond"]
    edited_action: _Action | None = None
    message: str | None = Field(default=None, max_length=20_000)


class _Response(_Strict):
    decisions: list[_Decision] = Field(min_length=1, max_length=50)


def reply_in(value: JsonValue, state: TicketState) -> Reply:
    """The reply in what a thread was resumed with: `{"decisions": [...]}`, one for each action request, in order.

    One rejection rejects everything. Raises RejectedError (`rejected.answer`) for anything else.
    """
    try:
        decisions = _Response.model_validate(value).decisions
        return _reply(decisions, state)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise _unreadable(f"{'.'.join(map(str, problem['loc'])) or 'the answer'}: {problem['type']}") from None


def _reply(decisions: Sequence[_Decision], state: TicketState) -> Reply:
    proposals = all_proposals(state)
    if len(decisions) != len(proposals) + (drafted(state) is not None):
        raise _unreadable("give one decision for each action request")
    messages = " ".join(decision.message.strip() for decision in decisions if decision.message)
    types = {decision.type for decision in decisions}
    if "reject" in types:
        return Reject(reason=messages or "no reason given")
    if "respond" in types:
        return OwnAnswer(text=messages)
    return _edit(decisions, proposals) if "edit" in types else Approve(note=messages)


def _edit(decisions: Sequence[_Decision], proposals: tuple[Proposal, ...]) -> Edit:
    wanted = [_edited(decision, proposal) for decision, proposal in zip(decisions, proposals, strict=False)]
    last = decisions[-1].edited_action if len(decisions) > len(proposals) else None
    if last is None:
        return Edit(proposals=tuple(wanted))
    if last.name != "send_reply":
        raise _unreadable("the reply can only become another reply")
    return Edit.model_validate(
        {"proposals": wanted, "subject": last.args.get("subject"), "body": last.args.get("body")}
    )


def _edited(decision: _Decision, proposal: Proposal) -> EditedProposal:
    """The action as edited; it stays with the record that it was about."""
    action = decision.edited_action
    if action is None:
        if decision.type == "edit":
            raise _unreadable("an edit needs its edited_action")
        return EditedProposal(kind=proposal.kind, target=proposal.target, args=proposal.args)
    return EditedProposal(kind=action.name, target=proposal.target, args=action.args)


def _unreadable(why: str) -> RejectedError:
    return RejectedError(f"this is no answer: {why}", hint='answer with {"decisions": [...]}', detail="answer")
