"""Where a refund is."""

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Order, Refund, Return
from nodes.reason.playbooks.asking import known, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.reckoning import names_of, working_days_after
from nodes.reason.playbooks.statement import Statement, of_order
from nodes.reason.playbooks.terms import REFUND_WORKING_DAYS

_CHECKING_DAYS = 7
"""A return that arrived longer ago than this should have been checked."""
_RECENT_DAYS = 60


@known
def refund_status(case: Case) -> Plan:
    """Tells whether a refund has arrived, is under way, or waits for a return; what is overdue is for a person."""
    order = order_meant(case, lambda order: _concerns_refund(case, order))
    if isinstance(order, Plan):
        return order
    waiting = next((one for one in order.returns if one.status in ("announced", "received")), None)
    if trouble := _trouble(case, order, waiting):
        return handed(case, trouble, f"captured {order.captured}, refunded {order.refunded}")
    if order.refunds:
        return _given(case, order)
    return _for_return(case, order, waiting) if waiting else _none(case, order)


def _trouble(case: Case, order: Order, waiting: Return | None) -> str:
    if any(one.status == "refused" for one in order.returns):
        return "a return was refused"
    if order.status == "cancelled" and order.refundable.amount > 0:
        return "the order is cancelled, but what was paid is not fully refunded"
    if waiting and waiting.received_at and case.days_since(waiting.received_at) > _CHECKING_DAYS:
        return "a return arrived long ago and is not refunded"
    if any(one.status == "refunded" for one in order.returns) and not order.refunds:
        return "a return counts as refunded, but there is no refund"
    if order.refunds and waiting is None and _amount_differs(case, order):
        return "the customer speaks of another amount than was refunded"
    return "a refund is overdue" if any(_overdue(case, refund) for refund in order.refunds) else ""


def _given(case: Case, order: Order) -> Plan:
    latest = max(order.refunds, key=lambda refund: refund.at)
    source, say = of_order(order), Statement(case).order(order)
    say.amount("amount", Money(amount=latest.amount, currency=order.currency), source).terms("refund_time")
    say.date("approved", latest.at, source)
    several = len(order.refunds) > 1
    say.amount("total", order.refunded, source) if several else say.flag("total", "")
    if latest.settled_at:
        return say.date("settled", latest.settled_at, source).plan("refund_settled")
    return say.date("due", working_days_after(latest.at, REFUND_WORKING_DAYS), source).plan("refund_pending")


def _for_return(case: Case, order: Order, waiting: Return) -> Plan:
    source, items = of_order(order), [item for item in order.items if item.sku in waiting.skus]
    say = Statement(case).order(order).texts("items", names_of(items), source).terms("refund_time")
    if waiting.status == "received":
        return say.date("date", waiting.received_at, source).plan("refund_return_received")
    return say.date("date", waiting.announced_at, source).plan("refund_return_announced")


def _none(case: Case, order: Order) -> Plan:
    if order.captured.amount == 0:
        return Statement(case).order(order).terms("release_time").plan("refund_nothing_taken")
    return Statement(case).order(order).plan("refund_none", notes=("no refund and no return on record",))


def _concerns_refund(case: Case, order: Order) -> bool:
    recent = case.days_since(order.placed_at) <= 2 * _RECENT_DAYS
    return recent and bool(order.refunds or order.returns or order.status == "cancelled")


def _overdue(case: Case, refund: Refund) -> bool:
    due = working_days_after(refund.at, REFUND_WORKING_DAYS)
    return refund.settled_at is None and case.now.date() > due.date()


def _amount_differs(case: Case, order: Order) -> bool:
    named = {money.amount for money in case.perception.entities.amounts}
    sums = {order.refunded.amount, order.captured.amount, order.total.amount, *(one.amount for one in order.refunds)}
    return bool(named) and not named & sums
