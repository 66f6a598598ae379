"""Fills an empty shop: hand-made records for every situation, and many ordinary ones around them."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import TypeVar

import sqlalchemy as sa

from countersign.adapters.shop.account_tables import customers
from countersign.adapters.shop.bulk import bulk
from countersign.adapters.shop.rows import Rows
from countersign.adapters.shop.scenarios import scenarios
from countersign.adapters.shop.schema import hold_lock
from countersign.adapters.shop.sql import SqlShop
from countersign.domain.shop import Item, Promo

T = TypeVar("T", Item, Promo)


def seed(shop: SqlShop, anchor: datetime) -> None:
    """Fills the shop in one transaction, unless it has customers already.

    The records stand as at the beginning of the anchor's day (UTC): the same day always gives the same records.
    Raises RetryError or FailedError; the shop is then as empty as before.
    """
    if not _is_empty(shop):
        return
    rows = seed_rows(datetime.combine(anchor.astimezone(UTC).date(), time(), UTC))
    shop.engines.write(lambda connection: _fill(connection, rows))


def seed_rows(day: datetime) -> Rows:
    """All rows of the demonstration shop as at the beginning of a day."""
    pinned, many, rows = scenarios(day), bulk(day), Rows()
    rows.add_products(_merged((item.sku, item) for item in (*many.products, *pinned.products)))
    rows.add_promos(_merged((promo.code, promo) for promo in (*many.promos, *pinned.promos)))
    rows.add_customers((*pinned.customers, *many.customers))
    rows.add_subscriptions((*pinned.subscriptions, *many.subscriptions))
    rows.add_orders((*pinned.orders, *many.orders))
    return rows


def _is_empty(shop: SqlShop) -> bool:
    with shop.engines.read() as connection:
        return _count(connection) == 0


def _count(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(customers)).scalar_one()


def _fill(connection: sa.Connection, rows: Rows) -> None:
    hold_lock(connection)
    if _count(connection) == 0:
        rows.insert(connection)


def _merged(records: Iterable[tuple[str, T]]) -> tuple[T, ...]:
    """One record for each code; the hand-made ones, which come last, win."""
    return tuple(dict(records).values())
