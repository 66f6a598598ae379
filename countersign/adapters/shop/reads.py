"""Records as the desk sees them, each kind read with a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from countersign.adapters.shop.account_tables import customers, products, promos, subscriptions
from countersign.adapters.shop.order_tables import (
    order_items,
    orders,
    payments,
    refunds,
    replacements,
    return_items,
    returns,
    shipment_items,
    shipments,
)
from countersign.adapters.shop.write_tables import receipts, writes
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

Row = sa.RowMapping
Children = dict[str, list[Row]]


def storable(*texts: str) -> bool:
    """Whether the databases can hold these texts at all: no NUL, no lone surrogate."""
    return all("\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text) for text in texts)


def customers_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[Customer, ...]:
    """Customers that meet a condition, open accounts first."""
    query = sa.select(customers).where(condition).order_by(customers.c.closed_at.is_not(None), customers.c.id)
    return tuple(_customer(row) for row in connection.execute(query).mappings())


def orders_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[Order, ...]:
    """Orders that meet a condition, latest first, each whole: nine queries, however many they are."""
    query = sa.select(orders).where(condition).order_by(orders.c.placed_at.desc(), orders.c.number.desc())
    rows = connection.execute(query).mappings().all()
    if not rows:
        return ()
    parts = _parts(connection, [row["number"] for row in rows])
    return tuple(_order(row, parts) for row in rows)


def subscription_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Subscription | None:
    """The latest membership that meets a condition."""
    latest = (subscriptions.c.started_at.desc(), subscriptions.c.id.desc())
    row = connection.execute(sa.select(subscriptions).where(condition).order_by(*latest).limit(1)).mappings().first()
    return None if row is None else _subscription(row)


def promo_of(connection: sa.Connection, code: str) -> Promo | None:
    row = connection.execute(sa.select(promos).where(sa.func.lower(promos.c.code) == code.lower())).mappings().first()
    return None if row is None else Promo(**row)


def product_of(connection: sa.Connection, sku: str) -> Item | None:
    row = connection.execute(sa.select(products).where(products.c.sku == sku)).mappings().first()
    return None if row is None else Item(quantity=1, **row)


def refunds_since(connection: sa.Connection, customer: str, since: datetime) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(refunds.join(orders))
        .where(orders.c.customer_id == customer, refunds.c.at >= since)
    )
    return connection.execute(query).scalar_one()


def receipts_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[ShopReceipt, ...]:
    """Receipts of the desk's writes that meet a condition, in the order they were written."""
    columns = (writes, receipts.c.reference, receipts.c.amount, receipts.c.currency, receipts.c.details)
    query = sa.select(*columns).join_from(writes, receipts).where(condition).order_by(receipts.c.number)
    return tuple(_receipt(row) for row in connection.execute(query).mappings())


def _customer(row: Row) -> Customer:
    return Customer(
        address=Address(
            name=row["address_name"],
            street=row["street"],
            postcode=row["postcode"],
            city=row["city"],
            country=row["country"],
        ),
        **_fields(row, "id", "name", "email", "language", "joined_at", "closed_at", "locked", "version"),
    )


def _subscription(row: Row) -> Subscription:
    return Subscription(
        customer=row["customer_id"],
        **_fields(row, "id", "plan", "status", "price", "currency", "started_at", "renewed_at"),
        **_fields(row, "paid_until", "paused_until", "used", "version"),
    )


def _receipt(row: Row) -> ShopReceipt:
    return ShopReceipt(
        **_fields(row, "key", "kind", "target", "reference", "amount", "currency", "at"), details=row["details"]
    )


def _parts(connection: sa.Connection, numbers: Sequence[str]) -> dict[str, Children]:
    """What hangs on the orders: by table, then by the order's number (for items of parcels: the parcel's id)."""
    stocked = sa.select(order_items, products.c.stock).join_from(order_items, products)
    plain = (order_items, shipments, shipment_items, payments, refunds, returns, return_items, replacements)
    parts: dict[str, Children] = {}
    for table in plain:
        query = stocked if table is order_items else sa.select(table)
        query = query.where(table.c.order_number.in_(numbers)).order_by(*_sorting(table))
        parts[table.name] = _grouped(connection.execute(query).mappings().all(), _owner(table))
    return parts


def _sorting(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    names = ("position",) if "position" in table.c else ("dispatched_at", "announced_at", "at")
    return (*(table.c[name] for name in names if name in table.c), *table.primary_key.columns)


def _owner(table: sa.Table) -> str:
    return {shipment_items.name: "shipment_id", return_items.name: "return_id"}.get(table.name, "order_number")


def _grouped(rows: Sequence[Row], column: str) -> Children:
    groups: Children = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _of(parts: dict[str, Children], table: sa.Table, owner: str) -> list[Row]:
    return parts[table.name].get(owner, [])


def _skus(parts: dict[str, Children], table: sa.Table, owner: str) -> tuple[str, ...]:
    return tuple(row["sku"] for row in _of(parts, table, owner))


def _order(row: Row, parts: dict[str, Children]) -> Order:
    number = row["number"]
    return Order(
        customer=row["customer_id"],
        ship_to=Address(
            name=row["ship_name"],
            street=row["ship_street"],
            postcode=row["ship_postcode"],
            city=row["ship_city"],
            country=row["ship_country"],
        ),
        items=tuple(_item(part) for part in _of(parts, order_items, number)),
        shipments=tuple(_shipment(part, parts) for part in _of(parts, shipments, number)),
        payments=tuple(_payment(part) for part in _of(parts, payments, number)),
        refunds=tuple(_refund(part) for part in _of(parts, refunds, number)),
        returns=tuple(_return(part, parts) for part in _of(parts, returns, number)),
        replacements=len(_of(parts, replacements, number)),
        **_fields(row, "number", "placed_at", "status", "currency", "shipping_fee", "discount", "promo", "version"),
        note=row["note"],
    )


def _item(row: Row) -> Item:
    return Item(**_fields(row, "sku", "name", "variant", "quantity", "unit_price", "returnable", "stock"))


def _shipment(row: Row, parts: dict[str, Children]) -> Shipment:
    return Shipment(
        skus=_skus(parts, shipment_items, row["id"]),
        **_fields(row, "id", "carrier", "tracking", "status"),
        **_fields(row, "dispatched_at", "last_scan_at", "expected_at", "delivered_at"),
    )


def _payment(row: Row) -> Payment:
    return Payment(**_fields(row, "id", "method", "status", "amount", "at", "duplicate_of"))


def _refund(row: Row) -> Refund:
    return Refund(**_fields(row, "id", "amount", "reason", "at", "settled_at", "key"))


def _return(row: Row, parts: dict[str, Children]) -> Return:
    return Return(
        skus=_skus(parts, return_items, row["id"]),
        **_fields(row, "id", "status", "announced_at", "received_at"),
    )


def _fields(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}
