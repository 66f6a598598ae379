"""Tables of what is sold and to whom: products, promo codes, customers, memberships."""

import sqlalchemy as sa

from countersign.adapters.shop.columns import at_least, flag, metadata, moment, number, of, one_of, primary, text
from countersign.domain.shop import SubscriptionStatus

products = sa.Table(
    "products",
    metadata,
    primary("sku"),
    text("name"),
    text("variant"),
    number("unit_price"),
    flag("returnable"),
    number("stock"),
    at_least("unit_price"),
    at_least("stock"),
)

promos = sa.Table(
    "promos",
    metadata,
    primary("code"),
    text("kind"),
    number("value"),
    moment("valid_from"),
    moment("valid_until"),
    number("minimum"),
    sa.CheckConstraint("kind = 'amount' OR (kind = 'percent' AND value <= 100)", name="kind_known"),
    sa.CheckConstraint("valid_from <= valid_until", name="valid_in_order"),
    at_least("value", 1),
    at_least("minimum"),
)

customers = sa.Table(
    "customers",
    metadata,
    primary(),
    text("name"),
    text("email"),
    flag("shares_email"),
    text("language"),
    text("address_name"),
    text("street"),
    text("postcode"),
    text("city"),
    text("country"),
    moment("joined_at"),
    moment("closed_at", null=True),
    flag("locked"),
    number("version"),
    sa.CheckConstraint("email = lower(email)", name="email_lower"),
    sa.CheckConstraint("length(country) = 2", name="country_two_letters"),
    at_least("version", 1),
)
"""`shares_email` marks accounts of a family that had one address before that was ruled out."""

sa.Index("ix_customers_email", customers.c.email)
sa.Index(
    "uq_customers_open_email",
    customers.c.email,
    unique=True,
    sqlite_where=sa.text("closed_at IS NULL AND shares_email = 0"),
    postgresql_where=sa.text("closed_at IS NULL AND NOT shares_email"),
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    primary(),
    of("customer_id", "customers.id"),
    text("plan"),
    text("status"),
    number("price"),
    text("currency"),
    moment("started_at"),
    moment("renewed_at"),
    moment("paid_until"),
    moment("paused_until", null=True),
    flag("used"),
    number("version"),
    one_of("status", SubscriptionStatus),
    sa.CheckConstraint("plan IN ('monthly', 'yearly')", name="plan_known"),
    sa.CheckConstraint("status <> 'paused' OR paused_until IS NOT NULL", name="paused_has_end"),
    at_least("price", 1),
    at_least("version", 1),
)

fees = sa.Table(
    "fees",
    metadata,
    primary(),
    of("subscription_id", "subscriptions.id"),
    number("amount"),
    moment("paid_at"),
    at_least("amount", 1),
)
"""Membership fees that were taken."""

fee_refunds = sa.Table(
    "fee_refunds",
    metadata,
    primary(),
    sa.Column("fee_id", sa.Text, sa.ForeignKey("fees.id"), nullable=False, unique=True),
    number("amount"),
    moment("at"),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=False, unique=True),
    at_least("amount", 1),
)
"""A fee is given back once."""

login_links = sa.Table(
    "login_links",
    metadata,
    primary(),
    of("customer_id", "customers.id"),
    moment("sent_at"),
    moment("expires_at"),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=False, unique=True),
)

data_exports = sa.Table(
    "data_exports",
    metadata,
    primary(),
    of("customer_id", "customers.id"),
    moment("requested_at"),
    moment("due_at"),
    sa.Column("key", sa.Text, sa.ForeignKey("writes.key"), nullable=False, unique=True),
)
