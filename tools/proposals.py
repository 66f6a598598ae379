"""Typed constructors: the only way a playbook or an agent makes proposals. Making one causes nothing.

Each names its target, the version of the record it was made from, and one plain sentence for a reviewer.
What the records' types can't rule out is refused when the proposal is validated by `tools.catalog`.
"""

from pydantic import JsonValue

from countersign.domain.money import Money
from countersign.domain.plan import Draft, Kind, Principal, Proposal, Provenance
from countersign.domain.shop import Address, Customer, Order, Subscription
from tools.arguments import CancelReason, RefundReason, ReplacementReason


def refund(order: Order, amount: Money, reason: RefundReason, by: Principal) -> Proposal:
    """Money back for an order, to the original payment method."""
    args: dict[str, JsonValue] = {"amount": amount.amount, "currency": amount.currency, "reason": reason}
    summary = f"Refund {amount} of {order.captured} for order {order.number}; reason: {_words(reason)}."
    return _for_order("refund", order, args, by, summary)


def cancel_order(order: Order, reason: CancelReason, by: Principal) -> Proposal:
    """Stop an order before it is dispatched; captured money is refunded by a proposal of its own."""
    summary = f"Cancel order {order.number} of {order.total}; reason: {_words(reason)}."
    return _for_order("cancel_order", order, {"reason": reason}, by, summary)


def change_address(order: Order, address: Address, by: Principal) -> Proposal:
    """Another delivery address for an order that has not left."""
    fields: dict[str, JsonValue] = dict(address.model_dump(mode="json"))
    summary = f"Send order {order.number} to another address, in {address.city} ({address.country})."
    return _in_their_words(_for_order("change_address", order, {"address": fields}, by, summary))


def create_return(order: Order, skus: tuple[str, ...], label_fee: Money, by: Principal) -> Proposal:
    """A return with its label; a `label_fee` of zero is a free label."""
    cost = f"for {label_fee}" if label_fee.amount else "free of charge"
    args: dict[str, JsonValue] = {"skus": list(skus), "label_fee": label_fee.amount}
    summary = f"Open a return of {_articles(skus)} from order {order.number}, label {cost}."
    return _for_order("create_return", order, args, by, summary)


def send_replacement(order: Order, skus: tuple[str, ...], reason: ReplacementReason, by: Principal) -> Proposal:
    """The same articles once more, free of charge."""
    value = Money(amount=replacement_value(order, skus), currency=order.currency)
    args: dict[str, JsonValue] = {"skus": list(skus), "reason": reason}
    summary = f"Send {_articles(skus)} worth {value} again for order {order.number}; reason: {_words(reason)}."
    return _for_order("send_replacement", order, args, by, summary)


def pause_subscription(subscription: Subscription, months: int, by: Principal) -> Proposal:
    """A pause of one to three months."""
    summary = f"Pause membership {subscription.id} for {months} month{'' if months == 1 else 's'}."
    return _for_subscription("pause_subscription", subscription, {"months": months}, by, summary)


def cancel_subscription(subscription: Subscription, refund_fee: bool, by: Principal) -> Proposal:
    """The end of a membership: at the end of the paid period, or at once with the fee back."""
    price = Money(amount=subscription.price, currency=subscription.currency)
    how = f"and refund the fee of {price}" if refund_fee else "at the end of the paid period"
    summary = f"Cancel membership {subscription.id} {how}."
    return _for_subscription("cancel_subscription", subscription, {"refund_fee": refund_fee}, by, summary)


def change_email(customer: Customer, email: str, by: Principal) -> Proposal:
    """Another address on record."""
    change = _for_customer("change_email", customer, {"email": email}, by, "Change the e-mail address on record")
    return _in_their_words(change)


def close_account(customer: Customer, by: Principal) -> Proposal:
    """The end of an account."""
    return _for_customer("close_account", customer, {}, by, "Close the account")


def export_data(customer: Customer, by: Principal) -> Proposal:
    """The customer's personal data, sent to the address on record."""
    return _for_customer("export_data", customer, {}, by, "Send an export of the personal data")


def send_login_link(customer: Customer, by: Principal) -> Proposal:
    """A login link, sent to the address on record."""
    return _for_customer("send_login_link", customer, {}, by, "Send a login link")


def send_reply(ticket: str, draft: Draft, in_reply_to: str, references: tuple[str, ...], by: Principal) -> Proposal:
    """The turn's one reply; `in_reply_to` and `references` are message ids with angle brackets, or empty."""
    args: dict[str, JsonValue] = {
        "to": draft.to,
        "subject": draft.subject,
        "body": draft.body,
        "account_facts": draft.account_facts,
        "promises": [promise.model_dump(mode="json") for promise in draft.promises],
        "in_reply_to": in_reply_to,
        "references": list(references),
    }
    facts = "with account facts" if draft.account_facts else "free of account facts"
    summary = f"Send the reply {facts}, {len(draft.body)} characters."
    return Proposal(kind="send_reply", target=f"ticket/{ticket}", args=args, by=by, summary=summary)


def replacement_value(order: Order, skus: tuple[str, ...]) -> int:
    """What those articles cost in that order, minor units; an article named twice counts twice."""
    prices = {item.sku: item.unit_price for item in order.items}
    return sum(prices.get(sku, 0) for sku in skus)


def _in_their_words(proposal: Proposal) -> Proposal:
    """The proposal, marked: what it writes into the record stands in nothing but the customer's message."""
    return proposal.model_copy(update={"provenance": Provenance(grounds="customer")})


def _for_order(kind: Kind, order: Order, args: dict[str, JsonValue], by: Principal, summary: str) -> Proposal:
    return _proposal(kind, f"order/{order.number}", order.version, args, by, summary)


def _for_subscription(
    kind: Kind, subscription: Subscription, args: dict[str, JsonValue], by: Principal, summary: str
) -> Proposal:
    return _proposal(kind, f"subscription/{subscription.id}", subscription.version, args, by, summary)


def _for_customer(kind: Kind, customer: Customer, args: dict[str, JsonValue], by: Principal, action: str) -> Proposal:
    summary = f"{action} of customer {customer.id}."
    return _proposal(kind, f"customer/{customer.id}", customer.version, args, by, summary)


def _proposal(
    kind: Kind, target: str, version: int, args: dict[str, JsonValue], by: Principal, summary: str
) -> Proposal:
    return Proposal(kind=kind, target=target, args=args, by=by, summary=summary, version=f"{target}@{version}")


def _articles(skus: tuple[str, ...]) -> str:
    return f"{len(skus)} article{'' if len(skus) == 1 else 's'} ({', '.join(skus)})"


def _words(reason: str) -> str:
    return reason.replace("_", " ")
