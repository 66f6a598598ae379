"""What policy sees of an order and of what is asked for it. Pure: records, settings and the time in, plain facts out.

Days are whole calendar days in UTC: the day after is day one. -1 stands for what is not known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from countersign.domain.desk import Windows
from countersign.domain.shop import Order, Shipment, Subscription
from tools.arguments import (
    CancelOrderArguments,
    ChangeAddressArguments,
    CreateReturnArguments,
    RefundArguments,
    SendReplacementArguments,
)

UNKNOWN_DAYS = -1
Facts = dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderView:
    """An order at a moment, under the business's periods."""

    order: Order
    windows: Windows
    now: datetime


def order_facts(view: OrderView, skus: Sequence[str] = ()) -> Facts:
    """What every kind of effect on an order has in common; with `skus`, delivery is that of their parcels."""
    return {
        "order_status": view.order.status,
        "dispatched": dispatched(view.order),
        "days_since_delivery": _days_since_delivery(view, skus),
    }


def refund_facts(view: OrderView, asked: RefundArguments, refunds_90d: int) -> Facts:
    """Facts of a refund; in another currency than the order's nothing is refundable."""
    order = view.order
    same = asked.currency == order.currency
    return order_facts(view) | {
        "amount": asked.amount,
        "currency": asked.currency,
        "reason": asked.reason,
        "captured": order.captured.amount,
        "refunded": order.refunded.amount,
        "refundable": max(0, order.refundable.amount) if same else 0,
        "refunds_90d": refunds_90d,
        "replacements": order.replacements,
        "duplicate": same and _is_duplicate_charge(order, asked.amount),
        "evidence": evidence(view, asked.reason, same and _is_duplicate_charge(order, asked.amount)),
    }


def cancel_facts(view: OrderView, asked: CancelOrderArguments) -> Facts:
    """Facts of a cancellation."""
    return order_facts(view) | {"captured": view.order.captured.amount, "reason": asked.reason}


def address_facts(view: OrderView, asked: ChangeAddressArguments) -> Facts:
    """Facts of another delivery address."""
    return order_facts(view) | {"same_country": asked.address.country == view.order.ship_to.country}


def return_facts(view: OrderView, asked: CreateReturnArguments, membership: Subscription | None) -> Facts:
    """Facts of a return."""
    returned = [sku for one in view.order.returns if one.status != "refused" for sku in one.skus]
    return order_facts(view, asked.skus) | {
        "window": return_window(view, membership),
        "all_returnable": all(
            any(item.sku == sku and item.returnable for item in view.order.items) for sku in asked.skus
        )
        and _within(asked.skus, view.order),
        "returned_before": not _within([*asked.skus, *returned], view.order),
        "label_fee": asked.label_fee,
    }


def replacement_facts(view: OrderView, asked: SendReplacementArguments) -> Facts:
    """Facts of a replacement parcel."""
    order = view.order
    prices = {item.sku: item.unit_price for item in order.items}
    stock = {item.sku: item.stock for item in order.items}
    wanted = Counter(asked.skus)
    return order_facts(view, asked.skus) | {
        "value": sum(prices.get(sku, 0) * units for sku, units in wanted.items()),
        "currency": order.currency,
        "reason": asked.reason,
        "in_stock": _within(asked.skus, order) and all(stock[sku] >= units for sku, units in wanted.items()),
        "replacements": order.replacements,
        "refunded": order.refunded.amount,
        "evidence": evidence(view, asked.reason, duplicate=False, skus=asked.skus),
    }


def dispatched(order: Order) -> bool:
    """Whether any parcel of the order has left."""
    gone = order.status in ("dispatched", "delivered")
    return gone or any(parcel.dispatched_at or parcel.status != "label" for parcel in order.shipments)


def return_window(view: OrderView, membership: Subscription | None) -> int:
    """Days this customer has: the members' where the membership was running when the order was placed."""
    if membership is None or membership.status == "paused":
        return view.windows.returns
    running = membership.started_at <= view.order.placed_at <= membership.paid_until
    return view.windows.returns_plus if running else view.windows.returns


def evidence(view: OrderView, reason: str, duplicate: bool, skus: Sequence[str] = ()) -> bool:
    """Whether the shop's own records bear the reason out; a reason that they can't bear out never has evidence.

    For goods that arrived damaged, wrong or incomplete the records can only show that they arrived, and lately.
    """
    order, days = view.order, _days_since_delivery(view, skus, latest=True)
    match reason:
        case "damaged" | "missing" | "wrong":
            return 0 <= days <= view.windows.damaged
        case "late":
            return any(_late(parcel, view) for parcel in order.shipments)
        case "lost":
            return any(_lost(parcel, view) for parcel in _parcels(order, skus))
        case "duplicate_charge":
            return duplicate
        case "promo":
            return order.promo is None and 0 <= _days(order.placed_at, view.now) <= view.windows.promo
        case "returned" | "exchange":
            return any(one.status == "received" for one in order.returns)
        case "cancelled":
            return order.status == "cancelled" or not dispatched(order)
        case _:
            return False


def _is_duplicate_charge(order: Order, amount: int) -> bool:
    """Whether that amount was taken twice by mistake, and nothing of just that amount was given back for it."""
    repeated = [pay.amount for pay in order.payments if pay.duplicate_of and pay.status == "captured"]
    given_back = [refund.amount for refund in order.refunds]
    return repeated.count(amount) > given_back.count(amount)


def _late(parcel: Shipment, view: OrderView) -> bool:
    if parcel.status == "lost":
        return True
    arrived = parcel.delivered_at or view.now
    expected = parcel.expected_at
    return bool(expected and arrived > expected) or _unscanned(parcel, view) >= view.windows.late_scan


def _lost(parcel: Shipment, view: OrderView) -> bool:
    return parcel.status == "lost" or _unscanned(parcel, view) >= view.windows.lost


def _unscanned(parcel: Shipment, view: OrderView) -> int:
    """Days since the last sign of a parcel under way; -1 where it is not."""
    seen = parcel.last_scan_at or parcel.dispatched_at
    under_way = parcel.delivered_at is None and parcel.status in ("in_transit", "out_for_delivery")
    return _days(seen, view.now) if under_way and seen else UNKNOWN_DAYS


def _days_since_delivery(view: OrderView, skus: Sequence[str], latest: bool = False) -> int:
    """Days since the parcels in question arrived: the first of them, or the latest; -1 while any is under way."""
    times = [parcel.delivered_at for parcel in _parcels(view.order, skus)]
    known = [time for time in times if time is not None]
    if not known or (len(known) < len(times) and not latest):
        return UNKNOWN_DAYS
    return max(0, _days(max(known) if latest or not skus else min(known), view.now))


def _parcels(order: Order, skus: Sequence[str]) -> list[Shipment]:
    return [parcel for parcel in order.shipments if not skus or set(skus) & set(parcel.skus)]


def _within(skus: Sequence[str], order: Order) -> bool:
    """Whether the order holds that many units of each."""
    ordered = Counter({item.sku: item.quantity for item in order.items})
    return all(units <= ordered[sku] for sku, units in Counter(skus).items())


def _days(since: datetime, now: datetime) -> int:
    return (now.date() - since.date()).days
