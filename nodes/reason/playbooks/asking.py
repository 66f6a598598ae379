"""Who may be told what, and which order is meant: the same for every playbook."""

import re
from collections.abc import Callable
from functools import wraps

from countersign.domain.perception import Verified
from countersign.domain.plan import Plan
from countersign.domain.shop import Order
from nodes.reason.playbooks.case import Case, Handler, handed
from nodes.reason.playbooks.help_centre import how_to
from nodes.reason.playbooks.signals import items_named
from nodes.reason.playbooks.statement import MESSAGE, Statement, of_order, written_date

_MOST_LISTED = 5
_RECENT_DAYS = 400
Fits = Callable[[Order], bool]


def known(handler: Handler) -> Handler:
    """Calls the handler only for a sender with one open account, verified by address or by details."""
    return _guarded(handler, ("address", "details"), unverified)


def on_record(handler: Handler) -> Handler:
    """Calls the handler only for a sender with one open account who wrote from its address on record."""
    return _guarded(handler, ("address",), needs_address)


def _guarded(handler: Handler, enough: tuple[Verified, ...], otherwise: Handler) -> Handler:
    @wraps(handler)
    def guarded(case: Case) -> Plan:
        if case.sender.verified not in enough:
            return _shared_address(case) or otherwise(case)
        if case.customer() is None:
            return handed(case, "the sender's account is closed or can't be found")
        return handler(case)

    return guarded


def unverified(case: Case) -> Plan:
    """The reply to a stranger: how it works in general, and how to show us who they are."""
    return how_to(case, Statement(case)).ask("unverified")


def needs_address(case: Case) -> Plan:
    """The reply to somebody who must write from the address on record first; it states nothing of the account."""
    return how_to(case, Statement(case)).ask("needs_address")


def may_refund(case: Case) -> bool:
    """Refunds are proposed for mail from the address on record only."""
    return case.sender.verified == "address"


def order_meant(case: Case, fits: Fits) -> Order | Plan:
    """The one order of the sender's that the request is about, or the plan that asks for it.

    A number in the text counts first, then one named earlier in the thread, then the only order of theirs that fits.
    An order of somebody else's is treated exactly like one that does not exist.
    """
    named = _numbers(case)
    if len(named) > 1:
        return _several(case, named, fits)
    if named:
        return _own(case, named[0]) or _not_found(case, named[0])
    earlier = next((order for number in case.memory.orders if (order := _own(case, number))), None)
    return earlier or _only_one(case, fits)


def _numbers(case: Case) -> tuple[str, ...]:
    pattern = case.deps.desk.settings.order_pattern
    found = re.findall(pattern, case.span, re.IGNORECASE) or case.perception.entities.orders
    return tuple(dict.fromkeys(str(number).upper() for number in found))


def _own(case: Case, number: str) -> Order | None:
    order = case.deps.shop.order(number)
    return order if order and order.customer == case.sender.customer else None


def _not_found(case: Case, number: str) -> Plan:
    return Statement(case).text("order", number, MESSAGE, "order").ask("order_not_found")


def _several(case: Case, named: tuple[str, ...], fits: Fits) -> Order | Plan:
    """Of several numbers the one that the request can be about, if all are the sender's and only one can."""
    owned = [order for number in named if (order := _own(case, number))]
    fitting = [order for order in owned if fits(order)]
    if len(owned) < len(named):
        return handed(case, "names several order numbers, not all of which are the sender's")
    if len(fitting) == 1:
        return fitting[0]
    return handed(case, "asks about several orders at once", *(f"order {order.number}" for order in owned))


def _only_one(case: Case, fits: Fits) -> Order | Plan:
    orders = [
        order
        for order in case.deps.shop.orders_of(case.sender.customer)
        if case.days_since(order.placed_at) <= _RECENT_DAYS
    ]
    candidates = [order for order in orders if fits(order)]
    by_item = [order for order in candidates if items_named(case.said, order.items)]
    for group in (by_item, candidates, [] if candidates else orders):
        if len(group) == 1:
            return group[0]
    return _which(case, by_item or candidates or orders)


def _which(case: Case, orders: list[Order]) -> Plan:
    if not orders:
        return Statement(case).ask("ask_order")
    say = Statement(case)
    for order in orders[:_MOST_LISTED]:
        say.texts("orders", [order.number], of_order(order), "order")
        say.texts("dates", [written_date(order.placed_at)], of_order(order), "date")
        say.texts("items", [", ".join(item.name for item in order.items[:3])], of_order(order))
    listed = orders[:_MOST_LISTED]
    say.flag("orders", [order.number for order in listed])
    say.flag("dates", [written_date(order.placed_at) for order in listed])
    say.flag("items", [", ".join(item.name for item in order.items[:3]) for order in listed])
    return say.ask("ask_which_order")


def _shared_address(case: Case) -> Plan | None:
    """Two open accounts with the sender's address: nobody can tell which is meant, so a person must."""
    if not any(message.authenticated for message in case.perception.messages[-1:]):
        return None
    customers = case.deps.shop.customers_by_email(case.sender.address)
    open_ones = [customer for customer in customers if customer.closed_at is None]
    return handed(case, "several accounts share the sender's address") if len(open_ones) > 1 else None
