"""A small shop with one record for each rule that a shop has to keep."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from countersign.adapters.shop import SqlShop, open_shop
from countersign.adapters.shop.columns import metadata
from countersign.adapters.shop.rows import Rows
from countersign.domain.shop import (
    Address,
    Customer,
    Item,
    Order,
    Payment,
    Promo,
    Refund,
    Return,
    Shipment,
    ShopReceipt,
    Subscription,
)

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
HOME = Address(name="Zoë O'Hara", street="1 Quay Row", postcode="T12 W8N4", city="Cork", country="IE")
MOVED = HOME.model_copy(update={"street": "9 Hill Road", "city": "Galway"})
PRODUCTS = (
    Item(sku="TENT", name="Ridgeline tent", variant="green", quantity=1, unit_price=4000, stock=5),
    Item(sku="LAMP", name="Larkspur lamp", quantity=1, unit_price=2000, stock=0, returnable=False),
)
TENTS = PRODUCTS[0].model_copy(update={"quantity": 2})
PROMO = Promo(code="FERN10", kind="percent", value=10, valid_from=NOW - timedelta(days=9), valid_until=NOW, minimum=100)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def customer(number: int, email: str, **changes: Any) -> Customer:
    bare = Customer(
        id=f"C-{number:05d}", name=HOME.name, email=email, language="en", address=HOME, joined_at=ago(400), version=1
    )
    return bare.model_copy(update=changes)


def order(number: str, **changes: Any) -> Order:
    bare = Order(
        number=number,
        customer="C-00001",
        placed_at=ago(5),
        status="placed",
        currency="EUR",
        shipping_fee=0,
        ship_to=HOME,
        items=(TENTS, PRODUCTS[1]),
        version=3,
    )
    return bare.model_copy(update=changes)


def payment(number: str, place: int = 1, amount: int = 10_000, status: str = "captured", **changes: Any) -> Payment:
    values = {"id": f"PM-{number}-{place}", "method": "visa", "status": status, "amount": amount, "at": ago(5)}
    return Payment.model_validate(values | changes)


def parcel(number: str, *, arrived: bool) -> Shipment:
    return Shipment(
        id=f"SH-{number}-1",
        carrier="Swiftline",
        tracking="SW123456789",
        status="delivered" if arrived else "in_transit",
        skus=("TENT", "LAMP"),
        dispatched_at=ago(4),
        last_scan_at=ago(2),
        expected_at=ago(1),
        delivered_at=ago(2) if arrived else None,
    )


def subscription(number: int, owner: int, status: str, **changes: Any) -> Subscription:
    values = {
        "id": f"S-{number:05d}",
        "customer": f"C-{owner:05d}",
        "plan": "yearly",
        "status": status,
        "price": 5900,
        "started_at": ago(10),
        "renewed_at": ago(10),
        "paid_until": ago(-355),
        "paused_until": ago(-30) if status == "paused" else None,
        "version": 1,
    }
    return Subscription.model_validate(values | changes)


CUSTOMERS = (
    customer(1, "zoe@example.org"),
    customer(2, "quiet@example.org"),
    customer(3, "back@example.org", closed_at=ago(100), version=2),
    customer(4, "back@example.org"),
    customer(5, "family@example.org"),
    customer(6, "family@example.org"),
)
DELIVERED = order(
    "FH-1",
    status="delivered",
    placed_at=ago(30),
    promo="FERN10",
    discount=500,
    payments=(payment("1"), payment("1", 2, duplicate_of="PM-1-1")),
    shipments=(parcel("1", arrived=True),),
    refunds=(Refund(id="RF-1-1", amount=1000, reason="late", at=ago(20), settled_at=ago(15)),),
    returns=(Return(id="RT-1-1", status="received", skus=("LAMP",), announced_at=ago(3), received_at=ago(1)),),
)
PLACED = order("FH-2", payments=(payment("2", status="authorised"),))
DISPATCHED = order("FH-3", status="dispatched", payments=(payment("3"),), shipments=(parcel("3", arrived=False),))
CANCELLED = order("FH-4", status="cancelled", payments=(payment("4", status="voided"),))
PACKED = order("FH-5", status="packed", payments=(payment("5", amount=6000), payment("5", 2, status="failed")))
ORDERS = (DELIVERED, PLACED, DISPATCHED, CANCELLED, PACKED)
SUBSCRIPTIONS = (
    subscription(1, 1, "cancelled", started_at=ago(800), renewed_at=ago(435), paid_until=ago(70)),
    subscription(2, 1, "active"),
    subscription(3, 2, "paused"),
    subscription(4, 4, "lapsed", paid_until=ago(1)),
    subscription(5, 5, "active", plan="monthly", price=590),
)

CALLS: dict[str, Callable[[SqlShop, str], ShopReceipt]] = {
    "refund": lambda shop, key: shop.refund(key, "FH-1", 1500, "EUR", "damaged"),
    "cancel_order": lambda shop, key: shop.cancel_order(key, "FH-2", "asked"),
    "change_address": lambda shop, key: shop.change_address(key, "FH-2", MOVED),
    "create_return": lambda shop, key: shop.create_return(key, "FH-1", ("TENT",), 390),
    "send_replacement": lambda shop, key: shop.send_replacement(key, "FH-3", ("TENT",), "lost"),
    "pause_subscription": lambda shop, key: shop.pause_subscription(key, "S-00002", 2),
    "cancel_subscription": lambda shop, key: shop.cancel_subscription(key, "S-00002", refund_fee=True),
    "change_email": lambda shop, key: shop.change_email(key, "C-00001", "New@Example.org"),
    "close_account": lambda shop, key: shop.close_account(key, "C-00002"),
    "export_data": lambda shop, key: shop.export_data(key, "C-00003"),
    "send_login_link": lambda shop, key: shop.send_login_link(key, "C-00001"),
}
"""One call of each write that the small shop accepts."""


def open_world(url: str, more: Iterable[Order] = ()) -> SqlShop:
    """The small shop at an empty database, with some orders more."""
    shop, rows = open_shop(url, lambda: NOW), Rows()
    rows.add_products(PRODUCTS)
    rows.add_promos((PROMO,))
    rows.add_customers(CUSTOMERS)
    rows.add_subscriptions(SUBSCRIPTIONS)
    rows.add_orders((*ORDERS, *more))
    shop.engines.write(rows.insert)
    return shop


def contents(shop: SqlShop) -> dict[str, list[str]]:
    """Every row of every table, as text: two shops with the same contents are the same shop."""
    with shop.engines.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }
