"""recall: who is asking, how sure that is, and what the thread remembers."""

import re
from datetime import timedelta

from countersign.domain.perception import Memory, PastTurn, Perception, Sender, Verified
from countersign.domain.shop import Customer, Order
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps

_ENOUGH_FIELDS = 2
_RECENT = timedelta(days=30)
_MOST_TURNS = 20
"""Of a thread, that are remembered."""


def recall(state: TicketState, *, deps: Deps) -> Update:
    """The sender as policy will see them, and the thread's latest earlier turns."""
    perception = state.get("perception")
    if perception is None or not perception.messages:
        return Update(sender=Sender(address=""), memory=Memory())
    ticket = state["ticket"]
    sender = identify(perception, deps)
    turns = deps.ledger.past_turns(ticket.id)[-_MOST_TURNS:]
    since = deps.clock.now() - _RECENT
    others = deps.ledger.other_tickets(sender.address, ticket.id, since)
    return Update(sender=sender, memory=Memory(turns=turns, orders=_orders(turns), other_tickets=others))


def route_recalled(state: TicketState) -> str:
    """`answered` where a person began the turn with an answer of their own, else `asked`."""
    review = state.get("review")
    return "answered" if review is not None and review.answer == "answer" else "asked"


def identify(perception: Perception, deps: Deps) -> Sender:
    """Who is asking: verified by address, by details, or not at all.

    `address`: every message of the turn came authenticated from one open account's address on record. `details`: an
    order number and two matching fields of its customer, none of which is the From header, which anybody can forge.
    """
    latest = perception.messages[-1]
    found = [customer for customer in deps.shop.customers_by_email(latest.sender) if customer.closed_at is None]
    customer = found[0] if len(found) == 1 else None
    same = all(message.authenticated and message.sender == latest.sender for message in perception.messages)
    if customer and same:
        return _sender(latest.sender, latest.sender_name, customer, "address")
    by_details = _by_details(perception, deps)
    if by_details:
        return _sender(latest.sender, latest.sender_name, by_details, "details")
    return _sender(latest.sender, latest.sender_name, customer, "none")


def _sender(address: str, name: str, customer: Customer | None, verified: Verified) -> Sender:
    return Sender(
        address=address,
        name=name,
        customer=customer.id if customer else "",
        on_record=customer.email if customer else "",
        verified=verified,
    )


def _by_details(perception: Perception, deps: Deps) -> Customer | None:
    """The customer whose order is named together with two of their fields; None where that is not exactly one."""
    text = _plain(f"{perception.subject} {perception.text}")
    matched: dict[str, Customer] = {}
    for number in perception.entities.orders[:5]:
        order = deps.shop.order(number)
        customer = deps.shop.customer(order.customer) if order else None
        if order and customer and customer.closed_at is None and _matching(text, customer, order) >= _ENOUGH_FIELDS:
            matched[customer.id] = customer
    return next(iter(matched.values())) if len(matched) == 1 else None


def _matching(text: str, customer: Customer, order: Order) -> int:
    """How many of name, address on record, postcode and street stand in the text as whole words."""
    places = (customer.address, order.ship_to)
    fields = (
        (customer.name,),
        (customer.email,),
        tuple(place.postcode for place in places),
        tuple(place.street for place in places),
    )
    return sum(any(_stands(value, text) for value in values) for values in fields)


def _stands(value: str, text: str) -> bool:
    wanted = _plain(value)
    return bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _orders(turns: tuple[PastTurn, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(order for turn in reversed(turns) for order in turn.orders))
