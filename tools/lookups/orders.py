"""Lookups about the orders of the customer who asks. Somebody else's order is treated like one that does not exist."""

import re
from typing import Annotated

from pydantic import StringConstraints

from countersign.domain.addresses import address_in
from countersign.domain.dates import written_date
from countersign.domain.errors import RejectedError
from countersign.domain.money import Money
from countersign.domain.shop import Order, Shipment
from countersign.domain.untrusted import readable
from tools.lookups.accounts import Nothing
from tools.lookups.answers import OrderAnswer, OrdersAnswer
from tools.lookups.casebook import AgentTool, Casebook, Found, Input

_MOST_ORDERS = 10
Number = Annotated[str, StringConstraints(max_length=40)]


class OneOrder(Input):
    """An order by its number."""

    order: Number


def list_orders(book: Casebook, given: Nothing) -> Found:
    """The customer's latest orders, each looked up."""
    del given
    orders = book.deps.shop.orders_of(book.customer)[:_MOST_ORDERS]
    return {"orders": [{"order": order.number, "facts": list(_brief(book, order))} for order in orders]}


def look_up_order(book: Casebook, given: OneOrder) -> Found:
    """One order: what was bought, where the parcels are, what may be returned, and its note."""
    order = _own(book, given.order)
    source = _source(order)
    found: Found = {
        "order": order.number,
        "facts": [*_brief(book, order), *_articles(book, order), *_parcels(book, order), *_returns(book, order)],
    }
    if order.note:
        found["quoted"] = [book.state("note on the order", readable(order.note), f"{source}#note")]
    given_address = address_in(book.inquiry.perception.text, order.ship_to)
    if given_address is not None and given_address != order.ship_to:
        text = ", ".join((given_address.street, given_address.postcode, given_address.city))
        stated = book.state("address in the message", readable(text, 200), "message")
        book.addresses[str(stated["id"])] = (order.number, given_address)
        found["addresses_in_the_message"] = [stated]
    return found


def look_up_payments(book: Casebook, given: OneOrder) -> Found:
    """What was taken for an order, and what was given back."""
    order = _own(book, given.order)
    source = _source(order)
    facts: list[Found] = []
    for payment in order.payments:
        again = " a second time, by mistake" if payment.duplicate_of else ""
        amount = Money(amount=payment.amount, currency=order.currency)
        facts.append(book.state(f"payment {payment.status}{again}", str(amount), source, "amount"))
        facts.append(book.state(f"payment {payment.status} on", written_date(payment.at), source, "date"))
    for refund in order.refunds:
        facts.append(book.state("refund", str(Money(amount=refund.amount, currency=order.currency)), source, "amount"))
        settled = f"settled on {written_date(refund.settled_at)}" if refund.settled_at else "not settled yet"
        facts.append(book.state("refund of", f"{written_date(refund.at)}, {settled}", source, "date"))
    facts.append(book.state("can still be refunded", str(order.refundable), source, "amount"))
    return {"order": order.number, "facts": list(facts)}


def _own(book: Casebook, number: str) -> Order:
    """The order, if it is the customer's; it counts as looked up from here on."""
    customer, wanted = book.customer, number.strip().upper()
    pattern = book.deps.desk.settings.order_pattern
    order = book.deps.shop.order(wanted) if re.fullmatch(pattern, wanted, re.IGNORECASE) else None
    if order is None or order.customer != customer:
        text = "the customer who asks has no order of that number"
        raise RejectedError(text, hint="list_orders names the customer's orders", detail="no_order")
    book.orders[order.number] = order
    return order


def _source(order: Order) -> str:
    return f"shop:order/{order.number}@{order.version}"


def _brief(book: Casebook, order: Order) -> list[Found]:
    book.orders[order.number] = order
    source = _source(order)
    return [
        book.state("order", order.number, source, "order"),
        book.state(f"status of {order.number}", order.status, source),
        book.state(f"{order.number} was placed on", written_date(order.placed_at), source, "date"),
        book.state(f"total of {order.number}", str(order.total), source, "amount"),
    ]


def _articles(book: Casebook, order: Order) -> list[Found]:
    source = _source(order)
    facts: list[Found] = []
    for item in order.items:
        back = "can be returned" if item.returnable else "can't be returned"
        name = f"{item.name} ({item.variant})" if item.variant else item.name
        stated = book.state(f"article {item.sku}, {item.quantity} ordered, {item.stock} in stock, {back}", name, source)
        facts.append(stated)
    return facts


def _parcels(book: Casebook, order: Order) -> list[Found]:
    facts: list[Found] = []
    for place, parcel in enumerate(order.shipments, 1):
        facts.append(book.state(f"parcel {place}", parcel.status.replace("_", " "), _source(order)))
        facts.append(book.state(f"carrier of parcel {place}", parcel.carrier, _source(order)))
        facts += _dates(book, order, parcel, place)
        link = book.deps.desk.settings.tracking.get(parcel.carrier)
        if link:
            facts.append(book.state(f"tracking of parcel {place}", f"{link}{parcel.tracking}", _source(order), "link"))
    return facts


def _dates(book: Casebook, order: Order, parcel: Shipment, place: int) -> list[Found]:
    known = (
        ("dispatched", parcel.dispatched_at), ("last seen", parcel.last_scan_at), ("expected", parcel.expected_at),
        ("delivered", parcel.delivered_at),
    )  # fmt: skip
    return [
        book.state(f"parcel {place} {what}", written_date(when), _source(order), "date") for what, when in known if when
    ]


def _returns(book: Casebook, order: Order) -> list[Found]:
    source = _source(order)
    back = [book.state(f"return of {', '.join(one.skus)}", one.status, source) for one in order.returns]
    again = order.replacements
    return [*back, book.state("replacements sent", str(again), source, "count")] if again else back


LOOKUPS = (
    AgentTool(name="list_orders", says="The customer's latest orders, in brief.", takes=Nothing, gives=OrdersAnswer,
              call=list_orders),
    AgentTool(name="look_up_order", says="One order of the customer: articles, parcels, returns, and its note.",
              takes=OneOrder, gives=OrderAnswer, call=look_up_order),
    AgentTool(name="look_up_payments", says="Payments and refunds of one order of the customer.", takes=OneOrder,
              gives=OrderAnswer, call=look_up_payments),
)  # fmt: skip
