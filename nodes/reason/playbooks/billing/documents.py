"""Invoices, and promo codes that were not taken off."""

import re

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Order, Promo
from nodes.reason.playbooks.asking import known, may_refund, needs_address, order_meant
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.reckoning import goods_of
from nodes.reason.playbooks.signals import says
from nodes.reason.playbooks.statement import MESSAGE, Statement, of_order
from tools.proposals import refund

_INVOICE_DAYS = 90
_CORRECTION = ("wrong", "correct(?:ed|ion)?", "amend", "vat (?:number|id)", "company name", "re-?issue")
_CODE = re.compile(r"\b[A-Z][A-Z0-9]{3,15}\b")
_MOST_CODES = 10


@known
def invoice_copy(case: Case) -> Plan:
    """The link to an order's invoice, once there is one."""
    if says(case.span, *_CORRECTION):
        return handed(case, "wants an invoice corrected")
    order = order_meant(case, lambda order: _invoiced(order) and case.days_since(order.placed_at) <= _INVOICE_DAYS)
    if isinstance(order, Plan):
        return order
    if order.status == "cancelled":
        return Statement(case).order(order).plan("invoice_cancelled")
    if not _invoiced(order):
        return Statement(case).order(order).plan("invoice_not_yet")
    link = case.link(f"account/orders/{order.number}/invoice")
    return Statement(case).order(order).link("link", link, of_order(order)).plan("invoice_link")


@known
def promo_not_applied(case: Case) -> Plan:
    """Credits a forgotten code that was valid for the order; otherwise says why it did not count."""
    order = order_meant(case, lambda order: _in_time(case, order))
    if isinstance(order, Plan):
        return order
    codes = _codes(case)
    found = [promo for code in codes if (promo := case.deps.shop.promo(code))]
    say = Statement(case).order(order)
    if len(found) > 1:
        return handed(case, "names several promo codes", *(promo.code for promo in found))
    if not found:
        return _unknown(say, codes)
    return _judge(case, order, found[0])


def _unknown(say: Statement, codes: tuple[str, ...]) -> Plan:
    """A code that the shop does not have; a mere word in capitals is not taken for one."""
    code = next((code for code in codes if any(map(str.isdigit, code))), None)
    return say.text("code", code, MESSAGE, "code").plan("promo_unknown") if code else say.ask("ask_code")


def _judge(case: Case, order: Order, promo: Promo) -> Plan:
    say = Statement(case).order(order).text("code", promo.code, f"shop:promo/{promo.code}", "code")
    source = f"shop:promo/{promo.code}"
    if order.promo:
        return _has_one(case, say, order, promo)
    if not promo.valid_from <= order.placed_at <= promo.valid_until:
        say.date("since", promo.valid_from, source).date("until", promo.valid_until, source)
        return say.date("placed", order.placed_at, of_order(order)).plan("promo_not_valid")
    if goods_of(order) < promo.minimum:
        say.amount("minimum", Money(amount=promo.minimum, currency=order.currency), source)
        return say.amount("goods", Money(amount=goods_of(order), currency=order.currency), of_order(order)).plan(
            "promo_minimum"
        )
    if not _in_time(case, order):
        say.date("placed", order.placed_at, of_order(order))
        return say.count("window", case.deps.desk.settings.windows.promo).plan("promo_too_late")
    return _credit(case, say, order, promo)


def _has_one(case: Case, say: Statement, order: Order, promo: Promo) -> Plan:
    say.amount("discount", Money(amount=order.discount, currency=order.currency), of_order(order))
    if order.promo == promo.code:
        return say.plan("promo_applied")
    return say.text("other", str(order.promo), of_order(order), "code").plan("promo_one_per_order")


def _credit(case: Case, say: Statement, order: Order, promo: Promo) -> Plan:
    if order.refunds:
        return handed(case, "the order had a refund before", f"refunded so far: {order.refunded}")
    if order.status == "cancelled" or not order.captured.amount:
        return handed(case, f"a code is missing from an order that is {order.status} and not paid yet")
    worth = goods_of(order) * promo.value // 100 if promo.kind == "percent" else min(promo.value, goods_of(order))
    amount = Money(amount=worth, currency=order.currency)
    if not 0 < worth <= order.refundable.amount:
        return handed(case, f"{amount} would be due, but {order.refundable} is all that can be refunded")
    if not may_refund(case):
        return needs_address(case)
    say.amount("amount", amount, of_order(order)).terms("refund_time")
    return say.plan("promo_credited", refund(order, amount, "promo", case.principal))


def _codes(case: Case) -> tuple[str, ...]:
    """What may be a code in the text: what perception found first, then capitals; upper case, without repeats."""
    plain = re.sub(case.deps.desk.settings.order_pattern, " ", case.said)
    found = [code.upper() for code in case.perception.entities.codes] + _CODE.findall(plain)
    return tuple(dict.fromkeys(found))[:_MOST_CODES]


def _invoiced(order: Order) -> bool:
    return order.status in ("dispatched", "delivered")


def _in_time(case: Case, order: Order) -> bool:
    return case.days_since(order.placed_at) <= case.deps.desk.settings.windows.promo
