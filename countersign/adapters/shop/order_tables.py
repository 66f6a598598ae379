"""Tables of orders and of whatever hangs on them."""

import sqlalchemy as sa

from countersign.adapters.shop.columns import (
    at_least,
    flag,
    metadata,
    moment,
    number,
    of,
    one_of,
    part_of,
    position,
    primary,
    text,
)
from countersign.domain.shop import OrderStatus, PaymentMethod, PaymentStatus, ReturnStatus, ShipmentStatus


def ordered_item() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["order_number", "sku"], ["order_items.order_number", "order_items.sku"])


orders = sa.Table(
    "orders",
    metadata,
    primary("number"),
    of("customer_id", "customers.id"),
    moment("placed_at"),
    text("status"),
    text("currency"),
    number("shipping_fee"),
    number("discount"),
    of("promo", "promos.code", null=True),
    text("ship_name"),
    text("ship_street"),
    text("ship_postcode"),
    text("ship_city"),
    text("ship_country"),
    number("version"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    one_of("status", OrderStatus),
    sa.CheckConstraint("length(currency) = 3", name="currency_three_letters"),
    sa.CheckConstraint("length(ship_country) = 2", name="ship_country_two_letters"),
    at_least("shipping_fee"),
    at_least("discount"),
    at_least("version", 1),
)

order_items = sa.Table(
    "order_items",
    metadata,
    part_of("order_number", "orders.number"),
    part_of("sku", "products.sku"),
    sa.Column("position", sa.Integer, nullable=False),
    text("name"),
    text("variant"),
    number("quantity"),
    number("unit_price"),
    flag("returnable"),
    sa.UniqueConstraint("order_number", "position"),
    at_least("quantity", 1),
    at_least("unit_price"),
)

shipments = sa.Table(
    "shipments",
    metadata,
    primary(),
    of("order_number", "orders.number"),
    text("carrier"),
    text("tracking"),
    text("status"),
    moment("dispatched_at", null=True),
    moment("last_scan_at", null=True),
    moment("expected_at", null=True),
    moment("delivered_at", null=True),
    one_of("status", ShipmentStatus),
    sa.CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_has_time"),
)

shipment_items = sa.Table(
    "shipment_items",
    metadata,
    part_of("shipment_id", "shipments.id"),
    position(),
    text("order_number"),
    text("sku"),
    ordered_item(),
)

payments = sa.Table(
    "payments",
    metadata,
    primary(),
    of("order_number", "orders.number"),
    text("method"),
    text("status"),
    number("amount"),
    moment("at"),
    sa.Column("duplicate_of", sa.Text, sa.ForeignKey("payments.id"), nullable=True),
    one_of("method", PaymentMethod),
    one_of("status", PaymentStatus),
    at_least("amount", 1),
    sa.CheckConstraint("duplicate_of <> id", name="duplicate_of_another"),
)

refunds = sa.Table(
    "refunds",
    metadata,
    primary(),
    of("order_number", "orders.number"),
    number("amount"),
    text("reason"),
    moment("at"),
    moment("settled_at", null=True),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=True, unique=True),
    at_least("amount", 1),
)

returns = sa.Table(
    "returns",
    metadata,
    primary(),
    of("order_number", "orders.number"),
    text("status"),
    number("label_fee"),
    moment("announced_at"),
    moment("received_at", null=True),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=True, unique=True),
    one_of("status", ReturnStatus),
    at_least("label_fee"),
)

return_items = sa.Table(
    "return_items",
    metadata,
    part_of("return_id", "returns.id"),
    position(),
    text("order_number"),
    text("sku"),
    ordered_item(),
)

replacements = sa.Table(
    "replacements",
    metadata,
    primary(),
    of("order_number", "orders.number"),
    text("reason"),
    moment("at"),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=True, unique=True),
)

replacement_items = sa.Table(
    "replacement_items",
    metadata,
    part_of("replacement_id", "replacements.id"),
    position(),
    text("order_number"),
    text("sku"),
    ordered_item(),
)
