"""The arguments of each kind of effect: strict, closed, bounded models. What does not fit is refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from countersign.domain.plan import Kind

MOST_MONEY = 100_000_00
"""The largest amount any effect may carry, minor units; policy sets far lower bounds."""

RefundReason = Literal[
    "late", "lost", "damaged", "missing", "duplicate_charge", "promo", "returned", "cancelled", "yearly_fee", "other"
]
CancelReason = Literal["changed_mind", "ordered_by_mistake", "too_late", "duplicate_order", "other"]
ReplacementReason = Literal["damaged", "wrong", "missing", "lost", "exchange", "other"]

Amount = Annotated[int, Field(ge=1, le=MOST_MONEY)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$")]
"""One line of visible text: nothing that could start a second line or a second header."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
Email = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
    ),
]
"""One plain ASCII address, as the outbox and the shop take it: no list, no display name, no header."""
MessageId = Annotated[str, StringConstraints(max_length=998, pattern=r"^<[\x21-\x3b\x3d\x3f-\x7e]+>$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
Skus = Annotated[tuple[Sku, ...], Field(min_length=1, max_length=50)]


class Arguments(BaseModel):
    """What every kind's arguments have in common: nothing unknown, nothing coerced, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class RefundArguments(Arguments):
    """Money back for an order; `amount` in minor units of `currency`."""

    amount: Amount
    currency: Currency
    reason: RefundReason


class CancelOrderArguments(Arguments):
    """An order that must not be dispatched."""

    reason: CancelReason


class AddressArguments(Arguments):
    """Where a parcel goes."""

    name: Line
    street: Line
    postcode: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{1,11}$")]
    city: Line
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class ChangeAddressArguments(Arguments):
    """A new delivery address for an order."""

    address: AddressArguments


class CreateReturnArguments(Arguments):
    """Articles that come back; `label_fee` in minor units of the order's currency, 0 where the label is free."""

    skus: Skus
    label_fee: Annotated[int, Field(ge=0, le=5_000)]


class SendReplacementArguments(Arguments):
    """Articles that are sent once more, free of charge."""

    skus: Skus
    reason: ReplacementReason


class PauseSubscriptionArguments(Arguments):
    """A pause of a membership, in whole months."""

    months: Annotated[int, Field(ge=1, le=3)]


class CancelSubscriptionArguments(Arguments):
    """The end of a membership, with or without the yearly fee back."""

    refund_fee: bool


class ChangeEmailArguments(Arguments):
    """A new address on record."""

    email: Email


class NoArguments(Arguments):
    """The target says everything."""


class PromiseArguments(Arguments):
    """Something the reply says was done."""

    kind: Kind
    target: Line
    amount: Amount | None = None
    currency: Currency | None = None


class SendReplyArguments(Arguments):
    """One mail to one address."""

    to: Email
    subject: Line
    body: Text
    account_facts: bool
    promises: Annotated[tuple[PromiseArguments, ...], Field(max_length=20)] = ()
    in_reply_to: MessageId | Literal[""] = ""
    references: Annotated[tuple[MessageId, ...], Field(max_length=100)] = ()
