"""Trouble with the site and with paying."""

from collections.abc import Mapping
from datetime import timedelta

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Order, Payment
from nodes.reason.playbooks.asking import known
from nodes.reason.playbooks.case import Case, Handler, handed
from nodes.reason.playbooks.help_centre import how_to, nearest, quoted
from nodes.reason.playbooks.statement import Statement, of_order
from nodes.reason.playbooks.terms import DECLINES_UNTIL_LOCK

_LOCKED_FOR = timedelta(hours=24)
_RECENT = timedelta(days=3)


def site_trouble(case: Case) -> Plan:
    """First aid from the help centre, and what we need to know if it does not help; then a person."""
    if case.asked == "site_details":
        return handed(case, "trouble with the site, with the details that we asked for")
    passage = nearest(case)
    return quoted(Statement(case), passage).ask("site_details")


def payment_declined(case: Case) -> Plan:
    """What happened to the payment, for somebody we know; the usual reasons otherwise."""
    return _usual(case) if case.sender.verified == "none" else _tried(case)


@known
def _tried(case: Case) -> Plan:
    orders = [order for order in case.deps.shop.orders_of(case.sender.customer) if _failed(case, order)]
    if len(orders) > 1:
        return handed(case, "payments of several orders were declined", *(order.number for order in orders))
    return _explained(case, orders[0]) if orders else _usual(case)


def _explained(case: Case, order: Order) -> Plan:
    failed, source, say = _failed(case, order), of_order(order), Statement(case).order(order)
    later = [one for one in order.payments if one.status in ("captured", "authorised") and one.at > failed[-1].at]
    if later:
        say.amount("amount", Money(amount=later[0].amount, currency=order.currency), source)
        return say.date("date", later[0].at, source).plan("payment_went_through")
    lately = [one for one in failed if case.now - one.at <= _LOCKED_FOR]
    say.count("tries", len(failed), source).date("date", failed[-1].at, source).terms("lock_time", "release_time")
    say.link("link", case.link(f"account/orders/{order.number}"), source)
    return say.plan("payment_locked" if len(lately) >= DECLINES_UNTIL_LOCK else "payment_failed")


def _failed(case: Case, order: Order) -> list[Payment]:
    """The order's declined tries of the last days, oldest first."""
    failed = [one for one in order.payments if one.status == "failed" and case.now - one.at <= _RECENT]
    return sorted(failed, key=lambda one: one.at)


def _usual(case: Case) -> Plan:
    say = how_to(case, Statement(case)).terms("lock_time", "release_time")
    return say.plan("payment_general")


HANDLERS: Mapping[str, Handler] = {"site_trouble": site_trouble, "payment_declined": payment_declined}
