"""The business's records as the desk sees them; amounts are minor units in the order's currency."""

from datetime import datetime
from typing import Literal

from pydantic import StrictInt

from countersign.domain.frozen import Frozen
from countersign.domain.money import Money

OrderStatus = Literal["placed", "packed", "dispatched", "delivered", "cancelled"]
ShipmentStatus = Literal["label", "in_transit", "out_for_delivery", "delivered", "lost"]
PaymentMethod = Literal["visa", "mastercard", "paypal", "bank_transfer", "gift_card"]
PaymentStatus = Literal["authorised", "captured", "voided", "failed"]
ReturnStatus = Literal["announced", "received", "refunded", "refused"]
SubscriptionStatus = Literal["active", "paused", "cancelled", "lapsed"]


class Address(Frozen):
    name: str
    street: str
    postcode: str
    city: str
    country: str
    """ISO 3166 two letters."""


class Customer(Frozen):
    id: str
    name: str
    email: str
    """The address on record, lower case."""
    language: str
    address: Address
    joined_at: datetime
    closed_at: datetime | None = None
    locked: bool = False
    """The login is locked after failed tries."""
    version: int
    """Counts up with every change of the account."""


class Item(Frozen):
    sku: str
    name: str
    variant: str = ""
    quantity: StrictInt
    unit_price: StrictInt
    returnable: bool = True
    stock: StrictInt = 0
    """How many of this very variant are in stock now."""


class Shipment(Frozen):
    id: str
    carrier: str
    tracking: str
    status: ShipmentStatus
    skus: tuple[str, ...]
    dispatched_at: datetime | None = None
    last_scan_at: datetime | None = None
    expected_at: datetime | None = None
    delivered_at: datetime | None = None


class Payment(Frozen):
    id: str
    method: PaymentMethod
    status: PaymentStatus
    amount: StrictInt
    at: datetime
    duplicate_of: str | None = None
    """The capture this one repeats by mistake."""


class Refund(Frozen):
    id: str
    amount: StrictInt
    reason: str
    at: datetime
    settled_at: datetime | None = None
    key: str | None = None
    """Our idempotency key, where the desk caused it."""


class Return(Frozen):
    id: str
    status: ReturnStatus
    skus: tuple[str, ...]
    announced_at: datetime
    received_at: datetime | None = None


class Order(Frozen):
    number: str
    customer: str
    placed_at: datetime
    status: OrderStatus
    currency: str
    shipping_fee: StrictInt
    discount: StrictInt = 0
    promo: str | None = None
    ship_to: Address
    items: tuple[Item, ...]
    shipments: tuple[Shipment, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    returns: tuple[Return, ...] = ()
    replacements: StrictInt = 0
    """How many replacement parcels were sent for it."""
    note: str = ""
    """Free text that the customer left at the checkout, or a colleague added: it proves nothing."""
    version: int
    """Counts up with every change of the order or of anything that hangs on it."""

    @property
    def total(self) -> Money:
        """What the customer was to pay: items, plus delivery, less the discount."""
        goods = sum(item.quantity * item.unit_price for item in self.items)
        return Money(amount=goods + self.shipping_fee - self.discount, currency=self.currency)

    @property
    def captured(self) -> Money:
        """What was really taken."""
        taken = sum(payment.amount for payment in self.payments if payment.status == "captured")
        return Money(amount=taken, currency=self.currency)

    @property
    def refunded(self) -> Money:
        """What was given back so far, settled or under way."""
        return Money(amount=sum(refund.amount for refund in self.refunds), currency=self.currency)

    @property
    def refundable(self) -> Money:
        """The most that can still be given back."""
        return Money(amount=self.captured.amount - self.refunded.amount, currency=self.currency)

    @property
    def delivered_at(self) -> datetime | None:
        """When the last parcel arrived; None while any is under way."""
        times = [shipment.delivered_at for shipment in self.shipments]
        known = [time for time in times if time is not None]
        return max(known) if known and len(known) == len(times) else None


class Subscription(Frozen):
    id: str
    customer: str
    plan: Literal["monthly", "yearly"]
    status: SubscriptionStatus
    price: StrictInt
    currency: str = "EUR"
    started_at: datetime
    renewed_at: datetime
    paid_until: datetime
    paused_until: datetime | None = None
    used: bool = False
    """A benefit was used since the last renewal."""
    version: int


class Promo(Frozen):
    code: str
    kind: Literal["percent", "amount"]
    value: StrictInt
    """Percent, or minor units."""
    valid_from: datetime
    valid_until: datetime
    minimum: StrictInt = 0
    """Least total of goods, minor units."""


class ShopReceipt(Frozen):
    """What the system of record wrote down for one of our writes: the proof that it happened, and what exactly."""

    key: str
    kind: str
    target: str
    reference: str
    """The record's id in the system of record: `RF-…`, `RT-…`."""
    amount: StrictInt | None = None
    currency: str | None = None
    at: datetime
    details: dict[str, str] = {}
