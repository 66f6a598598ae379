"""What policy sees of an order, an account, a membership and a reply."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from countersign.domain.desk import Windows
from countersign.domain.perception import Sender
from countersign.domain.shop import Order, Refund, Return, Shipment
from tests.contract import shop_world as world
from tests.contract.shop_world import NOW, ago
from tools.account_facts import account_facts, membership_status, reply_facts
from tools.account_facts import cancel_facts as cancel_membership_facts
from tools.arguments import (
    CancelSubscriptionArguments,
    CreateReturnArguments,
    RefundArguments,
    SendReplacementArguments,
    SendReplyArguments,
)
from tools.order_facts import (
    OrderView,
    dispatched,
    evidence,
    order_facts,
    refund_facts,
    replacement_facts,
    return_facts,
)

WINDOWS = Windows()


def view(order: Order, now: datetime = NOW) -> OrderView:
    return OrderView(order=order, windows=WINDOWS, now=now)


def parcel(status: str, **changes: Any) -> Shipment:
    return world.parcel("9", arrived=status == "delivered").model_copy(update={"status": status, **changes})


def sent(*parcels: Shipment, **changes: Any) -> Order:
    return world.order("FH-9", **({"status": "dispatched", "shipments": parcels} | changes))


ARRIVED = parcel("delivered", delivered_at=ago(14))
EVIDENCE: list[tuple[str, Order, bool]] = [
    ("damaged", sent(ARRIVED), True),
    ("damaged", sent(parcel("delivered", delivered_at=ago(15))), False),
    ("damaged", sent(parcel("in_transit")), False),
    ("damaged", sent(), False),
    ("wrong", sent(ARRIVED), True),
    ("missing", sent(ARRIVED, parcel("in_transit")), True),
    ("late", sent(parcel("in_transit", expected_at=ago(1), last_scan_at=ago(1))), True),
    ("late", sent(parcel("in_transit", expected_at=ago(-1), last_scan_at=ago(6))), False),
    ("late", sent(parcel("in_transit", expected_at=None, last_scan_at=ago(7))), True),
    ("late", sent(parcel("in_transit", expected_at=None, last_scan_at=None, dispatched_at=ago(7))), True),
    ("late", sent(parcel("in_transit", expected_at=None, last_scan_at=None, dispatched_at=None)), False),
    ("late", sent(parcel("delivered", expected_at=ago(3), delivered_at=ago(2))), True),
    ("late", sent(parcel("delivered", expected_at=ago(2), delivered_at=ago(3))), False),
    ("late", sent(parcel("lost", expected_at=ago(-9))), True),
    ("late", sent(), False),
    ("lost", sent(parcel("lost")), True),
    ("lost", sent(parcel("in_transit", last_scan_at=ago(14))), True),
    ("lost", sent(parcel("out_for_delivery", last_scan_at=ago(13))), False),
    ("lost", sent(parcel("delivered", last_scan_at=ago(40))), False),
    ("promo", sent(placed_at=ago(14)), True),
    ("promo", sent(placed_at=ago(15)), False),
    ("promo", sent(placed_at=ago(1), promo="FERN10"), False),
    ("returned", world.DELIVERED, True),
    ("exchange", world.DELIVERED, True),
    ("returned", sent(returns=(Return(id="R", status="announced", skus=("TENT",), announced_at=ago(1)),)), False),
    ("cancelled", world.CANCELLED, True),
    ("cancelled", world.PLACED, True),
    ("cancelled", world.DISPATCHED, False),
    ("other", world.DELIVERED, False),
    ("yearly_fee", world.DELIVERED, False),
    ("no such reason", world.DELIVERED, False),
]


@pytest.mark.parametrize(("reason", "order", "borne_out"), EVIDENCE)
def test_records_bear_a_reason_out_or_not(reason: str, order: Order, borne_out: bool) -> None:
    """Each reason has evidence exactly where the shop's own records show it, to the day."""
    assert evidence(view(order), reason, duplicate=False) is borne_out


def test_only_the_parcels_in_question_count_as_lost() -> None:
    """A lost parcel is no evidence for articles that were in another one."""
    order = sent(parcel("lost", skus=("LAMP",)), parcel("in_transit", skus=("TENT",)))

    assert evidence(view(order), "lost", duplicate=False, skus=("LAMP",))
    assert not evidence(view(order), "lost", duplicate=False, skus=("TENT",))


def asked(amount: int, currency: str = "EUR", reason: Any = "duplicate_charge") -> RefundArguments:
    return RefundArguments(amount=amount, currency=currency, reason=reason)


def test_second_capture_is_a_duplicate_until_it_is_refunded() -> None:
    """The amount of a repeated capture is a duplicate once for each that nobody gave back; no other amount is."""
    order = world.DELIVERED.model_copy(update={"refunds": ()})
    given = order.model_copy(update={"refunds": (Refund(id="R", amount=10_000, reason="other", at=ago(1)),)})
    failed = order.model_copy(
        update={"payments": (world.payment("1"), world.payment("1", 2, status="failed", duplicate_of="PM-1-1"))}
    )

    facts = refund_facts(view(order), asked(10_000), refunds_90d=0)
    assert (facts["duplicate"], facts["evidence"]) == (True, True)
    for other, amount in ((order, 9_999), (given, 10_000), (failed, 10_000)):
        facts = refund_facts(view(other), asked(amount), refunds_90d=0)
        assert (facts["duplicate"], facts["evidence"]) == (False, False)


def test_refund_facts_are_the_orders_sums() -> None:
    """Captured, refunded and refundable are the order's own sums, in minor units."""
    facts = refund_facts(view(world.DELIVERED), asked(500, reason="other"), refunds_90d=2)

    assert {name: facts[name] for name in ("captured", "refunded", "refundable", "refunds_90d", "amount")} == {
        "captured": 20_000, "refunded": 1_000, "refundable": 19_000, "refunds_90d": 2, "amount": 500,
    }  # fmt: skip


def test_nothing_is_refundable_in_another_currency() -> None:
    """A refund in another currency than the order's finds nothing that could be refunded, and no duplicate."""
    facts = refund_facts(view(world.DELIVERED), asked(10_000, "USD"), refunds_90d=0)

    assert (facts["refundable"], facts["duplicate"], facts["evidence"], facts["currency"]) == (0, False, False, "USD")


def test_an_order_refunded_too_far_has_nothing_left() -> None:
    """Records that contradict themselves never make a negative amount look refundable."""
    order = world.CANCELLED.model_copy(update={"refunds": world.DELIVERED.refunds})

    assert refund_facts(view(order), asked(1), refunds_90d=0)["refundable"] == 0


@pytest.mark.parametrize(
    ("order", "gone"),
    [
        (world.PLACED, False),
        (world.PACKED, False),
        (world.CANCELLED, False),
        (world.DISPATCHED, True),
        (world.DELIVERED, True),
        (world.order("FH-9", status="packed", shipments=(parcel("label", dispatched_at=None),)), False),
        (world.order("FH-9", status="packed", shipments=(parcel("in_transit"),)), True),
        (world.order("FH-9", status="packed", shipments=(parcel("label", dispatched_at=ago(1)),)), True),
    ],
)
def test_one_parcel_that_left_counts_as_dispatched(order: Order, gone: bool) -> None:
    """An order counts as dispatched as soon as any parcel has left, whatever its status says."""
    assert dispatched(order) is gone


def test_days_since_delivery_are_calendar_days() -> None:
    """The day after delivery is day one; an order under way, or one without parcels, is not known."""
    order = sent(parcel("delivered", delivered_at=NOW - timedelta(hours=10)), status="delivered")

    assert order_facts(view(order))["days_since_delivery"] == 1
    assert order_facts(view(order, NOW - timedelta(hours=9, minutes=1)))["days_since_delivery"] == 0
    assert order_facts(view(order, NOW - timedelta(days=3)))["days_since_delivery"] == 0
    assert order_facts(view(world.DISPATCHED))["days_since_delivery"] == -1
    assert order_facts(view(world.PLACED))["days_since_delivery"] == -1


def test_split_shipments_count_by_parcel() -> None:
    """An article's days count from its own parcel; articles of two parcels from the first to arrive."""
    first = parcel("delivered", skus=("TENT",), delivered_at=ago(9))
    second = parcel("delivered", skus=("LAMP",), delivered_at=ago(2))
    on_its_way = parcel("in_transit", skus=("LAMP",))
    both, half = sent(first, second), sent(first, on_its_way)

    assert order_facts(view(both), ("TENT",))["days_since_delivery"] == 9
    assert order_facts(view(both), ("LAMP",))["days_since_delivery"] == 2
    assert order_facts(view(both), ("LAMP", "TENT"))["days_since_delivery"] == 9
    assert order_facts(view(both))["days_since_delivery"] == 2
    assert order_facts(view(half), ("TENT",))["days_since_delivery"] == 9
    assert order_facts(view(half), ("LAMP", "TENT"))["days_since_delivery"] == -1


def returning(*skus: str) -> CreateReturnArguments:
    return CreateReturnArguments(skus=skus, label_fee=0)


def test_returns_know_articles_units_and_earlier_returns() -> None:
    """Only articles of the order that may come back are returnable, each unit once."""
    order = world.DELIVERED
    cases = {
        ("TENT",): (True, False),
        ("TENT", "TENT"): (True, False),
        ("TENT", "TENT", "TENT"): (False, True),
        ("LAMP",): (False, True),
        ("TENT", "LAMP"): (False, True),
        ("CHAIR",): (False, True),
    }
    for skus, expected in cases.items():
        facts = return_facts(view(order), returning(*skus), None)
        assert (facts["all_returnable"], facts["returned_before"]) == expected, skus
    refused = order.model_copy(
        update={"returns": (Return(id="R", status="refused", skus=("TENT", "TENT"), announced_at=ago(1)),)}
    )
    assert return_facts(view(refused), returning("TENT"), None)["returned_before"] is False


def test_members_have_the_longer_window() -> None:
    """The longer window is for orders placed while the membership was running, and rests with a pause."""
    order = world.order("FH-9", placed_at=ago(5))
    memberships = [
        (None, 30),
        (world.subscription(9, 1, "active", started_at=ago(5)), 60),
        (world.subscription(9, 1, "active", started_at=ago(4)), 30),
        (world.subscription(9, 1, "cancelled", paid_until=ago(5)), 60),
        (world.subscription(9, 1, "lapsed", paid_until=ago(6)), 30),
        (world.subscription(9, 1, "paused"), 30),
    ]
    for membership, days in memberships:
        assert return_facts(view(order), returning("TENT"), membership)["window"] == days, membership


def test_replacements_know_value_and_stock() -> None:
    """The value counts every unit; an article that is not in the order is never in stock."""
    cases = {("TENT",): (4000, True), ("TENT", "TENT"): (8000, True), ("LAMP",): (2000, False), ("CHAIR",): (0, False)}
    for skus, expected in cases.items():
        facts = replacement_facts(view(world.DISPATCHED), SendReplacementArguments(skus=skus, reason="lost"))
        assert (facts["value"], facts["in_stock"]) == expected, skus
    scarce = world.TENTS.model_copy(update={"stock": 1})
    order = world.DISPATCHED.model_copy(update={"items": (scarce,)})
    facts = replacement_facts(view(order), SendReplacementArguments(skus=("TENT", "TENT"), reason="lost"))
    assert facts["in_stock"] is False


def test_open_orders_are_all_that_is_unfinished() -> None:
    """Orders under way, returns on their way and refunds that were not paid keep an account open."""
    done = world.DELIVERED.model_copy(update={"returns": ()})
    unpaid = done.model_copy(update={"refunds": (Refund(id="R", amount=1, reason="late", at=ago(1)),)})
    orders = [(done, 0), (world.CANCELLED, 0), (world.DELIVERED, 1), (unpaid, 1), (world.PLACED, 1)]

    for order, count in orders:
        assert account_facts(world.CUSTOMERS[0], [order], None)["open_orders"] == count, order
    assert account_facts(world.CUSTOMERS[2], [order for order, _ in orders], world.SUBSCRIPTIONS[2]) == {
        "closed": True, "locked": False, "open_orders": 3, "member": True,
    }  # fmt: skip


def test_a_pause_that_ran_out_is_over() -> None:
    """A paused membership counts as running from the moment the pause ends."""
    paused = world.subscription(9, 1, "paused", paused_until=NOW)

    assert membership_status(paused, NOW - timedelta(seconds=1)) == "paused"
    assert membership_status(paused, NOW) == "active"
    assert membership_status(world.subscription(9, 1, "lapsed"), NOW) == "lapsed"


@pytest.mark.parametrize(
    ("changes", "refundable"),
    [
        ({"renewed_at": ago(14)}, True),
        ({"renewed_at": ago(15)}, False),
        ({"renewed_at": ago(1), "used": True}, False),
        ({"renewed_at": ago(1), "plan": "monthly"}, False),
        ({"renewed_at": ago(-1)}, False),
    ],
)
def test_fees_come_back_within_their_window(changes: dict[str, Any], refundable: bool) -> None:
    """A year's fee is refundable within its days, if nothing was used."""
    membership = world.subscription(9, 1, "active", **changes)

    facts = cancel_membership_facts(membership, CancelSubscriptionArguments(refund_fee=True), WINDOWS, NOW)

    assert facts["fee_refundable"] is refundable


def test_addresses_are_compared_without_case() -> None:
    """A reply's address is the sender's or the one on record however it is written."""
    reply = SendReplyArguments(to="Zoe@Example.ORG", subject="x", body="x", account_facts=True)
    sender = Sender(address="zoe@example.org")

    facts = reply_facts(reply, sender, frozenset({"zoe@example.org"}), 1, 5)

    assert (facts["to_sender"], facts["to_on_record"]) == (True, True)
    assert reply_facts(reply, Sender(address=""), frozenset(), 1, 5)["to_on_record"] is False
