"""What the desk does about money: refunds, charges, invoices, promo codes, the membership's fee."""

from datetime import timedelta

import pytest

from countersign.domain.shop import Refund
from tests.unit.playbook_world import NOW, World, kinds_of, outcome_of, reply_of

ABOUT_ORDERS = (
    ("refund_status", "FH-10043", "Where is my refund?", "refund_pending", ()),
    ("refund_status", "FH-10043", "Where are my 95.10 €?", "refund_pending", ()),
    ("refund_status", "FH-10043", "Where are my 310.00 €?", "! the customer speaks of another amount", ()),
    ("refund_status", "FH-10044", "Where is my refund?", "refund_settled", ()),
    ("refund_status", "FH-10045", "Where is my refund?", "! a refund is overdue", ()),
    ("refund_status", "FH-10046", "Where is my refund?", "refund_return_received", ()),
    ("refund_status", "FH-10096", "Where is my refund?", "refund_return_announced", ()),
    ("refund_status", "FH-10101", "Where is my refund?", "! a return was refused", ()),
    ("refund_status", "FH-10058", "Where is my refund?", "refund_none", ()),
    ("refund_status", "FH-10022", "Where is my refund?", "refund_nothing_taken", ()),
    ("refund_status", "FH-10099", "Where is my refund?", "refund_settled", ()),
    ("double_charge", "FH-10047", "I was charged twice.", "double_refunded", ("refund",)),
    ("double_charge", "FH-10048", "I was charged 149.00 € twice.", "double_refunded", ("refund",)),
    ("double_charge", "FH-10048", "I was charged 1490.00 € twice.", "! charged twice, but amounts", ()),
    ("double_charge", "FH-10049", "I was charged twice.", "double_refunded", ("refund",)),
    ("double_charge", "FH-10050", "I was charged twice.", "double_pending", ()),
    ("double_charge", "FH-10104", "I was charged twice.", "double_parts", ()),
    ("double_charge", "FH-10018", "I was charged twice.", "double_only_held", ()),
    ("double_charge", "FH-10022", "I was charged twice.", "double_nothing_taken", ()),
    ("double_charge", "FH-10001", "I was charged twice.", "ask_statement", ()),
    ("invoice_copy", "FH-10051", "I need the invoice.", "invoice_link", ()),
    ("invoice_copy", "FH-10052", "I need the invoice.", "invoice_not_yet", ()),
    ("invoice_copy", "FH-10022", "I need the invoice.", "invoice_cancelled", ()),
    ("invoice_copy", "FH-10051", "The invoice has the wrong company name.", "! wants an invoice corrected", ()),
    ("promo_not_applied", "FH-10053", "My code SPRING10 was not applied.", "promo_credited", ("refund",)),
    ("promo_not_applied", "FH-10054", "My code WINTER20 was not applied.", "promo_not_valid", ()),
    ("promo_not_applied", "FH-10055", "My code TRAIL15 was not applied.", "promo_minimum", ()),
    ("promo_not_applied", "FH-10094", "My code SPRING10 was not applied.", "promo_applied", ()),
    ("promo_not_applied", "FH-10094", "My code WELCOME5 was not applied.", "promo_one_per_order", ()),
    ("promo_not_applied", "FH-10088", "My code SPRING10 was not applied.", "promo_too_late", ()),
    ("promo_not_applied", "FH-10053", "My code SUMMER99 was not applied.", "promo_unknown", ()),
    ("promo_not_applied", "FH-10053", "PLEASE HELP, MY DISCOUNT IS MISSING.", "ask_code", ()),
    ("promo_not_applied", "FH-10053", "SPRING10 and WELCOME5 were not applied.", "! names several promo codes", ()),
    ("promo_not_applied", "FH-10092", "My code SPRING10 was not applied.", "! a code is missing from an order", ()),
)
MEMBERSHIPS = (
    ("subscription_pause", "C-00057", "Please pause for 2 months.", "paused", ("pause_subscription",)),
    ("subscription_pause", "C-00057", "Please pause for one month.", "paused", ("pause_subscription",)),
    ("subscription_pause", "C-00057", "Please pause it.", "ask_months", ()),
    ("subscription_pause", "C-00057", "Please pause for one or two months, or three months.", "ask_months", ()),
    ("subscription_pause", "C-00057", "Please pause for half a year.", "pause_too_long", ()),
    ("subscription_pause", "C-00057", "Please pause for 0 months.", "pause_too_long", ()),
    ("subscription_pause", "C-00026", "Please pause for 2 months.", "pause_running", ()),
    ("subscription_pause", "C-00061", "Please pause for 2 months.", "membership_ended", ()),
    ("subscription_pause", "C-00044", "Please pause for 2 months.", "membership_cancelled_before", ()),
    ("subscription_pause", "C-00001", "Please pause for 2 months.", "membership_none", ()),
    ("subscription_cancel", "C-00058", "Please cancel Plus.", "membership_cancelled", ("cancel_subscription",)),
    ("subscription_cancel", "C-00059", "Please cancel Plus.", "membership_refunded", ("cancel_subscription",)),
    ("subscription_cancel", "C-00060", "Cancel Plus and refund it.", "membership_cancelled", ("cancel_subscription",)),
    ("subscription_cancel", "C-00006", "Cancel Plus and refund it.", "! wants an unexpired year's fee back", ()),
    ("subscription_cancel", "C-00006", "Please cancel Plus.", "membership_cancelled", ("cancel_subscription",)),
    ("subscription_cancel", "C-00026", "Please cancel Plus.", "membership_cancelled", ("cancel_subscription",)),
    ("subscription_cancel", "C-00061", "Please cancel Plus.", "membership_ended", ()),
    ("subscription_cancel", "C-00044", "Please cancel Plus.", "membership_cancelled_before", ()),
    ("subscription_cancel", "C-00001", "Please cancel Plus.", "membership_none", ()),
    ("subscription_cancel", "C-00058", "Please cancel FH-10056.", "! may mean an order", ()),
)


@pytest.mark.parametrize(("request_id", "number", "text", "wanted", "kinds"), ABOUT_ORDERS)
def test_billing(request_id: str, number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """The shop's records decide what is told and what is given back."""
    plan = World().about(request_id, number, text)
    assert outcome_of(plan).startswith(wanted), outcome_of(plan)
    assert kinds_of(plan) == kinds


@pytest.mark.parametrize(("request_id", "who", "text", "wanted", "kinds"), MEMBERSHIPS)
def test_membership(request_id: str, who: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """A running membership is paused or ended as its terms say; any other is explained."""
    plan = World().plan(request_id, text, who)
    assert outcome_of(plan).startswith(wanted), outcome_of(plan)
    assert kinds_of(plan) == kinds


def test_amounts_are_those_of_the_records() -> None:
    """A double charge, a forgotten code and a year's fee come back to the cent."""
    world = World()
    double = world.about("double_charge", "FH-10048", "Charged twice.").proposals[0].args
    promo = world.about("promo_not_applied", "FH-10053", "SPRING10 was forgotten.").proposals[0].args
    fee = world.plan("subscription_cancel", "Please cancel Plus.", "C-00059").proposals[0].args
    assert double == {"amount": 14900, "currency": "EUR", "reason": "duplicate_charge"}
    assert promo == {"amount": 790, "currency": "EUR", "reason": "promo"}
    assert fee == {"refund_fee": True}


def test_double_charge_is_given_back_once() -> None:
    """A second capture that was refunded before is told, not refunded again."""
    world = World()
    given = Refund(id="RF-1", amount=14900, reason="duplicate_charge", at=NOW - timedelta(days=2))
    world.shop.change("FH-10048", refunds=(given,))
    plan = world.about("double_charge", "FH-10048", "I was charged twice.")
    assert outcome_of(plan) == "double_refunded_before"
    assert not plan.proposals


def test_captures_that_do_not_add_up_are_for_a_person() -> None:
    """Several captures that are not the order's total can't be explained."""
    world = World()
    order = world.shop.orders["FH-10104"]
    world.shop.change("FH-10104", payments=(order.payments[0], order.payments[1].model_copy(update={"amount": 1})))
    assert world.about("double_charge", "FH-10104", "Charged twice.").complex.startswith("what was captured is not")


def test_the_same_order_twice_is_for_a_person() -> None:
    """Two orders with the same articles within minutes are not judged by rule."""
    world = World()
    order = world.shop.orders["FH-10014"]
    twin = order.model_copy(update={"number": "FH-10199", "placed_at": order.placed_at + timedelta(minutes=3)})
    world.shop.orders[twin.number] = twin
    plan = world.plan("double_charge", "I was charged two times!", "C-00012")
    assert plan.complex.startswith("two orders with the same articles")


def test_answer_to_the_statement_question_goes_to_a_person() -> None:
    """Whoever was asked for the statement's lines and answers is not asked again."""
    plan = World().about("double_charge", "FH-10001", "Both on 3 November.", asked="ask_statement")
    assert plan.complex.startswith("one capture on record")


def test_long_unchecked_return_is_for_a_person() -> None:
    """A return that arrived long ago and was not refunded is somebody's work."""
    world = World()
    old = world.shop.orders["FH-10046"].returns[0].model_copy(update={"received_at": NOW - timedelta(days=9)})
    world.shop.change("FH-10046", returns=(old,))
    assert world.about("refund_status", "FH-10046", "Where is it?").complex.startswith("a return arrived long ago")


def test_reply_names_the_day_a_refund_is_due() -> None:
    """Five to seven working days are counted without weekends."""
    text = reply_of(World().about("refund_status", "FH-10043", "Where is my refund?"))
    assert "17 November 2026" in text
    assert "26 November 2026" in text


def test_code_is_read_in_any_case_from_the_text() -> None:
    """A code named in the text is found in the shop's own spelling."""
    plan = World().about("promo_not_applied", "FH-10053", "The code SPRING10 did nothing.")
    assert "SPRING10" in reply_of(plan)


def test_pause_moves_the_next_fee() -> None:
    """The reply states the day until which it rests and the day of the next fee."""
    text = reply_of(World().plan("subscription_pause", "Pause for 2 months please.", "C-00057"))
    assert "20 January 2027" in text
    assert "30 January 2027" in text
