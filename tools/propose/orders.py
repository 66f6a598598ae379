"""Proposals about an order. No amount is ever an argument: each is reckoned from the order's own records."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from countersign.domain.errors import RejectedError
from countersign.domain.facts import Origin, least_trusted, most_trusted
from countersign.domain.money import Money
from countersign.domain.plan import Proposal
from countersign.domain.shop import Order
from tools import proposals
from tools.arguments import CancelReason, RefundReason, ReplacementReason, Sku
from tools.lookups.answers import ProposalAnswer
from tools.lookups.casebook import AGENT, AgentTool, Casebook, Found, Input
from tools.lookups.orders import Number

LABEL_FEE = 0
"""An agent's return carries a free label: what a label costs is the playbook's to say."""
Id = Annotated[str, StringConstraints(max_length=40)]
"""The id of a fact; longer ones are nobody's."""
Because = Annotated[list[Id], Field(min_length=1, max_length=12)]
"""Ids of the facts that speak for it."""
Skus = Annotated[list[Sku], Field(min_length=1, max_length=20)]


class Refund(Input):
    """Money back: all that is left, some articles' price, or a charge that was taken twice."""

    order: Number
    what: Literal["all_that_is_left", "articles", "second_charge"]
    skus: Annotated[list[Sku], Field(max_length=20, default_factory=list)]
    reason: RefundReason
    because: Because


class CancelOrder(Input):
    """An order that has not left."""

    order: Number
    reason: CancelReason
    because: Because


class ChangeAddress(Input):
    """The address that stands in the customer's message, by the id of its fact."""

    order: Number
    address: Id
    because: Because


class CreateReturn(Input):
    """Articles that come back."""

    order: Number
    skus: Skus
    because: Because


class SendReplacement(Input):
    """Articles that are sent once more."""

    order: Number
    skus: Skus
    reason: ReplacementReason
    because: Because


def propose_refund(book: Casebook, given: Refund) -> Found:
    order = book.order(given.order)
    return grounded(book, proposals.refund(order, _amount(order, given), given.reason, AGENT), given.because)


def propose_cancel_order(book: Casebook, given: CancelOrder) -> Found:
    proposal = proposals.cancel_order(book.order(given.order), given.reason, AGENT)
    return grounded(book, proposal, given.because)


def propose_change_address(book: Casebook, given: ChangeAddress) -> Found:
    order, (number, address) = book.order(given.order), book.addresses.get(given.address, ("", None))
    if address is None or number != order.number:
        text = "that is no address from the customer's message for this order"
        raise RejectedError(text, hint="look_up_order names the addresses in the message", detail="not_looked_up")
    return grounded(book, proposals.change_address(order, address, AGENT), given.because)


def propose_return(book: Casebook, given: CreateReturn) -> Found:
    order = _with(book.order(given.order), given.skus)
    fee = Money(amount=LABEL_FEE, currency=order.currency)
    return grounded(book, proposals.create_return(order, tuple(given.skus), fee, AGENT), given.because)


def propose_replacement(book: Casebook, given: SendReplacement) -> Found:
    order = _with(book.order(given.order), given.skus)
    return grounded(book, proposals.send_replacement(order, tuple(given.skus), given.reason, AGENT), given.because)


def grounded(book: Casebook, proposal: Proposal, because: list[str]) -> Found:
    """Enters the proposal with the word it rests on: the best of what is cited, and what its arguments rest on.

    Facts about another record than the proposal's speak for nothing.
    """
    cited = book.cited(because)
    own = f"shop:{proposal.target}@"
    near = (fact for fact in cited if fact.source.startswith(own) or not fact.source.startswith("shop:"))
    origins: list[Origin] = [fact.origin for fact in near]
    grounds = least_trusted((proposal.provenance.grounds, most_trusted(origins)))
    origin = proposal.provenance.model_copy(update={"grounds": grounds})
    return book.propose(proposal.model_copy(update={"provenance": origin}))


def _amount(order: Order, given: Refund) -> Money:
    match given.what:
        case "all_that_is_left":
            amount = order.refundable.amount
        case "articles":
            amount = _paid_for(_with(order, given.skus), tuple(given.skus))
        case "second_charge":
            taken = [pay.amount for pay in order.payments if pay.duplicate_of and pay.status == "captured"]
            amount = taken[0] if taken else 0
    if not 0 < amount <= order.refundable.amount:
        raise RejectedError("nothing of that kind can be refunded for this order", detail="nothing_due")
    return Money(amount=amount, currency=order.currency)


def _paid_for(order: Order, skus: tuple[str, ...]) -> int:
    """What was paid for some articles: their price less their share of the discount."""
    goods = sum(item.unit_price * item.quantity for item in order.items)
    part = proposals.replacement_value(order, skus)
    return part - (order.discount * part // goods if goods else 0)


def _with(order: Order, skus: list[str]) -> Order:
    """The order. Raises RejectedError where it does not hold those articles."""
    bought = {item.sku: item.quantity for item in order.items}
    if not skus or any(skus.count(sku) > bought.get(sku, 0) for sku in skus):
        raise RejectedError("the order does not hold these articles", hint="look_up_order names them",
                            detail="not_looked_up")  # fmt: skip
    return order


proposing = partial(AgentTool, gives=ProposalAnswer, effect="proposal")
"""A tool that proposes, whose answer is the proposal as it was entered."""
PROPOSALS = (
    proposing(name="propose_refund", says="Propose a refund for an order; its amount is reckoned from the records.",
              takes=Refund, call=propose_refund),
    proposing(name="propose_cancel_order", says="Propose to cancel an order that has not left.", takes=CancelOrder,
              call=propose_cancel_order),
    proposing(name="propose_change_address", says="Propose to send an order to the address in the message.",
              takes=ChangeAddress, call=propose_change_address),
    proposing(name="propose_return", says="Propose to open a return for articles of an order.", takes=CreateReturn,
              call=propose_return),
    proposing(name="propose_replacement", says="Propose to send articles of an order again.", takes=SendReplacement,
              call=propose_replacement),
)  # fmt: skip
