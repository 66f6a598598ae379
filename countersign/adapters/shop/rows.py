"""Records of the domain as rows of the tables."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from countersign.adapters.shop.account_tables import customers, fees, products, promos, subscriptions
from countersign.adapters.shop.order_tables import (
    order_items,
    orders,
    payments,
    refunds,
    replacement_items,
    replacements,
    return_items,
    returns,
    shipment_items,
    shipments,
)
from countersign.domain.shop import Address, Customer, Item, Order, Promo, Subscription

Row = dict[str, Any]


class Rows:
    """Rows by table, in an order in which the foreign keys hold."""

    def __init__(self) -> None:
        self._rows: dict[sa.Table, list[Row]] = defaultdict(list)

    def insert(self, connection: sa.Connection) -> None:
        for table in orders.metadata.sorted_tables:
            if self._rows[table]:
                connection.execute(sa.insert(table), self._rows[table])

    def add_products(self, items: Sequence[Item]) -> None:
        self._rows[products] += [item.model_dump(exclude={"quantity"}) for item in items]

    def add_promos(self, codes: Sequence[Promo]) -> None:
        self._rows[promos] += [promo.model_dump() for promo in codes]

    def add_customers(self, people: Sequence[Customer]) -> None:
        holders = Counter(person.email for person in people if person.closed_at is None)
        for person in people:
            row = person.model_dump(exclude={"address"}) | _address(person.address, "address_name", "")
            self._rows[customers].append({**row, "shares_email": holders[person.email] > 1})

    def add_subscriptions(self, memberships: Sequence[Subscription]) -> None:
        """With each, the fee that was taken when it was last renewed."""
        for one in memberships:
            self._rows[subscriptions].append(one.model_dump(exclude={"customer"}) | {"customer_id": one.customer})
            fee = {"id": f"FE-{one.id.removeprefix('S-')}-1", "subscription_id": one.id}
            self._rows[fees].append({**fee, "amount": one.price, "paid_at": one.renewed_at})

    def add_orders(self, sold: Sequence[Order]) -> None:
        for order in sold:
            self._add_order(order)

    def _add_order(self, order: Order) -> None:
        own = order.model_dump(include={"number", "placed_at", "status", "currency", "shipping_fee", "discount"})
        rest = {"customer_id": order.customer, "promo": order.promo, "version": order.version, "note": order.note}
        self._rows[orders].append({**own, **rest, **_address(order.ship_to, "ship_name", "ship_")})
        of = {"order_number": order.number}
        self._rows[order_items] += [_item(item, place) | of for place, item in enumerate(order.items)]
        self._rows[payments] += [payment.model_dump() | of for payment in order.payments]
        self._rows[refunds] += [refund.model_dump() | of for refund in order.refunds]
        for parcel in order.shipments:
            self._rows[shipments].append(parcel.model_dump(exclude={"skus"}) | of)
            self._rows[shipment_items] += _skus("shipment_id", parcel.id, parcel.skus, order)
        for returned in order.returns:
            self._rows[returns].append(returned.model_dump(exclude={"skus"}) | of | {"label_fee": 0})
            self._rows[return_items] += _skus("return_id", returned.id, returned.skus, order)
        self._add_replacements(order)

    def _add_replacements(self, order: Order) -> None:
        """The domain only counts replacement parcels: each becomes one of the order's units, dated like the order."""
        units = [item.sku for item in order.items for _ in range(item.quantity)]
        for place in range(order.replacements):
            number = f"RP-{order.number.removeprefix('FH-')}-{place + 1}"
            row = {"id": number, "order_number": order.number, "reason": "damaged", "at": order.placed_at, "key": None}
            self._rows[replacements].append(row)
            self._rows[replacement_items] += _skus("replacement_id", number, units[place : place + 1], order)


def _item(item: Item, place: int) -> Row:
    return item.model_dump(exclude={"stock"}) | {"position": place}


def _skus(column: str, owner: str, skus: Sequence[str], order: Order) -> Iterator[Row]:
    for place, sku in enumerate(skus):
        yield {column: owner, "position": place, "order_number": order.number, "sku": sku}


def _address(address: Address, name: str, prefix: str) -> Row:
    parts = {f"{prefix}{part}": value for part, value in address.model_dump(exclude={"name"}).items()}
    return {**parts, name: address.name}
