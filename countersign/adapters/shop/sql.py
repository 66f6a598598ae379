"""The demonstration business over SQL: `SqlShop` implements the whole of `countersign.ports.Shop`."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from countersign.adapters.shop import account_changes, order_changes, reads
from countersign.adapters.shop.account_tables import customers, subscriptions
from countersign.adapters.shop.engines import Engines, open_engines
from countersign.adapters.shop.order_tables import orders
from countersign.adapters.shop.schema import create_schema
from countersign.adapters.shop.write_tables import writes
from countersign.adapters.shop.writing import Change, Request, carry_out
from countersign.domain.frozen import Json
from countersign.domain.plan import Kind
from countersign.domain.shop import Address, Customer, Item, Order, Promo, ShopReceipt, Subscription


def _utc_now() -> datetime:
    return datetime.now(UTC)


def open_shop(url: str, now: Callable[[], datetime] = _utc_now) -> "SqlShop":
    """Opens a shop's database and creates what is missing in it; `now` is the business's own clock.

    `url` names a SQLite file (`sqlite:///path`) or a PostgreSQL database (`postgresql://user@host/name`).
    Raises SettingsError for any other, RetryError where the database can't be reached, FailedError where it is no shop.
    """
    engines = open_engines(url)
    try:
        engines.write(create_schema)
    except BaseException:
        engines.close()
        raise
    return SqlShop(engines, now)


class SqlShop:
    """The whole business; may be shared between threads."""

    def __init__(self, engines: Engines, now: Callable[[], datetime]) -> None:
        self.engines = engines
        self._now = now

    def close(self) -> None:
        """Closes all connections."""
        self.engines.close()

    def customers_by_email(self, email: str) -> tuple[Customer, ...]:
        wanted = email.strip().lower()
        if not reads.storable(wanted):
            return ()
        with self.engines.read() as connection:
            return reads.customers_where(connection, customers.c.email == wanted)

    def customer(self, customer_id: str) -> Customer | None:
        if not reads.storable(customer_id):
            return None
        with self.engines.read() as connection:
            return next(iter(reads.customers_where(connection, customers.c.id == customer_id)), None)

    def order(self, number: str) -> Order | None:
        return next(iter(self._orders(number, orders.c.number == number)), None)

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        return self._orders(customer_id, orders.c.customer_id == customer_id)

    def subscription_of(self, customer_id: str) -> Subscription | None:
        if not reads.storable(customer_id):
            return None
        with self.engines.read() as connection:
            return reads.subscription_where(connection, subscriptions.c.customer_id == customer_id)

    def promo(self, code: str) -> Promo | None:
        if not reads.storable(code):
            return None
        with self.engines.read() as connection:
            return reads.promo_of(connection, code)

    def product(self, sku: str) -> Item | None:
        if not reads.storable(sku):
            return None
        with self.engines.read() as connection:
            return reads.product_of(connection, sku)

    def refunds_since(self, customer_id: str, since: datetime) -> int:
        if not reads.storable(customer_id):
            return 0
        with self.engines.read() as connection:
            return reads.refunds_since(connection, customer_id, since)

    def refund(self, key: str, order: str, amount: int, currency: str, reason: str) -> ShopReceipt:
        arguments: dict[str, Json] = {"amount": amount, "currency": currency, "reason": reason}
        change = partial(order_changes.refund, number=order, amount=amount, currency=currency, reason=reason)
        return self._write(key, "refund", f"order/{order}", arguments, change)

    def cancel_order(self, key: str, order: str, reason: str) -> ShopReceipt:
        change = partial(order_changes.cancel_order, number=order, reason=reason)
        return self._write(key, "cancel_order", f"order/{order}", {"reason": reason}, change)

    def change_address(self, key: str, order: str, address: Address) -> ShopReceipt:
        change = partial(order_changes.change_address, number=order, address=address)
        return self._write(key, "change_address", f"order/{order}", {"address": address.model_dump()}, change)

    def create_return(self, key: str, order: str, skus: tuple[str, ...], label_fee: int) -> ShopReceipt:
        change = partial(order_changes.create_return, number=order, skus=skus, label_fee=label_fee)
        arguments: dict[str, Json] = {"skus": list(skus), "label_fee": label_fee}
        return self._write(key, "create_return", f"order/{order}", arguments, change)

    def send_replacement(self, key: str, order: str, skus: tuple[str, ...], reason: str) -> ShopReceipt:
        change = partial(order_changes.send_replacement, number=order, skus=skus, reason=reason)
        arguments: dict[str, Json] = {"skus": list(skus), "reason": reason}
        return self._write(key, "send_replacement", f"order/{order}", arguments, change)

    def pause_subscription(self, key: str, subscription: str, months: int) -> ShopReceipt:
        change = partial(account_changes.pause_subscription, subscription_id=subscription, months=months)
        return self._write(key, "pause_subscription", f"subscription/{subscription}", {"months": months}, change)

    def cancel_subscription(self, key: str, subscription: str, refund_fee: bool) -> ShopReceipt:
        change = partial(account_changes.cancel_subscription, subscription_id=subscription, refund_fee=refund_fee)
        arguments: dict[str, Json] = {"refund_fee": refund_fee}
        return self._write(key, "cancel_subscription", f"subscription/{subscription}", arguments, change)

    def change_email(self, key: str, customer: str, email: str) -> ShopReceipt:
        change = partial(account_changes.change_email, customer_id=customer, email=email)
        return self._write(key, "change_email", f"customer/{customer}", {"email": email}, change)

    def close_account(self, key: str, customer: str) -> ShopReceipt:
        change = partial(account_changes.close_account, customer_id=customer)
        return self._write(key, "close_account", f"customer/{customer}", {}, change)

    def export_data(self, key: str, customer: str) -> ShopReceipt:
        change = partial(account_changes.export_data, customer_id=customer)
        return self._write(key, "export_data", f"customer/{customer}", {}, change)

    def send_login_link(self, key: str, customer: str) -> ShopReceipt:
        change = partial(account_changes.send_login_link, customer_id=customer)
        return self._write(key, "send_login_link", f"customer/{customer}", {}, change)

    def lookup(self, key: str) -> ShopReceipt | None:
        if not reads.storable(key):
            return None
        with self.engines.read() as connection:
            return next(iter(reads.receipts_where(connection, writes.c.key == key)), None)

    def writes(self) -> tuple[ShopReceipt, ...]:
        """Every write the desk ever made here, in order: what an outside checker counts."""
        with self.engines.read() as connection:
            return reads.receipts_where(connection, sa.true())

    def _orders(self, text: str, condition: sa.ColumnElement[bool]) -> tuple[Order, ...]:
        if not reads.storable(text):
            return ()
        with self.engines.read() as connection:
            return reads.orders_where(connection, condition)

    def _write(self, key: str, kind: Kind, target: str, arguments: dict[str, Json], change: Change) -> ShopReceipt:
        request = Request(key=key, kind=kind, target=target, arguments=arguments, at=self._now())
        return carry_out(self.engines, request, change)
