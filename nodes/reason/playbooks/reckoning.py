"""Sums and periods that several playbooks need. Pure; amounts in minor units of the order's currency."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta

from countersign.domain.money import Money
from countersign.domain.shop import Item, Order, Shipment, Subscription

_WEEKEND = 5


def goods_of(order: Order) -> int:
    """What the articles cost together, before the discount."""
    return sum(item.unit_price * item.quantity for item in order.items)


def paid_for(order: Order, items: Sequence[Item]) -> Money:
    """What was really paid for some of an order's pieces: each carries its share of the discount.

    The delivery fee belongs to the whole order: it is part of the sum where no piece is left out.
    """
    part = sum(item.unit_price * item.quantity for item in items)
    goods = goods_of(order)
    share = order.discount * part // goods if goods else 0
    whole = part == goods
    return Money(amount=part - share + (order.shipping_fee if whole else 0), currency=order.currency)


def price_of(items: Sequence[Item], currency: str) -> Money:
    """What some articles cost before any discount."""
    return Money(amount=sum(item.unit_price * item.quantity for item in items), currency=currency)


def units_of(items: Sequence[Item]) -> tuple[str, ...]:
    """Their skus, one for each piece: how returns and replacements count."""
    return tuple(item.sku for item in items for _ in range(item.quantity))


def names_of(items: Sequence[Item]) -> list[str]:
    """How a reply names articles: with the variant where there is one."""
    return [f"{item.name} ({item.variant})" if item.variant else item.name for item in items]


def in_stock(items: Sequence[Item]) -> bool:
    """Whether every article could be sent again now."""
    return all(item.stock >= item.quantity for item in items)


def parcels_with(order: Order, sku: str) -> tuple[Shipment, ...]:
    """The parcels that carry an article."""
    return tuple(shipment for shipment in order.shipments if sku in shipment.skus)


def arrived_at(order: Order, sku: str) -> datetime | None:
    """When an article arrived: with the last of the parcels that carry it; None while any is under way."""
    parcels = parcels_with(order, sku)
    times = [parcel.delivered_at for parcel in parcels]
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None


def running_at(subscription: Subscription | None, when: datetime) -> bool:
    """Whether a membership gives its benefits at a time: paid for then, and not resting."""
    if subscription is None or subscription.status == "paused":
        return False
    return subscription.started_at <= when <= subscription.paid_until


def months_after(when: datetime, months: int) -> datetime:
    """The same day some months later, or that month's last day."""
    years, month = divmod(when.month - 1 + months, 12)
    year = when.year + years
    return when.replace(year=year, month=month + 1, day=min(when.day, monthrange(year, month + 1)[1]))


def working_days_after(when: datetime, days: int) -> datetime:
    """The time that many working days (Monday to Friday) later."""
    while days > 0:
        when += timedelta(days=1)
        days -= when.weekday() < _WEEKEND
    return when
