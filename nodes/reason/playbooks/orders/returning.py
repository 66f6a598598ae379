"""Sending articles back, for the money or for another size or colour."""

import re
from datetime import timedelta

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Item, Order
from nodes.reason.playbooks.asking import known, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.orders.tracking import cancelled_before
from nodes.reason.playbooks.reckoning import arrived_at, names_of, running_at, units_of
from nodes.reason.playbooks.returns_window import days_to_return
from nodes.reason.playbooks.signals import angry, clauses_saying, items_named, says, wants_everything
from nodes.reason.playbooks.statement import MESSAGE, Statement, of_order
from nodes.reason.playbooks.terms import LABEL_FEE
from tools.proposals import create_return

_KEEPS = (
    "without (?:sending|returning|posting|having to (?:send|return))",
    "(?:not|n't) (?:want|going) to (?:send|return|post)",
)
_FAULTY = ("damaged", "broken", "faulty", "defective", "torn", "ripped", "cracked", "does(?:n't| not) work", "leaks?")
_KEPT = r"keep(?:ing)?|happy with|(?:is|are) (?:fine|great|perfect|lovely)"
_NOT = r"not|\w{1,8}n't|never"
_SIZES = re.compile(
    r"\b(?:size|sizes|in|to|for|a|an|into)(?: an?| the| size)? (XXL|XL|XS|S|M|L|small|medium|large|3[5-9]|4[0-8]|"
    r"regular|long|wide|green|sand|blue|red|grey|gray|black|white|rust)\b",
    re.IGNORECASE,
)
_LETTERS = {"SMALL": "S", "MEDIUM": "M", "LARGE": "L", "GRAY": "GREY"}


@known
def return_item(case: Case) -> Plan:
    """Opens a return with a label, within the window, for the articles named."""
    order = order_meant(case, lambda order: _may_come_back(case, order))
    if isinstance(order, Plan):
        return order
    if says(case.span, *_KEEPS):
        return handed(case, "wants money back, but does not want to send the goods back")
    if says(case.span, *_FAULTY):
        return handed(case, "asks for a return, but speaks of a fault")
    items = _returnable_now(case, order)
    return _open_return(case, order, items) if isinstance(items, list) else items


@known
def exchange_item(case: Case) -> Plan:
    """Checks an exchange through to the article wanted; reserving it is a person's work, with the return prepared."""
    order = order_meant(case, lambda order: _may_come_back(case, order))
    if isinstance(order, Plan):
        return order
    items = _returnable_now(case, order)
    if not isinstance(items, list):
        return items
    if len(items) > 1:
        return _which_items(case, order)
    wanted = _variant_wanted(case, items[0])
    if wanted is None:
        return Statement(case).order(order).texts("items", names_of(items), of_order(order)).ask("ask_variant")
    return _exchange(case, order, items[0], wanted)


def _returnable_now(case: Case, order: Order) -> list[Item] | Plan:
    """The articles that the customer means and may send back today, or the reply that says why not."""
    if order.status == "cancelled":
        return cancelled_before(case, order)
    if order.status != "delivered":
        return _not_arrived(case, order)
    items = _meant(case, order)
    if not items:
        return _which_items(case, order)
    if any(sku in one.skus for one in order.returns for sku in units_of(items)):
        return _returned_before(case, order, items)
    allowed = [item for item in items if item.returnable]
    if not allowed:
        return Statement(case).order(order).texts("items", names_of(items), of_order(order)).plan("return_not_possible")
    return _in_window(case, order, allowed)


def _in_window(case: Case, order: Order, items: list[Item]) -> list[Item] | Plan:
    days = days_to_return(case, order)
    arrivals = [arrived_at(order, item.sku) for item in items]
    known_ones = [arrival for arrival in arrivals if arrival is not None]
    if len(known_ones) < len(items):
        return handed(case, "the order counts as delivered, but a parcel's arrival is not recorded")
    late = [arrival for arrival in known_ones if case.days_since(arrival) > days]
    if not late:
        return items
    if len(late) < len(items):
        return handed(case, "some of the articles are within the return window, some are not")
    if angry(case.said):
        return handed(case, "the return window is over and the customer is upset")
    say = Statement(case).order(order).count("window", days).date("date", max(late), of_order(order))
    return say.terms("warranty").plan("return_too_late")


def _open_return(case: Case, order: Order, items: list[Item]) -> Plan:
    fee = _label_fee(case, order)
    ends = min(arrival for item in items if (arrival := arrived_at(order, item.sku))) + timedelta(
        days=days_to_return(case, order)
    )
    kept = [item for item in _meant(case, order) if not item.returnable]
    say, source = Statement(case).order(order), of_order(order)
    say.texts("items", names_of(items), source).texts("kept", names_of(kept), source).date("date", ends, source)
    say.link("link", case.link(f"account/orders/{order.number}"), source).terms("refund_time")
    say.amount("fee", fee, "knowledge:return-label#What it costs") if fee.amount else say.flag("fee", "")
    return say.plan("return_created", create_return(order, units_of(items), fee, case.principal))


def _label_fee(case: Case, order: Order) -> Money:
    free = running_at(case.membership(), case.now)
    return Money(amount=0 if free else LABEL_FEE, currency=order.currency)


def _exchange(case: Case, order: Order, item: Item, wanted: str) -> Plan:
    say = (
        Statement(case).order(order).texts("items", names_of((item,)), of_order(order)).text("wanted", wanted, MESSAGE)
    )
    other = _other_variant(case, item, wanted)
    if other is None or other.stock < item.quantity:
        return say.plan("exchange_sold_out", asks=True)
    fee = _label_fee(case, order)
    ready = f"exchange {item.sku} of {order.number} for {other.sku} ({other.stock} in stock); label {fee}"
    plan = handed(
        case, "an exchange needs the other article reserved by a person", ready, "everything else was checked"
    )
    return plan.model_copy(update={"proposals": (create_return(order, units_of((item,)), fee, case.principal),)})


def _other_variant(case: Case, item: Item, wanted: str) -> Item | None:
    """The same article in another variant; the shop's skus end with the variant in capitals."""
    stem = item.sku.removesuffix(f"-{item.variant.upper()}")
    found = case.deps.shop.product(f"{stem}-{wanted.upper()}") if item.variant else None
    return found if found and found.name == item.name else None


def _variant_wanted(case: Case, item: Item) -> str | None:
    """The one size or colour that the text asks for besides the one that was bought."""
    named = {match.group(1).upper() for match in _SIZES.finditer(case.said)}
    wanted = {_LETTERS.get(name, name) for name in named} - {item.variant.upper()}
    return _written(wanted.pop()) if len(wanted) == 1 else None


def _written(variant: str) -> str:
    return variant if len(variant) <= 3 and variant not in ("RED",) else variant.lower()


def _not_arrived(case: Case, order: Order) -> Plan:
    say = Statement(case).order(order).count("window", days_to_return(case, order))
    return say.plan("return_not_arrived" if order.status == "dispatched" else "return_not_sent")


def _returned_before(case: Case, order: Order, items: tuple[Item, ...]) -> Plan:
    skus = units_of(items)
    past = next(one for one in order.returns if any(sku in one.skus for sku in skus))
    if past.status == "refused":
        return handed(case, "a return of this article was refused before")
    say = Statement(case).order(order).texts("items", names_of(items), of_order(order))
    say.date("date", past.announced_at, of_order(order)).terms("refund_time")
    return say.link("link", case.link(f"account/orders/{order.number}"), of_order(order)).plan("return_exists")


def _meant(case: Case, order: Order) -> tuple[Item, ...]:
    if len(order.items) == 1 or wants_everything(case.said):
        return order.items
    named = items_named(case.said, order.items)
    kept = items_named(clauses_saying(case.said, _KEPT, unless=_NOT), named)
    return tuple(item for item in named if item not in kept)


def _which_items(case: Case, order: Order) -> Plan:
    return Statement(case).order(order).texts("items", names_of(order.items), of_order(order)).ask("ask_items")


def _may_come_back(case: Case, order: Order) -> bool:
    return order.delivered_at is not None and case.days_since(order.delivered_at) <= days_to_return(case, order)
