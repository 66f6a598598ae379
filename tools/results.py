"""What a receipt of each kind must say: strict, closed, bounded models. What does not fit proves nothing."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from countersign.domain.errors import UnknownOutcomeError
from countersign.domain.outcome import Receipt
from tools.arguments import MOST_MONEY, Amount, Currency, Line

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
Detail = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*$")]
Details = Annotated[dict[Name, Detail], Field(max_length=50)]
Fee = Annotated[int, Field(ge=0, le=MOST_MONEY)]


class Result(BaseModel):
    """What every receipt says: under which key, as what, and when. No money unless a kind says so."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    key: Key
    reference: Line
    at: AwareDatetime
    details: Details = {}


class RecordResult(Result):
    """A change of a record."""


class MessageResult(Result):
    """Something that was sent; a mail's reference is its Message-ID."""


class MoneyResult(Result):
    """Money that was moved, minor units of `currency`."""

    amount: Amount
    currency: Currency


class ReturnResult(Result):
    """A return with what its label costs, 0 where it is free."""

    amount: Fee
    currency: Currency


class EndedResult(Result):
    """A membership that has ended, with the fee where it was given back."""

    amount: Amount | None = None
    currency: Currency | None = None


def proven(receipt: Receipt, model: type[Result], key: str) -> Receipt:
    """The receipt, which says what it must, under this key.

    Raises UnknownOutcomeError (`unknown.receipt`): something has happened, and it is not known what.
    """
    try:
        told = model.model_validate({name: value for name, value in receipt if value is not None})
    except ValidationError as error:
        fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors(include_input=False)}))
        raise UnknownOutcomeError(f"the receipt proves nothing: {fields}", detail="receipt") from None
    if told.key != key:
        raise UnknownOutcomeError("the receipt is for another key", detail="receipt")
    return receipt
