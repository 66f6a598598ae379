"""What an agent's tools may answer: strict, closed, bounded models. What does not fit is told to no model."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Id = Annotated[str, StringConstraints(pattern=r"^[FP][0-9a-f]{6}$")]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
_Value = Annotated[str, StringConstraints(max_length=8_000)]


class Answer(BaseModel):
    """What all answers have in common: nothing unknown, nothing coerced, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Stated(Answer):
    """One fact, with the id under which it may be cited."""

    id: _Id
    what: _Name
    value: _Value
    word_of: _Name
    source: _Name


_Facts = Annotated[list[Stated], Field(max_length=500)]


class AccountAnswer(Answer):
    """The account, and the e-mail addresses that stand in the message."""

    facts: _Facts
    addresses_in_the_message: _Facts


class MembershipAnswer(Answer):
    """The membership, or that there is none."""

    membership: _Name | None = None
    facts: _Facts


class PastTicket(Answer):
    """One earlier ticket."""

    ticket: _Name
    state: _Name
    quoted: _Facts


class PastTicketsAnswer(Answer):
    """The customer's other tickets."""

    tickets: Annotated[list[PastTicket], Field(max_length=20)]


class OrderAnswer(Answer):
    """One order, or what was paid for it."""

    order: _Name
    facts: _Facts
    quoted: _Facts = []
    addresses_in_the_message: _Facts = []


class OrdersAnswer(Answer):
    """The customer's latest orders."""

    orders: Annotated[list[OrderAnswer], Field(max_length=20)]


class Section(Answer):
    """One section of the help centre."""

    heading: _Name
    quoted: _Facts


class SectionsAnswer(Answer):
    """The nearest sections of the help centre."""

    sections: Annotated[list[Section], Field(max_length=10)]


class ProposalAnswer(Answer):
    """A proposal that was entered; its arguments are canonical JSON."""

    id: _Id
    proposal: _Value
    arguments: _Value
