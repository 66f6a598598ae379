"""What is done about articles that were lost, broken or missing: sent again if in stock, otherwise refunded."""

from typing import Literal

from countersign.domain.plan import Plan, Proposal
from countersign.domain.shop import Item, Order
from nodes.reason.playbooks.asking import may_refund, needs_address
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.reckoning import in_stock, paid_for, units_of
from nodes.reason.playbooks.signals import says
from nodes.reason.playbooks.statement import Statement, of_order
from tools.proposals import refund, send_replacement

Trouble = Literal["lost", "damaged", "missing", "wrong"]
_MONEY = (r"refund(?:ed)?", "money back", "my money", "reimburse(?:d|ment)?")
_NO_MONEY = (r"(?:no|not|\w{1,8}n't|rather than|instead of) (?:want |need |like )?(?:a |the |my )?(?:refund|money)",)


def remedy(
    case: Case, say: Statement, order: Order, items: tuple[Item, ...], why: Trouble, template: str, *also: Proposal
) -> Plan:
    """Proposes a replacement (`<template>_replaced`) or a refund (`<template>_refunded`); `also` comes first.

    Money instead of a replacement is given where the customer asks for it. A refund of more than is left to refund, or
    of less than the customer speaks of, is for a person.
    """
    if in_stock(items) and not _wants_money(case):
        again = send_replacement(order, units_of(items), why, case.principal)
        return say.plan(f"{template}_replaced", *also, again)
    amount = paid_for(order, items)
    if not may_refund(case):
        return needs_address(case)
    if any(named.amount > amount.amount for named in case.perception.entities.amounts):
        return handed(case, f"{amount} would be due, but the customer speaks of more")
    if not 0 < amount.amount <= order.refundable.amount:
        return handed(case, f"{amount} would be due, but {order.refundable} is all that can be refunded")
    back = refund(order, amount, "other" if why == "wrong" else why, case.principal)
    return say.amount("amount", amount, of_order(order)).terms("refund_time").plan(f"{template}_refunded", *also, back)


def _wants_money(case: Case) -> bool:
    return says(case.said, *_MONEY) and not says(case.said, *_NO_MONEY)
