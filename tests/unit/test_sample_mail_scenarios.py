"""The hand-made part of the demonstration shop: consistent in itself, and covering what the playbooks meet."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from countersign.adapters.shop.scenarios import Scenarios, scenarios
from countersign.domain.shop import Order

ANCHOR = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SHOP = scenarios(ANCHOR)
PRODUCTS = {item.sku: item for item in SHOP.products}
MEMBERS = {subscription.customer for subscription in SHOP.subscriptions}


def numbers(found: list[Order]) -> set[str]:
    return {order.number for order in found}


def test_numbers_are_unique_and_leave_room_for_the_seed() -> None:
    """Ids are unique; orders stay below FH-10200, customers below C-00080, memberships below S-00100."""
    orders = [order.number for order in SHOP.orders]
    customers = [customer.id for customer in SHOP.customers]
    subscriptions = [subscription.id for subscription in SHOP.subscriptions]
    for ids, last in ((orders, "FH-10199"), (customers, "C-00079"), (subscriptions, "S-00099")):
        assert len(set(ids)) == len(ids)
        assert max(ids) <= last
    parcels = [shipment.tracking for order in SHOP.orders for shipment in order.shipments]
    assert len(set(parcels)) == len(parcels)
    assert len(PRODUCTS) == len(SHOP.products)


def test_addresses_are_reserved_for_examples() -> None:
    """Every customer's address is at a domain that nobody can own, lower case, and their own."""
    addresses = [customer.email for customer in SHOP.customers]
    assert all(re.search(r"@(?:[a-z]+\.)?example\.(?:org|com|net)$", address) for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_everything_belongs_to_somebody() -> None:
    """Orders and memberships name customers that exist."""
    known = {customer.id for customer in SHOP.customers}
    assert {order.customer for order in SHOP.orders} <= known
    assert known >= MEMBERS


@pytest.mark.parametrize("order", SHOP.orders, ids=lambda order: order.number)
def test_order_is_consistent(order: Order) -> None:
    """Goods, fees, parcels, payments and dates of an order fit together and the business's rules."""
    goods = sum(item.quantity * item.unit_price for item in order.items)
    skus = {item.sku for item in order.items}
    assert order.shipping_fee in (0, 490, 990)
    assert order.shipping_fee != 0 or goods >= 6000 or order.customer in MEMBERS
    assert order.shipping_fee != 490 or goods < 6000
    assert all(set(shipment.skus) <= skus for shipment in order.shipments)
    assert all(set(back.skus) <= skus for back in order.returns)
    assert 0 <= order.refunded.amount <= order.captured.amount
    assert (order.delivered_at is not None) == (order.status == "delivered")
    assert not order.shipments or {sku for s in order.shipments for sku in s.skus} == skus
    for shipment in order.shipments:
        past = [shipment.dispatched_at, shipment.last_scan_at, shipment.delivered_at]
        assert all(order.placed_at < moment <= ANCHOR for moment in past if moment)
        assert (shipment.status == "delivered") == (shipment.delivered_at is not None)
    payments = {payment.id: payment for payment in order.payments}
    for payment in order.payments:
        assert payment.duplicate_of is None or payments[payment.duplicate_of].amount == payment.amount
    once = sum(p.amount for p in order.payments if p.status == "captured" and p.duplicate_of is None)
    assert once in (0, order.total.amount)


def test_records_move_with_the_anchor() -> None:
    """All times are relative to the moment of creation; nothing else changes."""
    later = scenarios(ANCHOR + timedelta(days=400))
    assert later.customers[0].joined_at - SHOP.customers[0].joined_at == timedelta(days=400)
    assert later.orders[0].placed_at - SHOP.orders[0].placed_at == timedelta(days=400)
    assert [order.total for order in later.orders] == [order.total for order in SHOP.orders]
    assert isinstance(later, Scenarios)


def test_every_delivery_situation_is_there() -> None:
    """On time, late, lost, split, delivered, packed, placed, cancelled; with, without and long without a scan."""
    quiet = {
        (ANCHOR - shipment.last_scan_at).days
        for order in SHOP.orders
        for shipment in order.shipments
        if shipment.last_scan_at and shipment.status == "in_transit"
    }
    assert min(quiet) < 2
    assert any(7 <= days < 14 for days in quiet)
    assert max(quiet) > 14
    assert {order.status for order in SHOP.orders} == {"placed", "packed", "dispatched", "delivered", "cancelled"}
    states = {shipment.status for order in SHOP.orders for shipment in order.shipments}
    assert states == {"label", "in_transit", "out_for_delivery", "delivered", "lost"}
    assert any(len(order.shipments) > 1 and order.status == "dispatched" for order in SHOP.orders)


def test_every_money_situation_is_there() -> None:
    """Double captures of three sizes, authorisations, failures, refunds under way, settled and partial."""
    doubles = [p.amount for order in SHOP.orders for p in order.payments if p.duplicate_of]
    assert any(amount <= 5000 for amount in doubles)
    assert any(5000 < amount <= 20000 for amount in doubles)
    assert any(amount > 20000 for amount in doubles)
    payments = [payment for order in SHOP.orders for payment in order.payments]
    assert {payment.status for payment in payments} == {"authorised", "captured", "voided", "failed"}
    assert {payment.method for payment in payments} == {"visa", "mastercard", "paypal", "bank_transfer", "gift_card"}
    refunds = [refund for order in SHOP.orders for refund in order.refunds]
    assert {refund.settled_at is None for refund in refunds} == {True, False}
    assert any(0 < order.refunded.amount < order.captured.amount for order in SHOP.orders)
    assert max(order.total.amount for order in SHOP.orders) > 50000


def test_every_return_and_member_situation_is_there() -> None:
    """Returns announced, received, refunded and refused; members of both plans in every status."""
    returns = {back.status for order in SHOP.orders for back in order.returns}
    assert returns == {"announced", "received", "refunded", "refused"}
    plans = {(subscription.plan, subscription.status) for subscription in SHOP.subscriptions}
    assert plans >= {("monthly", "active"), ("yearly", "active"), ("monthly", "paused"), ("yearly", "lapsed")}
    assert any(item.stock == 0 for item in SHOP.products)
    assert any(not item.returnable for item in SHOP.products)
    assert any(promo.valid_until < ANCHOR for promo in SHOP.promos)
    assert any(promo.minimum for promo in SHOP.promos)


def test_customers_who_are_easily_confused_are_there() -> None:
    """Two of one name, two of one household, one closed, one locked out, and names beyond ASCII."""
    names = [customer.name for customer in SHOP.customers]
    assert len(set(names)) < len(names)
    households = [(c.name.split()[-1], c.address.street, c.address.postcode) for c in SHOP.customers]
    assert len(set(households)) < len(households)
    assert any(customer.closed_at for customer in SHOP.customers)
    assert any(customer.locked for customer in SHOP.customers)
    assert any(not name.isascii() for name in names)
    assert any("'" in name for name in names)
