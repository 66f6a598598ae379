"""What a person may say to a question, and what an edit puts in a proposal's place."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from countersign.domain.facts import Fact
from countersign.domain.frozen import Frozen
from countersign.domain.plan import Draft, Kind, Proposal

WOKEN = "woken"
"""What our own processes wake a thread with: it says nothing."""

Words = Annotated[str, Field(max_length=2_000)]
"""A reason or a note."""
ReplyText = Annotated[str, Field(min_length=1, max_length=20_000)]


class Approve(Frozen):
    """Yes to exactly what was shown."""

    type: Literal["approve"] = "approve"
    note: Words = ""


class Reject(Frozen):
    """No, for good."""

    type: Literal["reject"] = "reject"
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class EditedProposal(Frozen):
    """A proposal as a person would have it; the contract of its kind checks target and arguments."""

    kind: Kind
    target: str
    args: dict[str, JsonValue]


class Edit(Frozen):
    """Other proposals or another reply; None leaves them as they are, a proposal left out is rejected."""

    type: Literal["edit"] = "edit"
    proposals: Annotated[tuple[EditedProposal, ...], Field(max_length=20)] | None = None
    """All but the reply."""
    subject: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    body: ReplyText | None = None
    note: Words = ""


class OwnAnswer(Frozen):
    """A reply in the person's own words; none of the proposals is carried out."""

    type: Literal["answer"] = "answer"
    text: ReplyText


class TakeOver(Frozen):
    """The ticket is the person's from here on."""

    type: Literal["take_over"] = "take_over"
    note: Words = ""


class Close(Frozen):
    """Nothing is to be done and nothing to be answered."""

    type: Literal["close"] = "close"
    note: Words = ""


Reply = Annotated[Approve | Reject | Edit | OwnAnswer | TakeOver | Close, Field(discriminator="type")]
"""A person's answer to a review."""


class Edited(Frozen):
    """What takes the place of the turn's proposals and draft."""

    review: str
    """The review it answers."""
    by: str
    """The person."""
    own: bool
    """The reply is in the person's own words, and theirs to answer for."""
    proposals: tuple[Proposal, ...]
    """All but the reply."""
    draft: Draft
    changed: tuple[str, ...] = ()
    """Ids of the proposals that the person has made: four eyes may want somebody else's approval of them."""
    facts: tuple[Fact, ...] = ()
    """What an earlier turn knew, where the answer begins a turn of its own."""


class Asked(Frozen):
    """One proposal that a person's answer is about, and what the policy saw of it."""

    id: str
    proposal: Proposal
    version: str
    context: dict[str, JsonValue]
    editor: str = ""
    """Who has made it so in an edit; empty where a playbook or an agent proposed it."""


Permit = Callable[[Asked, int], int]
"""Whether a person may approve one proposal, after so much money of its kind today (minor units).

Answers the money that this one counts for; raises RejectedError where they may not.
"""


class Rejection(Frozen):
    """What a person said no to, whatever its amount."""

    kind: Kind
    target: str
    by: str
    date: str
    """ISO 8601."""
