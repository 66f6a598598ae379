"""Eighteen months of orders: when they were placed, by whom, and what was in them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from countersign.adapters.shop.bulk_fate import Fates
from countersign.adapters.shop.bulk_stories import Basket
from countersign.domain.shop import Address, Customer, Item, Order, PaymentMethod, Promo, Subscription

_ORDERS = 2_260
_FIRST_ORDER = 10_200
_LAST_EVENING = 6
"""So many orders, at least, were placed in the hours before the day."""
_DAYS = 548
_FREE_FROM = 6000
_STANDARD, _EXPRESS = 490, 990
_METHODS: tuple[PaymentMethod, ...] = ("visa", "mastercard", "paypal", "bank_transfer", "gift_card")
_SEASON = (0.9, 0.7, 0.8, 1.0, 1.3, 1.3, 1.2, 1.0, 0.9, 0.9, 1.3, 1.7)
"""How busy each month is, January first."""


@dataclass(frozen=True, slots=True)
class Buyers:
    """Who may have bought something."""

    customers: Sequence[Customer]
    subscriptions: Sequence[Subscription]


def order_history(
    rng: Random, day: datetime, buyers: Buyers, products: Sequence[Item], promos: Sequence[Promo]
) -> tuple[Order, ...]:
    """Orders in the sequence of their numbers, which is the sequence they were placed in."""
    pick, fates = _Picker(rng, buyers), Fates(rng, day)
    weights = [min(rng.paretovariate(1.1), 15.0) for _ in products]
    orders: list[Order] = []
    for number, placed in enumerate(_times(rng, day), _FIRST_ORDER):
        buyer = pick.buyer(placed)
        express = rng.random() < 0.15
        bare = _bare(rng, f"FH-{number}", buyer, placed, rng.choices(products, weights, k=4))
        bare = _discounted(rng, bare, promos)
        fee = _EXPRESS if express else _delivery(bare, member=pick.is_member(buyer, placed))
        method = rng.choices(_METHODS, (38, 24, 24, 9, 5))[0]
        basket = Basket(order=bare.model_copy(update={"shipping_fee": fee}), express=express, method=method)
        orders.append(fates.tell(basket))
    return tuple(orders)


class _Picker:
    """Picks buyers who had an account at the time; a few buy often, some never."""

    def __init__(self, rng: Random, buyers: Buyers) -> None:
        self._rng = rng
        self._known = sorted(buyers.customers, key=lambda customer: (customer.joined_at, customer.id))
        self._joined = [customer.joined_at for customer in self._known]
        self._weights = list(accumulate(_appetite(rng) for _ in self._known))
        self._periods: dict[str, list[tuple[datetime, datetime]]] = {}
        for one in buyers.subscriptions:
            self._periods.setdefault(one.customer, []).append((one.started_at, one.paid_until))

    def buyer(self, placed: datetime) -> Customer:
        known = bisect_right(self._joined, placed)
        while True:
            spot = self._rng.random() * self._weights[known - 1]
            customer = self._known[min(bisect_right(self._weights, spot), known - 1)]
            # Whoever closed an account had no open orders: the last one was a month before.
            if customer.closed_at is None or placed < customer.closed_at - timedelta(days=30):
                return customer

    def is_member(self, customer: Customer, at: datetime) -> bool:
        return any(start <= at <= end for start, end in self._periods.get(customer.id, ()))


def _appetite(rng: Random) -> float:
    return 0.0 if rng.random() < 0.06 else min(rng.paretovariate(1.3), 12.0)


def _times(rng: Random, day: datetime) -> list[datetime]:
    """Moments before the day, most in the evening, more in busy months and as the shop grew."""
    days = [day - timedelta(days=back) for back in range(1, _DAYS + 1)]
    weights = [_SEASON[date.month - 1] * (1.4 - 0.8 * back / _DAYS) for back, date in enumerate(days)]
    chosen = rng.choices(days, weights, k=_ORDERS - _LAST_EVENING)
    times = [date + timedelta(hours=rng.triangular(5, 23.9, 18)) for date in chosen]
    return sorted([*times, *(day - timedelta(hours=rng.uniform(0.2, 5)) for _ in range(_LAST_EVENING))])


def _bare(rng: Random, number: str, buyer: Customer, placed: datetime, choice: Sequence[Item]) -> Order:
    lines = rng.choices((1, 2, 3, 4), (52, 28, 14, 6))[0]
    wanted = {item.sku: item for item in choice[:lines]}
    return Order(
        number=number,
        customer=buyer.id,
        placed_at=placed.replace(microsecond=0),
        status="placed",
        currency="EUR",
        shipping_fee=0,
        ship_to=buyer.address if rng.random() < 0.93 else _elsewhere(rng, buyer.address),
        items=tuple(item.model_copy(update={"quantity": _quantity(rng, item)}) for item in wanted.values()),
        version=1,
    )


def _quantity(rng: Random, item: Item) -> int:
    return rng.choices((1, 2, 3), (86, 11, 3))[0] if item.unit_price < 10_000 else 1


def _elsewhere(rng: Random, address: Address) -> Address:
    """To the office, or as a gift to a neighbour's house."""
    street = f"{address.street}, c/o {rng.choice(('Reception', 'Office', 'Neighbour', 'Concierge'))}"
    return address.model_copy(update={"street": street})


def _goods(order: Order) -> int:
    return sum(item.quantity * item.unit_price for item in order.items)


def _delivery(order: Order, *, member: bool) -> int:
    return 0 if member or _goods(order) >= _FREE_FROM else _STANDARD


def _discounted(rng: Random, order: Order, promos: Sequence[Promo]) -> Order:
    """One in eight uses a code; a few tried one that had run out, which is noted and takes nothing off."""
    roll = rng.random()
    if roll < 0.01:
        past = [promo for promo in promos if promo.valid_until < order.placed_at]
        return order.model_copy(update={"promo": past[-1].code}) if past else order
    valid = [promo for promo in promos if promo.valid_from <= order.placed_at <= promo.valid_until]
    if roll > 0.3 or not valid or _goods(order) < valid[0].minimum:
        return order
    promo = valid[0]
    off = _goods(order) * promo.value // 100 if promo.kind == "percent" else promo.value
    return order.model_copy(update={"promo": promo.code, "discount": off})
