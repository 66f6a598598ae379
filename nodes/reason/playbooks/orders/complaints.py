"""What arrived damaged, wrong or not at all."""

import re

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Item, Order
from nodes.reason.playbooks.asking import known, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.orders.tracking import cancelled_before, parcels, whereabouts
from nodes.reason.playbooks.reckoning import arrived_at, names_of, price_of, units_of
from nodes.reason.playbooks.remedies import remedy
from nodes.reason.playbooks.signals import angry, clauses_saying, items_named, says, wants_everything
from nodes.reason.playbooks.statement import Statement, of_order
from nodes.reason.playbooks.terms import KEEP_BELOW
from tools.proposals import create_return

_WRONG = r"wrong (?:item|article|size|colou?r|one|thing|product)|not what i ordered|instead of|something else|different"
_TROUBLE = (
    r"missing|miss|not (?:in|there|included|inside|with)|(?:was|were|is|are)n't|without|forgot\w{0,3}|lacking|broken?|"
    r"damaged?|torn|ripped|cracked|chipped|scratched|dented|bent|faulty|defective|leaks?|does(?:n't| not)|wrong|fault"
)
_COUNTS = {"one": 1, "a": 1, "two": 2, "both": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COUNT = re.compile(
    rf"\b([0-9]{{1,2}}|{'|'.join(_COUNTS)})(?: of)?(?: (?:the|my|them|these|those|[0-9]|two|three|four|five|six)\b)*",
    re.IGNORECASE,
)


@known
def damaged_item(case: Case) -> Plan:
    """A replacement if in stock, otherwise a refund, if reported in time; cheap articles need not come back."""
    order = order_meant(case, lambda order: _fresh(case, order))
    if isinstance(order, Plan):
        return order
    items = _complained_of(case, order)
    if isinstance(items, Plan):
        return items
    if _too_late(case, order, items):
        return _refused(case, order, items, "damaged_too_late")
    why = "wrong" if says(case.said, _WRONG) else "damaged"
    if why == "damaged" and not case.photographed:
        return _ask_photo(case, order, items)
    say = Statement(case).order(order).texts("items", names_of(items), of_order(order))
    if price_of(items, order.currency).amount < KEEP_BELOW:
        return remedy(case, say.terms("keep_below"), order, items, why, "damaged_kept")
    free = Money(amount=0, currency=order.currency)
    say.link("link", case.link(f"account/orders/{order.number}"), of_order(order))
    return remedy(
        case, say, order, items, why, "damaged_back", create_return(order, units_of(items), free, case.principal)
    )


@known
def missing_item(case: Case) -> Plan:
    """Explains a split shipment first; what is really missing is sent again if in stock, otherwise refunded."""
    order = order_meant(case, lambda order: order.status == "dispatched" or _fresh(case, order))
    if isinstance(order, Plan):
        return order
    if order.status == "dispatched" and len(order.shipments) > 1:
        return _split(case, order)
    if order.status in ("placed", "packed", "dispatched"):
        return whereabouts(case, order)
    items = _complained_of(case, order)
    if isinstance(items, Plan):
        return items
    if sum(item.quantity for item in order.items) == 1:
        return handed(case, "the order has one article only: a part of it seems to be missing, or the box was empty")
    if _too_late(case, order, items):
        return _refused(case, order, items, "missing_too_late")
    say = Statement(case).order(order).texts("items", names_of(items), of_order(order))
    return remedy(case, say, order, items, "missing", "missing")


def _split(case: Case, order: Order) -> Plan:
    """The parcels of a split order; an article that should be in an arrived one is for a person."""
    arrived = {sku for parcel in order.shipments if parcel.delivered_at for sku in parcel.skus}
    named = items_named(case.said, order.items)
    if named and all(item.sku in arrived for item in named):
        return handed(case, "missing from a parcel that arrived, while another is under way", *names_of(named))
    plan = whereabouts(case, order)
    return parcels(case, order, "missing_split") if plan.reply and not plan.proposals else plan


def _complained_of(case: Case, order: Order) -> tuple[Item, ...] | Plan:
    """The articles and pieces meant, or the plan that asks or explains."""
    if order.status == "cancelled":
        return cancelled_before(case, order)
    if order.status != "delivered":
        return handed(case, f"a complaint about articles of an order that is {order.status}")
    items = _named(case, order)
    if not items:
        return Statement(case).order(order).texts("items", names_of(order.items), of_order(order)).ask("ask_items")
    counted = [_pieces(case, item) for item in items]
    if None in counted:
        return handed(case, "several pieces were bought, and it is not clear how many are meant", *names_of(items))
    return tuple(piece for piece in counted if piece)


def _named(case: Case, order: Order) -> tuple[Item, ...]:
    if len(order.items) == 1 or wants_everything(case.said):
        return order.items
    named = items_named(case.said, order.items)
    blamed = items_named(clauses_saying(case.said, _TROUBLE), named)
    return blamed or named


def _pieces(case: Case, item: Item) -> Item | None:
    """The item with as many pieces as the text speaks of; None where it can't be told."""
    if item.quantity == 1 or wants_everything(case.said):
        return item
    stem = item.name.lower().split()[-1].removesuffix("s")
    near = rf"{_COUNT.pattern} (?:\w+ ){{0,2}}?(?:{re.escape(stem)}s?|(?:is|are|was|were|came|arrived|broke|broken)\b)"
    found = {match.group(1).lower() for match in re.finditer(near, case.said, re.IGNORECASE)}
    counts = {_COUNTS.get(word) or int(word) for word in found}
    count = counts.pop() if len(counts) == 1 else 0
    return item.model_copy(update={"quantity": count}) if 1 <= count <= item.quantity else None


def _too_late(case: Case, order: Order, items: tuple[Item, ...]) -> bool:
    arrivals = [arrived_at(order, item.sku) or order.delivered_at for item in items]
    days = case.deps.desk.settings.windows.damaged
    return any(arrival is None or case.days_since(arrival) > days for arrival in arrivals)


def _refused(case: Case, order: Order, items: tuple[Item, ...], template: str) -> Plan:
    if angry(case.said):
        return handed(case, "reported too late, and the customer is upset", *names_of(items))
    say = Statement(case).order(order).texts("items", names_of(items), of_order(order))
    say.count("report", case.deps.desk.settings.windows.damaged).date("date", order.delivered_at, of_order(order))
    return say.terms("warranty", "warranty_ridgeline").plan(template)


def _ask_photo(case: Case, order: Order, items: tuple[Item, ...]) -> Plan:
    return Statement(case).order(order).texts("items", names_of(items), of_order(order)).ask("ask_photo")


def _fresh(case: Case, order: Order) -> bool:
    arrived = order.delivered_at
    return arrived is not None and case.days_since(arrived) <= case.deps.desk.settings.windows.damaged
