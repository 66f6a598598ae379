"""What happened to an order after it was placed: mostly nothing unusual."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from countersign.domain.shop import Order, Payment, PaymentMethod, Refund, Return, Shipment

_AT_ONCE = ("paypal", "bank_transfer", "gift_card")
"""Taken with the order; cards are authorised, and captured at dispatch."""
_LAST_MILE = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Basket:
    """An order as it was placed."""

    order: Order
    express: bool
    method: PaymentMethod


def _with(order: Order, **changes: Any) -> Order:
    return order.model_copy(update=changes)


def _id(kind: str, order: Order, place: int) -> str:
    return f"{kind}-{order.number.removeprefix('FH-')}-{place}"


def _paid(order: Order, status: str, at: datetime, *, method: PaymentMethod, amount: int, repeats: str = "") -> Order:
    payment = Payment.model_validate(
        {
            "id": _id("PM", order, len(order.payments) + 1),
            "method": method,
            "status": status,
            "amount": amount,
            "at": at,
            "duplicate_of": repeats or None,
        }
    )
    return _with(order, payments=(*order.payments, payment))


def _refunded(rng: Random, day: datetime, order: Order, amount: int, reason: str, at: datetime) -> Order:
    if at >= day or amount < 1:
        return order
    settled = at + timedelta(days=rng.uniform(5, 9))
    refund = Refund(
        id=_id("RF", order, len(order.refunds) + 1),
        amount=min(amount, order.refundable.amount),
        reason=reason,
        at=at,
        settled_at=settled if settled < day else None,
    )
    return _with(order, refunds=(*order.refunds, refund))


def _parcel(
    rng: Random, day: datetime, basket: Basket, order: Order, *, skus: tuple[str, ...], left: datetime, days: float = 0
) -> Shipment:
    """A parcel that left at a time and takes as long as its carrier usually does, or `days`."""
    carrier, prefix, suffix = _carrier(rng, basket)
    usual = rng.uniform(0.8, 2) if basket.express else rng.uniform(1.8, 5)
    arrives = left + timedelta(days=days or usual)
    arrived = arrives < day
    scanned = arrives if arrived else max(left, min(day - timedelta(hours=rng.uniform(1, 20)), arrives))
    close = not arrived and arrives - day < _LAST_MILE
    return Shipment(
        id=_id("SH", order, len(order.shipments) + 1),
        carrier=carrier,
        tracking=f"{prefix}{rng.randint(100_000_000, 999_999_999)}{suffix}",
        status="delivered" if arrived else "out_for_delivery" if close else "in_transit",
        skus=skus,
        dispatched_at=left,
        last_scan_at=scanned,
        expected_at=left + timedelta(days=2 if basket.express else 5),
        delivered_at=arrives if arrived else None,
    )


def _carrier(rng: Random, basket: Basket) -> tuple[str, str, str]:
    if basket.express:
        return "Comet Express", "CX", ""
    return rng.choice((("Swiftline", "SW", ""), ("Postal Union", "PU", "EU")))


def _skus(order: Order) -> tuple[str, ...]:
    return tuple(item.sku for item in order.items)


def usual(rng: Random, day: datetime, basket: Basket) -> Order:
    """Placed, packed, dispatched, delivered: as far as it came until the day began."""
    order = basket.order
    packed = order.placed_at + timedelta(hours=rng.uniform(4, 20))
    left = packed + timedelta(hours=rng.uniform(4, 24))
    paid = "captured" if basket.method in _AT_ONCE or left < day else "authorised"
    at = left if paid == "captured" and basket.method not in _AT_ONCE else order.placed_at
    if order.total.amount > 0:
        order = _paid(order, paid, at, method=basket.method, amount=order.total.amount)
    if left >= day:
        return _with(order, status="packed" if packed < day else "placed")
    parcel = _parcel(rng, day, basket, order, skus=_skus(order), left=left)
    return _with(order, shipments=(parcel,), status="delivered" if parcel.delivered_at else "dispatched")


def cancelled(rng: Random, day: datetime, basket: Basket) -> Order:
    order, at = basket.order, basket.order.placed_at + timedelta(hours=rng.uniform(0.2, 6))
    if at >= day:
        return usual(rng, day, basket)
    amount = order.total.amount
    if basket.method not in _AT_ONCE:
        order = _paid(order, "voided", order.placed_at, method=basket.method, amount=amount)
    else:
        order = _paid(order, "captured", order.placed_at, method=basket.method, amount=amount)
        order = _refunded(rng, day, order, amount, "cancelled", at)
    return _with(order, status="cancelled")


def declined_once(rng: Random, day: datetime, basket: Basket) -> Order:
    order = basket.order
    failed = _paid(order, "failed", order.placed_at, method="visa", amount=order.total.amount)
    return usual(rng, day, Basket(failed, basket.express, basket.method))


def never_paid(rng: Random, day: datetime, basket: Basket) -> Order:
    order = basket.order
    for tries in range(3):
        at = order.placed_at + timedelta(minutes=2 * tries)
        order = _paid(order, "failed", at, method="mastercard", amount=order.total.amount)
    late = order.placed_at + timedelta(days=rng.uniform(1, 2)) < day
    return _with(order, status="cancelled" if late else "placed")


def charged_twice(rng: Random, day: datetime, basket: Basket) -> Order:
    order = usual(rng, day, basket)
    first = order.payments[0] if order.payments else None
    if first is None or first.status != "captured":
        return order
    again = first.at + timedelta(seconds=rng.randint(2, 90))
    order = _paid(order, "captured", again, method=first.method, amount=first.amount, repeats=first.id)
    if rng.random() < 0.3:
        return order
    return _refunded(rng, day, order, first.amount, "duplicate_charge", again + timedelta(days=rng.uniform(2, 12)))


def authorised_twice(rng: Random, day: datetime, basket: Basket) -> Order:
    """A second authorisation that nobody captures; it drops off after some days."""
    order = usual(rng, day, basket)
    at = order.placed_at + timedelta(minutes=rng.randint(1, 9))
    gone = at + timedelta(days=rng.uniform(5, 10)) < day
    return _paid(order, "voided" if gone else "authorised", at, method="visa", amount=max(order.total.amount, 1))


def partly_by_gift_card(rng: Random, day: datetime, basket: Basket) -> Order:
    order = usual(rng, day, basket)
    total, card = order.total.amount, rng.choice((2500, 5000))
    if total <= card or basket.method == "gift_card":
        return order
    rest = order.payments[-1]
    order = _paid(_with(order, payments=()), "captured", order.placed_at, method="gift_card", amount=card)
    return _paid(order, rest.status, rest.at, method=rest.method, amount=total - card)


def part_refunded(rng: Random, day: datetime, basket: Basket) -> Order:
    order = usual(rng, day, basket)
    if order.delivered_at is None:
        return order
    part = max(order.captured.amount * rng.randint(10, 50) // 100, 1)
    reason = rng.choice(("late", "damaged", "missing", "promo", "other"))
    return _refunded(rng, day, order, part, reason, order.delivered_at + timedelta(days=rng.uniform(1, 10)))


def fully_refunded(rng: Random, day: datetime, basket: Basket) -> Order:
    order = usual(rng, day, basket)
    if order.delivered_at is None:
        return order
    at = order.delivered_at + timedelta(days=rng.uniform(1, 12))
    return _refunded(rng, day, order, order.captured.amount, "damaged", at)


def returned(rng: Random, day: datetime, basket: Basket) -> Order:
    """Announced, received, refunded or refused: as far as it came."""
    order = usual(rng, day, basket)
    items = [item for item in order.items if item.returnable]
    if order.delivered_at is None or not items:
        return order
    announced = order.delivered_at + timedelta(days=rng.uniform(1, 25))
    received = announced + timedelta(days=rng.uniform(3, 12))
    decided = received + timedelta(days=rng.uniform(1, 4))
    if announced >= day:
        return order
    item, refuse = items[0], rng.random() < 0.08
    status = "announced" if received >= day else "received" if decided >= day else "refused" if refuse else "refunded"
    back = Return(
        id=_id("RT", order, 1),
        status=status,
        skus=(item.sku,),
        announced_at=announced,
        received_at=received if received < day else None,
    )
    order = _with(order, returns=(back,))
    return _refunded(rng, day, order, item.unit_price, "returned", decided) if status == "refunded" else order


def lost(rng: Random, day: datetime, basket: Basket) -> Order:
    """Found missing after two weeks; then a replacement or the money, or nobody has asked yet."""
    order, parcel = _stalled(rng, day, basket)
    if parcel is None or parcel.dispatched_at is None:
        return order
    known = parcel.dispatched_at + timedelta(days=16)
    if known >= day:
        return order
    order = _with(order, shipments=(parcel.model_copy(update={"status": "lost"}),))
    if rng.random() < 0.15:
        return order
    if rng.random() < 0.5:
        return _with(order, replacements=1)
    return _refunded(rng, day, order, order.captured.amount, "lost", known + timedelta(days=rng.uniform(0.2, 6)))


def late(rng: Random, day: datetime, basket: Basket) -> Order:
    """Under way far longer than usual; long ago it would have arrived after all."""
    order, parcel = _stalled(rng, day, basket)
    if parcel is None or day - order.placed_at < timedelta(days=28):
        return order
    left = parcel.dispatched_at or order.placed_at
    arrived = _parcel(rng, day, basket, _with(order, shipments=()), skus=_skus(order), left=left, days=15)
    return _with(order, shipments=(arrived,), status="delivered")


def _stalled(rng: Random, day: datetime, basket: Basket) -> tuple[Order, Shipment | None]:
    """Dispatched, scanned once or twice, and not seen since."""
    order = usual(rng, day, basket)
    left = order.shipments[0].dispatched_at if order.shipments else None
    if left is None or day - left < timedelta(days=6):
        return order, None
    seen = left + timedelta(days=rng.uniform(0.5, 3))
    changes = {"status": "in_transit", "last_scan_at": seen, "delivered_at": None}
    parcel = order.shipments[0].model_copy(update=changes)
    return _with(order, shipments=(parcel,), status="dispatched"), parcel


def split_and_late(rng: Random, day: datetime, basket: Basket) -> Order:
    """Two parcels, and the second one takes far too long."""
    return _split(rng, day, basket, slow=True)


def split(rng: Random, day: datetime, basket: Basket) -> Order:
    """Two parcels; the second leaves later, and now and then far too late."""
    return _split(rng, day, basket, slow=False)


def _split(rng: Random, day: datetime, basket: Basket, *, slow: bool) -> Order:
    order = usual(rng, day, basket)
    left = order.shipments[0].dispatched_at if order.shipments else None
    if left is None or len(order.items) < 2:
        return order
    skus = _skus(order)
    first = _parcel(rng, day, basket, _with(order, shipments=()), skus=skus[:1], left=left)
    order = _with(order, shipments=(first,))
    later = left + timedelta(days=rng.uniform(1, 4))
    if later >= day:
        return _with(order, status="dispatched")
    days = rng.uniform(9, 20) if slow or rng.random() < 0.4 else 0
    second = _parcel(rng, day, basket, order, skus=skus[1:], left=later, days=days)
    done = first.delivered_at is not None and second.delivered_at is not None
    return _with(order, shipments=(first, second), status="delivered" if done else "dispatched")


def replaced(rng: Random, day: datetime, basket: Basket) -> Order:
    order = usual(rng, day, basket)
    old = order.delivered_at is not None and day - order.delivered_at > timedelta(days=4)
    return _with(order, replacements=1) if old else order
