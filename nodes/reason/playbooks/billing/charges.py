"""Whether an order was charged twice."""

from itertools import combinations

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Order, Payment
from nodes.reason.playbooks.asking import known, may_refund, needs_address, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.statement import Statement, of_order
from tools.proposals import refund

_MINUTES = 60
_RECENT_DAYS = 90


@known
def double_charge(case: Case) -> Plan:
    """Refunds a second capture for one order; explains authorisations and partial captures; asks if all is single."""
    twins = _same_order_twice(case)
    if twins and not case.perception.entities.orders:
        return handed(case, "two orders with the same articles were placed at nearly the same time", *twins)
    order = order_meant(case, lambda order: _looks_double(case, order))
    if isinstance(order, Plan):
        return order
    repeated = [one for one in order.payments if one.status == "captured" and one.duplicate_of]
    if repeated:
        return _give_back(case, order, repeated)
    captured = [one for one in order.payments if one.status == "captured"]
    if len(captured) > 1:
        return _in_parts(case, order, captured)
    pending = next((one for one in order.payments if one.status == "authorised"), None)
    if captured and pending:
        return _pending(case, order, captured[0], pending)
    if not captured:
        return _nothing_taken(case, order, pending)
    return _single(case, order, captured[0])


def _give_back(case: Case, order: Order, repeated: list[Payment]) -> Plan:
    given = next((one for one in order.refunds if one.amount == repeated[0].amount), None)
    money = _money(order, repeated[0])
    say = Statement(case).order(order).amount("amount", money, of_order(order)).terms("refund_time")
    if given:
        return say.date("date", given.at, of_order(order)).plan("double_refunded_before")
    if len(repeated) > 1 or order.refunds or _amount_differs(case, order):
        return handed(case, "charged twice, but amounts or earlier refunds don't fit together", str(order.captured))
    if not may_refund(case):
        return needs_address(case)
    say.date("date", repeated[0].at, of_order(order))
    return say.plan("double_refunded", refund(order, money, "duplicate_charge", case.principal))


def _in_parts(case: Case, order: Order, captured: list[Payment]) -> Plan:
    if order.captured.amount != order.total.amount:
        return handed(case, "what was captured is not the order's total", f"{order.captured} of {order.total}")
    say, source = Statement(case).order(order).amount("total", order.total, of_order(order)), of_order(order)
    moneys = [_money(order, one) for one in captured]
    say.texts("amounts", [str(money) for money in moneys], source, "amount")
    return say.dates("dates", [one.at for one in captured], source).plan("double_parts")


def _pending(case: Case, order: Order, captured: Payment, pending: Payment) -> Plan:
    say, source = Statement(case).order(order), of_order(order)
    say.amount("amount", _money(order, captured), source).date("date", captured.at, source)
    say.amount("held", _money(order, pending), source)
    return say.date("held_since", pending.at, source).terms("release_time").plan("double_pending")


def _nothing_taken(case: Case, order: Order, pending: Payment | None) -> Plan:
    say, source = Statement(case).order(order).terms("release_time"), of_order(order)
    if pending is None:
        return say.plan("double_nothing_taken")
    return say.amount("held", _money(order, pending), source).plan("double_only_held")


def _single(case: Case, order: Order, captured: Payment) -> Plan:
    if case.asked == "ask_statement":
        return handed(case, "one capture on record, but the statement shows two", str(order.captured))
    say, source = Statement(case).order(order), of_order(order)
    say.amount("amount", _money(order, captured), source).date("date", captured.at, source)
    return say.terms("release_time").ask("ask_statement")


def _money(order: Order, payment: Payment) -> Money:
    return Money(amount=payment.amount, currency=order.currency)


def _amount_differs(case: Case, order: Order) -> bool:
    named = {money.amount for money in case.perception.entities.amounts}
    sums = {order.captured.amount, order.total.amount, *(one.amount for one in order.payments)}
    return bool(named) and not named & sums


def _looks_double(case: Case, order: Order) -> bool:
    taken = [one for one in order.payments if one.status in ("captured", "authorised")]
    return len(taken) > 1 and case.days_since(order.placed_at) <= _RECENT_DAYS


def _same_order_twice(case: Case) -> tuple[str, ...]:
    """Numbers of two recent orders with the same articles within an hour; empty where there are none."""
    recent = [
        order
        for order in case.deps.shop.orders_of(case.sender.customer)
        if order.status != "cancelled" and case.days_since(order.placed_at) <= _RECENT_DAYS
    ]
    for one, other in combinations(recent, 2):
        close = abs((one.placed_at - other.placed_at).total_seconds()) <= _MINUTES * 60
        if close and _content(one) == _content(other):
            return one.number, other.number
    return ()


def _content(order: Order) -> list[tuple[str, int]]:
    return sorted((item.sku, item.quantity) for item in order.items)
