"""The hand-made part of the demonstration shop, read from `scenarios.toml` and dated relative to one moment."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Literal

from pydantic import StrictInt

from countersign.domain.frozen import Frozen
from countersign.domain.shop import (
    Address,
    Customer,
    Item,
    Order,
    OrderStatus,
    Payment,
    PaymentMethod,
    PaymentStatus,
    Promo,
    Refund,
    Return,
    ReturnStatus,
    Shipment,
    ShipmentStatus,
    Subscription,
    SubscriptionStatus,
)

_PAID_AT_ONCE: frozenset[PaymentMethod] = frozenset({"bank_transfer", "gift_card"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenarios:
    """Records for every situation that the playbooks meet; numbers are below FH-10200, C-00080 and S-00100."""

    products: tuple[Item, ...]
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    subscriptions: tuple[Subscription, ...]
    promos: tuple[Promo, ...]


def scenarios(anchor: datetime) -> Scenarios:
    """The records as they stand at `anchor`, the aware moment at which the demonstration shop is created.

    Raises pydantic's ValidationError where the file does not fit the domain's types.
    """
    text = files("countersign.adapters.shop").joinpath("scenarios.toml").read_text(encoding="utf-8")
    sheet = _Sheet.model_validate(tomllib.loads(text))
    products = {row.sku: row.item() for row in sheet.products}
    customers = {row.id: row.customer(anchor) for row in sheet.customers}
    return Scenarios(
        products=tuple(products.values()),
        customers=tuple(customers.values()),
        orders=tuple(row.order(anchor, customers[row.customer], products) for row in sheet.orders),
        subscriptions=tuple(row.subscription(anchor) for row in sheet.subscriptions),
        promos=tuple(row.promo(anchor) for row in sheet.promos),
    )


def _at(anchor: datetime, days: float) -> datetime:
    return (anchor + timedelta(days=days)).replace(second=0, microsecond=0)


def _maybe(anchor: datetime, days: float | None) -> datetime | None:
    return None if days is None else _at(anchor, days)


class _Product(Frozen):
    sku: str
    name: str
    variant: str = ""
    unit_price: StrictInt
    stock: StrictInt
    returnable: bool = True

    def item(self, quantity: int = 1) -> Item:
        return Item(**self.model_dump(), quantity=quantity)


class _Customer(Frozen):
    id: str
    name: str
    email: str
    language: str
    street: str
    postcode: str
    city: str
    country: str
    joined: float
    closed: float | None = None
    locked: bool = False

    def customer(self, anchor: datetime) -> Customer:
        return Customer(
            id=self.id,
            name=self.name,
            email=self.email,
            language=self.language,
            address=Address(
                name=self.name, street=self.street, postcode=self.postcode, city=self.city, country=self.country
            ),
            joined_at=_at(anchor, self.joined),
            closed_at=_maybe(anchor, self.closed),
            locked=self.locked,
            version=1 if self.closed is None else 2,
        )


class _Subscription(Frozen):
    id: str
    customer: str
    plan: Literal["monthly", "yearly"]
    status: SubscriptionStatus
    started: float
    renewed: float
    paid_until: float
    paused_until: float | None = None
    used: bool = False

    def subscription(self, anchor: datetime) -> Subscription:
        return Subscription(
            id=self.id,
            customer=self.customer,
            plan=self.plan,
            status=self.status,
            price=5900 if self.plan == "yearly" else 590,
            started_at=_at(anchor, self.started),
            renewed_at=_at(anchor, self.renewed),
            paid_until=_at(anchor, self.paid_until),
            paused_until=_maybe(anchor, self.paused_until),
            used=self.used,
            version=1,
        )


class _Promo(Frozen):
    code: str
    kind: Literal["percent", "amount"]
    value: StrictInt
    valid_from: float
    valid_until: float
    minimum: StrictInt = 0

    def promo(self, anchor: datetime) -> Promo:
        return Promo(
            code=self.code,
            kind=self.kind,
            value=self.value,
            valid_from=_at(anchor, self.valid_from),
            valid_until=_at(anchor, self.valid_until),
            minimum=self.minimum,
        )


class _Payment(Frozen):
    method: PaymentMethod
    status: PaymentStatus
    amount: StrictInt | None = None
    """The order's total where nothing is said."""
    at: float
    repeats: StrictInt | None = None
    """Which of the order's payments, counted from 1, this one repeats by mistake."""


class _Shipment(Frozen):
    carrier: str
    tracking: str
    status: ShipmentStatus
    skus: tuple[str, ...] = ()
    """All of the order's where nothing is said."""
    dispatched: float | None = None
    scanned: float | None = None
    expected: float | None = None
    delivered: float | None = None


class _Refund(Frozen):
    amount: StrictInt
    reason: str
    at: float
    settled: float | None = None


class _Return(Frozen):
    status: ReturnStatus
    skus: tuple[str, ...]
    announced: float
    received: float | None = None


class _Order(Frozen):
    number: str
    customer: str
    placed: float
    status: OrderStatus
    items: tuple[str, ...]
    """Skus, with `*2` behind one that was ordered twice."""
    shipping_fee: StrictInt
    discount: StrictInt = 0
    promo: str | None = None
    paid_by: PaymentMethod | None = None
    """The usual payment: authorised with the order and captured at dispatch, or paid at once."""
    payments: tuple[_Payment, ...] = ()
    shipments: tuple[_Shipment, ...] = ()
    refunds: tuple[_Refund, ...] = ()
    returns: tuple[_Return, ...] = ()
    replacements: StrictInt = 0
    note: str = ""

    def order(self, anchor: datetime, buyer: Customer, products: dict[str, Item]) -> Order:
        items = tuple(_ordered(entry, products) for entry in self.items)
        bare = Order(
            number=self.number,
            customer=self.customer,
            placed_at=_at(anchor, self.placed),
            status=self.status,
            currency="EUR",
            shipping_fee=self.shipping_fee,
            discount=self.discount,
            promo=self.promo,
            ship_to=buyer.address,
            items=items,
            shipments=tuple(self._shipment(anchor, n, row) for n, row in enumerate(self.shipments, 1)),
            refunds=tuple(self._refund(anchor, n, row) for n, row in enumerate(self.refunds, 1)),
            returns=tuple(self._return(anchor, n, row) for n, row in enumerate(self.returns, 1)),
            replacements=self.replacements,
            note=self.note,
            version=1 + len(self.shipments) + len(self.refunds) + len(self.returns),
        )
        return bare.model_copy(update={"payments": self._payments(anchor, bare.total.amount)})

    def _id(self, kind: str, n: int) -> str:
        return f"{kind}-{self.number.removeprefix('FH-')}-{n}"

    def _payments(self, anchor: datetime, total: int) -> tuple[Payment, ...]:
        rows = self.payments if self.paid_by is None else (self._usual(self.paid_by),)
        return tuple(
            Payment(
                id=self._id("PM", n),
                method=row.method,
                status=row.status,
                amount=total if row.amount is None else row.amount,
                at=_at(anchor, row.at),
                duplicate_of=None if row.repeats is None else self._id("PM", row.repeats),
            )
            for n, row in enumerate(rows, 1)
        )

    def _usual(self, method: PaymentMethod) -> _Payment:
        if method in _PAID_AT_ONCE:
            return _Payment(method=method, status="captured", at=self.placed)
        if self.status == "cancelled":
            return _Payment(method=method, status="voided", at=self.placed)
        dispatched = [row.dispatched for row in self.shipments if row.dispatched is not None]
        if dispatched:
            return _Payment(method=method, status="captured", at=min(dispatched))
        return _Payment(method=method, status="authorised", at=self.placed)

    def _shipment(self, anchor: datetime, n: int, row: _Shipment) -> Shipment:
        return Shipment(
            id=self._id("SH", n),
            carrier=row.carrier,
            tracking=row.tracking,
            status=row.status,
            skus=row.skus or tuple(entry.partition("*")[0] for entry in self.items),
            dispatched_at=_maybe(anchor, row.dispatched),
            last_scan_at=_maybe(anchor, row.scanned),
            expected_at=_maybe(anchor, row.expected),
            delivered_at=_maybe(anchor, row.delivered),
        )

    def _refund(self, anchor: datetime, n: int, row: _Refund) -> Refund:
        at, settled = _at(anchor, row.at), _maybe(anchor, row.settled)
        return Refund(id=self._id("RF", n), amount=row.amount, reason=row.reason, at=at, settled_at=settled)

    def _return(self, anchor: datetime, n: int, row: _Return) -> Return:
        at, received = _at(anchor, row.announced), _maybe(anchor, row.received)
        return Return(id=self._id("RT", n), status=row.status, skus=row.skus, announced_at=at, received_at=received)


def _ordered(entry: str, products: dict[str, Item]) -> Item:
    sku, _, quantity = entry.partition("*")
    return products[sku].model_copy(update={"quantity": int(quantity or 1)})


class _Sheet(Frozen):
    products: tuple[_Product, ...]
    promos: tuple[_Promo, ...]
    customers: tuple[_Customer, ...]
    subscriptions: tuple[_Subscription, ...]
    orders: tuple[_Order, ...]
