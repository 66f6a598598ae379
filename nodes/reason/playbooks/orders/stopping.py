"""Stopping an order and sending it elsewhere, as long as it has not left."""

from countersign.domain.addresses import address_in, fits_country, names_other_country
from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Address, Order
from nodes.reason.playbooks.asking import on_record, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.orders.tracking import cancelled_before, tracking_link
from nodes.reason.playbooks.returns_window import days_to_return
from nodes.reason.playbooks.signals import items_named, says
from nodes.reason.playbooks.statement import MESSAGE, Statement, of_order
from tools import proposals
from tools.arguments import CancelReason

_REASONS: tuple[tuple[CancelReason, str], ...] = (
    ("duplicate_order", r"twice|two times|double|duplicate|second time"),
    (
        "ordered_by_mistake",
        r"mistake|accident(?:ally)?|by error|wrong (?:size|item|article|colour|color|one)|my (?:kid|son|daughter)",
    ),
    ("too_late", r"too (?:late|long|slow)|takes (?:so|too) long|need(?:ed)? it (?:by|before|sooner)"),
    ("changed_mind", r"changed my mind|no longer|not .{0,20}any ?more|found it|don't (?:want|need)"),
)
_MEMBERSHIP = ("membership", "subscription", "fernhill plus", "plus")


@on_record
def cancel_order(case: Case) -> Plan:
    """Cancels an order that has not left, and gives back what was captured for it."""
    if says(case.span, *_MEMBERSHIP):
        return handed(case, "may mean the membership, not an order")
    order = order_meant(case, _still_here)
    if isinstance(order, Plan):
        return order
    if order.status == "cancelled":
        return cancelled_before(case, order)
    if order.status in ("dispatched", "delivered"):
        return _too_late(case, order)
    if any(parcel.dispatched_at for parcel in order.shipments):
        return handed(case, f"order is {order.status}, but a parcel of it has left")
    part = items_named(case.span, order.items)
    if part and len(part) < len(order.items) and says(case.span, "only", "just", "part", "from (?:my|the) order"):
        return handed(case, "wants only a part of the order cancelled", *(item.name for item in part))
    return _cancel(case, order)


def _cancel(case: Case, order: Order) -> Plan:
    cancel = proposals.cancel_order(order, _reason(case), case.principal)
    say, source = Statement(case).order(order), of_order(order)
    if order.refundable.amount > 0:
        back = proposals.refund(order, order.refundable, "cancelled", case.principal)
        return (
            say.amount("amount", order.refundable, source).terms("refund_time").plan("cancelled_refunded", cancel, back)
        )
    held = sum(payment.amount for payment in order.payments if payment.status == "authorised")
    if held:
        return (
            say.amount("amount", Money(amount=held, currency=order.currency), source)
            .terms("release_time")
            .plan("cancelled_released", cancel)
        )
    return say.plan("cancelled", cancel)


def _reason(case: Case) -> CancelReason:
    for reason, pattern in _REASONS:
        if says(case.span, pattern):
            return reason
    return "other"


def _too_late(case: Case, order: Order) -> Plan:
    say = Statement(case).order(order).count("window", days_to_return(case, order))
    say.date("date", order.delivered_at, of_order(order))
    return say.plan("cancel_delivered" if order.status == "delivered" else "cancel_on_its_way")


@on_record
def change_address(case: Case) -> Plan:
    """Sends an order that has not left to the new address in the text, within the same country."""
    order = order_meant(case, _still_here)
    if isinstance(order, Plan):
        return order
    if order.status == "cancelled":
        return cancelled_before(case, order)
    if order.status in ("dispatched", "delivered"):
        return _address_too_late(case, order)
    if any(parcel.dispatched_at for parcel in order.shipments):
        return handed(case, f"order is {order.status}, but a parcel of it has left")
    if names_other_country(case.said, order.ship_to.country):
        return Statement(case).order(order).plan("address_abroad")
    new = address_in(case.said, order.ship_to)
    if new is None:
        return Statement(case).order(order).ask("ask_address")
    return _redirect(case, order, new)


def _redirect(case: Case, order: Order, new: Address) -> Plan:
    if not fits_country(new):
        return handed(case, "the new postcode does not look like one of the order's country")
    say = Statement(case).order(order)
    for name in ("street", "postcode", "city"):
        say.text(name, str(getattr(new, name)), MESSAGE)
    say.text("recipient", new.name, of_order(order))
    if (new.street, new.postcode) == (order.ship_to.street, order.ship_to.postcode):
        return say.plan("address_same")
    labelled = ("a label was printed already: it must be replaced",) if order.shipments else ()
    change = proposals.change_address(order, new, case.principal)
    return say.plan("address_changed", change, notes=labelled)


def _address_too_late(case: Case, order: Order) -> Plan:
    say, under_way = Statement(case).order(order), [one for one in order.shipments if one.delivered_at is None]
    if order.status == "delivered" or not under_way:
        return say.plan("address_delivered")
    return say.link("link", tracking_link(case, order, under_way[0]), of_order(order)).plan("address_too_late")


def _still_here(order: Order) -> bool:
    return order.status in ("placed", "packed")
