"""Where an order is: parcel by parcel, as the carriers' scans tell it."""

from datetime import datetime
from typing import Literal

from countersign.domain.plan import Plan
from countersign.domain.shop import Item, Order, Shipment
from nodes.reason.playbooks.asking import known, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.reckoning import names_of
from nodes.reason.playbooks.remedies import remedy
from nodes.reason.playbooks.signals import says
from nodes.reason.playbooks.statement import Statement, of_order

ParcelState = Literal["label", "moving", "arriving", "delayed", "late", "lost", "delivered"]
_FRESH_DAYS = 21
_SEARCHED = (r"neighbou?rs?", "everywhere", "nobody (?:has|took|received|saw)", "never (?:arrived|came|got)", "stolen")


@known
def where_is_my_order(case: Case) -> Plan:
    """Tells where the order is; a lost parcel is replaced or refunded, a silent one is investigated."""
    order = order_meant(case, lambda order: _awaited(case, order))
    return order if isinstance(order, Plan) else whereabouts(case, order)


def whereabouts(case: Case, order: Order) -> Plan:
    """The order's place as a plan: not sent, under way in one parcel or several, arrived, cancelled or returned."""
    if order.status == "cancelled":
        return cancelled_before(case, order)
    if _returned(order):
        return Statement(case).order(order).plan("order_returned")
    if order.status in ("placed", "packed"):
        return _not_sent(case, order)
    states: list[ParcelState] = [parcel_state(case, parcel) for parcel in order.shipments]
    if not states or (order.status == "delivered") != all(state == "delivered" for state in states):
        return handed(case, f"order is {order.status}, but its parcels say otherwise", *states)
    if "lost" in states:
        return _lost(case, order, order.shipments[states.index("lost")], states.count("lost"))
    return _one(case, order, states[0]) if len(states) == 1 else parcels(case, order, "parcels")


def cancelled_before(case: Case, order: Order) -> Plan:
    """The reply about an order that was cancelled already; money that is still owed needs a person."""
    if order.refundable.amount > 0:
        return handed(case, "the order is cancelled, but what was paid is not fully refunded", str(order.refundable))
    say = Statement(case).order(order)
    if not order.refunds:
        return say.plan("order_cancelled")
    latest = max(refund.at for refund in order.refunds)
    say.amount("amount", order.refunded, of_order(order)).date("date", latest, of_order(order)).terms("refund_time")
    return say.plan("order_cancelled_refunded")


def parcel_state(case: Case, parcel: Shipment) -> ParcelState:
    """What a parcel's scans mean on the day of the case."""
    if parcel.status == "delivered" or parcel.delivered_at:
        return "delivered"
    last = parcel.last_scan_at or parcel.dispatched_at
    windows = case.deps.desk.settings.windows
    if parcel.status == "lost" or (last and case.days_since(last) >= windows.lost):
        return "lost"
    if last is None or (parcel.status == "label" and parcel.last_scan_at is None):
        return "label"
    if case.days_since(last) >= windows.late_scan:
        return "late"
    if parcel.status == "out_for_delivery":
        return "arriving"
    return "delayed" if parcel.expected_at and parcel.expected_at.date() < case.now.date() else "moving"


def parcels(case: Case, order: Order, template: str) -> Plan:
    """Explains an order in several parcels, one by one."""
    source, say = of_order(order), Statement(case).order(order)
    states: list[ParcelState] = [parcel_state(case, parcel) for parcel in order.shipments]
    dates = [_day(parcel, state) for parcel, state in zip(order.shipments, states, strict=True)]
    say.texts("contents", [", ".join(names_of(_inside(order, parcel))) for parcel in order.shipments], source)
    say.texts("carriers", [parcel.carrier for parcel in order.shipments], source)
    say.texts("links", [tracking_link(case, order, parcel) for parcel in order.shipments], source, "link")
    say.dates("dates", dates, source).flag("states", list(states))
    notes = ("a parcel has had no scan for too long: an investigation is due",) if "late" in states else ()
    return say.count("late_scan", case.deps.desk.settings.windows.late_scan).plan(template, notes=notes)


def tracking_link(case: Case, order: Order, parcel: Shipment) -> str:
    """The carrier's page about the parcel, or the order's own page where the desk has no link for the carrier."""
    start = case.deps.desk.settings.tracking.get(parcel.carrier)
    return f"{start}{parcel.tracking}" if start else case.link(f"account/orders/{order.number}")


def _awaited(case: Case, order: Order) -> bool:
    """Whether somebody may be waiting for it: under way, or delivered so lately that they may not have found it."""
    if order.status == "delivered":
        return order.delivered_at is not None and case.days_since(order.delivered_at) <= _FRESH_DAYS // 3
    return order.status != "cancelled"


def _returned(order: Order) -> bool:
    back = {sku for one in order.returns if one.status != "refused" for sku in one.skus}
    return bool(back) and all(item.sku in back for item in order.items)


def _not_sent(case: Case, order: Order) -> Plan:
    windows, waiting = case.deps.desk.settings.windows, case.days_since(order.placed_at)
    say = Statement(case).order(order).date("placed", order.placed_at, of_order(order))
    if not any(payment.status in ("authorised", "captured") for payment in order.payments):
        return say.link("link", case.link(f"account/orders/{order.number}"), of_order(order)).plan("order_unpaid")
    if waiting >= windows.lost:
        return handed(case, f"paid {waiting} days ago and still {order.status}")
    notes = (f"still {order.status} after {waiting} days",) if waiting >= windows.late_scan else ()
    return say.plan("order_not_sent", notes=notes)


def _one(case: Case, order: Order, state: ParcelState) -> Plan:
    parcel, source, windows = order.shipments[0], of_order(order), case.deps.desk.settings.windows
    if state == "delivered" and (trouble := _not_received(case, parcel)):
        return handed(case, trouble)
    say = Statement(case).order(order).text("carrier", parcel.carrier, source)
    say.link("link", tracking_link(case, order, parcel), source).date("date", _day(parcel, state), source)
    say.date("scanned", parcel.last_scan_at or parcel.dispatched_at, source)
    say.count("late_scan", windows.late_scan).count("lost", windows.lost).count("report", windows.damaged)
    notes = ("no scan for too long: open an investigation with the carrier",) if state == "late" else ()
    return say.plan(f"parcel_{state}", notes=notes)


def _not_received(case: Case, parcel: Shipment) -> str:
    """Why a delivered parcel that the customer misses needs a person; empty where looking around comes first."""
    delivered = parcel.delivered_at
    if delivered and case.days_since(delivered) > case.deps.desk.settings.windows.damaged:
        return "delivered according to the carrier, reported later than the reporting period"
    asked_before = any(case.intent.request in turn.requests and not turn.asked for turn in case.memory.turns)
    if asked_before or says(case.said, *_SEARCHED):
        return "delivered according to the carrier, but the customer has looked and does not have it"
    return ""


def _lost(case: Case, order: Order, parcel: Shipment, how_many: int) -> Plan:
    if how_many > 1:
        return handed(case, "several parcels of the order are lost")
    items = _inside(order, parcel)
    say = Statement(case).order(order).texts("items", names_of(items), of_order(order))
    return remedy(case, say, order, items, "lost", "parcel_lost")


def _inside(order: Order, parcel: Shipment) -> tuple[Item, ...]:
    return tuple(item for item in order.items if item.sku in parcel.skus)


def _day(parcel: Shipment, state: ParcelState) -> datetime | None:
    """The date that matters in a state: arrival, last scan, or when it is expected."""
    if state == "delivered":
        return parcel.delivered_at
    return (parcel.last_scan_at or parcel.dispatched_at) if state == "late" else parcel.expected_at
