"""Sums and periods that several playbooks need. Pure; amounts in minor units of the order's currency."""

from datetime import datetime, timedelta

from countersign.domain.money import Money
from countersign.domain.shop import Item, Order, Shipment, Subscription

_WEEKEND = 5


def goods_of(order: Order) -> int:
    """What the articles cost together, before the discount."""
    return sum(item.unit_price * item.quantity for item in order.items)


def paid_for(order: Order, skus: tuple[str, ...]) -> Money:
    """What was really paid for some of an order's articles: each carries its share of the discount.

    The delivery fee belongs to the whole order: it is part of the sum where no article is left out.
    """
    part = sum(item.unit_price * item.quantity for item in order.items if item.sku in skus)
    goods = goods_of(order)
    share = order.discount * part // goods if goods else 0
    whole = all(item.sku in skus for item in order.items)
    return Money(amount=part - share + (order.shipping_fee if whole else 0), currency=order.currency)


def price_of(items: tuple[Item, ...], currency: str) -> Money:
    """What some articles cost before any discount."""
    return Money(amount=sum(item.unit_price * item.quantity for item in items), currency=currency)


def skus_of(items: tuple[Item, ...]) -> tuple[str, ...]:
    """Their skus, in order."""
    return tuple(item.sku for item in items)


def names_of(items: tuple[Item, ...]) -> list[str]:
    """How a reply names articles: with the variant where there is one."""
    return [f"{item.name} ({item.variant})" if item.variant else item.name for item in items]


def in_stock(items: tuple[Item, ...]) -> bool:
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
    """Whether a membership gave its benefits at a time: paid for then, and not resting."""
    if subscription is None or not subscription.started_at <= when <= subscription.paid_until:
        return False
    resting = subscription.status == "paused" and subscription.paused_until is not None
    return not (resting and subscription.paused_until is not None and when > subscription.renewed_at)


def working_days_after(when: datetime, days: int) -> datetime:
    """The time that many working days (Monday to Friday) later."""
    while days > 0:
        when += timedelta(days=1)
        days -= when.weekday() < _WEEKEND
    return when
