"""What the desk needs of the business's systems: lookups, and writes that each carry a key."""

from datetime import datetime
from typing import Protocol

from countersign.domain.shop import Address, Customer, Item, Order, Promo, ShopReceipt, Subscription


class ShopReads(Protocol):
    """Lookups in the business's systems. Unknown things are None or empty, never an error.

    Raises RetryError where the system can't be reached, FailedError where it answers nonsense.
    """

    def customers_by_email(self, email: str) -> tuple[Customer, ...]:
        """Customers with that address on record, any case; open accounts first."""
        ...

    def customer(self, customer_id: str) -> Customer | None: ...

    def order(self, number: str) -> Order | None: ...

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """The customer's orders, latest first."""
        ...

    def subscription_of(self, customer_id: str) -> Subscription | None:
        """The latest membership, whatever its status."""
        ...

    def promo(self, code: str) -> Promo | None: ...

    def product(self, sku: str) -> Item | None:
        """A product as it is sold now; quantity is 1."""
        ...

    def refunds_since(self, customer_id: str, since: datetime) -> int:
        """How many refunds the customer had since then, over all orders."""
        ...


class ShopWrites(Protocol):
    """Changes in the business's systems. Each carries our key, which the system keeps in a unique column.

    The same key with the same arguments answers the first call's receipt and changes nothing; with other
    arguments it raises FailedError (`failed.key_reused`). Raises FailedError where the business refuses, RetryError
    where nothing happened and the call may be repeated, UnknownOutcomeError where it may have happened.
    """

    def refund(self, key: str, order: str, amount: int, currency: str, reason: str) -> ShopReceipt: ...

    def cancel_order(self, key: str, order: str, reason: str) -> ShopReceipt:
        """Cancels an unshipped order and voids its open authorisations; it does not refund captures."""
        ...

    def change_address(self, key: str, order: str, address: Address) -> ShopReceipt: ...

    def create_return(self, key: str, order: str, skus: tuple[str, ...], label_fee: int) -> ShopReceipt: ...

    def send_replacement(self, key: str, order: str, skus: tuple[str, ...], reason: str) -> ShopReceipt: ...

    def pause_subscription(self, key: str, subscription: str, months: int) -> ShopReceipt: ...

    def cancel_subscription(self, key: str, subscription: str, refund_fee: bool) -> ShopReceipt: ...

    def change_email(self, key: str, customer: str, email: str) -> ShopReceipt: ...

    def close_account(self, key: str, customer: str) -> ShopReceipt: ...

    def export_data(self, key: str, customer: str) -> ShopReceipt: ...

    def send_login_link(self, key: str, customer: str) -> ShopReceipt: ...

    def lookup(self, key: str) -> ShopReceipt | None:
        """What was written under a key; None where nothing was."""
        ...


class Shop(ShopReads, ShopWrites, Protocol):
    """The whole business: implement this over your own systems."""
