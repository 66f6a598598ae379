"""The demonstration shop and help centre in memory, so that a playbook's decision can be asked for in one line."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from countersign.adapters.knowledge import FtsKnowledge
from countersign.adapters.replies import TemplateReplies
from countersign.adapters.shop.scenarios import Scenarios, scenarios
from countersign.desk import load_desk
from countersign.domain.desk import Desk
from countersign.domain.money import Money
from countersign.domain.perception import (
    Entities,
    Incoming,
    Intent,
    Memory,
    PastTurn,
    Perception,
    Sender,
    Verified,
)
from countersign.domain.plan import Plan, Principal
from countersign.domain.shop import Customer, Item, Order, Promo, Subscription
from countersign.ports import Deps
from nodes.reason.playbooks.case import Case, plan_for

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DESK = load_desk(ROOT / "desk")
REPLIES = TemplateReplies(DESK)
KNOWLEDGE = FtsKnowledge(DESK.folder / "knowledge")


@cache
def _records(now: datetime) -> Scenarios:
    return scenarios(now)


class DictShop:
    """Implements `ports.ShopReads` over the hand-made records of the demonstration shop."""

    def __init__(self, now: datetime = NOW) -> None:
        records = _records(now)
        self.customers: dict[str, Customer] = {customer.id: customer for customer in records.customers}
        self.orders: dict[str, Order] = {order.number: order for order in records.orders}
        self.subscriptions: dict[str, Subscription] = {one.customer: one for one in records.subscriptions}
        self.promos: dict[str, Promo] = {promo.code: promo for promo in records.promos}
        self.products: dict[str, Item] = {item.sku: item for item in records.products}

    def customers_by_email(self, email: str) -> tuple[Customer, ...]:
        found = [one for one in self.customers.values() if one.email == email.lower()]
        return tuple(sorted(found, key=lambda one: one.closed_at is not None))

    def customer(self, customer_id: str) -> Customer | None:
        return self.customers.get(customer_id)

    def order(self, number: str) -> Order | None:
        return self.orders.get(number)

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        found = [order for order in self.orders.values() if order.customer == customer_id]
        return tuple(sorted(found, key=lambda order: order.placed_at, reverse=True))

    def subscription_of(self, customer_id: str) -> Subscription | None:
        return self.subscriptions.get(customer_id)

    def promo(self, code: str) -> Promo | None:
        return self.promos.get(code.upper())

    def product(self, sku: str) -> Item | None:
        return self.products.get(sku)

    def refunds_since(self, customer_id: str, since: datetime) -> int:
        return sum(refund.at >= since for order in self.orders_of(customer_id) for refund in order.refunds)

    def change(self, number: str, **values: object) -> Order:
        """Keeps an order with other values, and answers it."""
        self.orders[number] = self.orders[number].model_copy(update=values)
        return self.orders[number]


@dataclass(frozen=True)
class World:
    """Everything a playbook reads."""

    shop: DictShop = field(default_factory=DictShop)
    knowledge: FtsKnowledge = KNOWLEDGE
    desk: Desk = DESK

    def deps(self) -> Deps:
        """Deps whose other parts are absent: a playbook that touched one would fail."""
        absent: dict[str, Any] = dict.fromkeys(
            (
                "outbox",
                "blobs",
                "triage",
                "gate",
                "gateway",
                "ledger",
                "clock",
                "scope",
                "models",
                "resolver",
                "history",
            )
        )
        return Deps(
            desk=self.desk,
            shop=cast("Any", self.shop),
            knowledge=self.knowledge,
            replies=REPLIES,
            **absent,
        )

    def case(
        self,
        request: str,
        text: str,
        who: str = "C-00001",
        verified: Verified = "address",
        *,
        photo: bool = False,
        asked: str = "",
        past: tuple[PastTurn, ...] = (),
        authenticated: bool | None = None,
        subject: str = "",
    ) -> Case:
        """A case of one message; `who` is a customer id, or an address of somebody unknown."""
        customer = self.shop.customers.get(who)
        address = customer.email if customer else who
        known = customer is not None and verified != "none"
        turns = past or (
            (PastTurn(turn=1, requests=(request,), orders=(), outcome="answered", asked=asked),) if asked else ()
        )
        message = Incoming(
            key="k",
            turn=1,
            sender=address,
            sender_name="",
            subject=subject,
            text=text,
            language="en",
            received_at=NOW,
            attachments=("image/jpeg",) if photo else (),
            authenticated=(verified == "address") if authenticated is None else authenticated,
        )
        return Case(
            intent=Intent(request=request, confidence=0.9, text=text),
            perception=Perception(
                messages=(message,),
                subject=subject,
                text=text,
                language="en",
                entities=entities_of(f"{subject}\n{text}"),
            ),
            sender=Sender(
                address=address,
                customer=customer.id if customer and known else "",
                on_record=customer.email if customer and known else "",
                verified=verified,
            ),
            memory=Memory(turns=turns, orders=tuple(order for turn in turns for order in turn.orders)),
            deps=self.deps(),
            now=NOW,
            principal=Principal(kind="Playbook", id=self.desk.requests[request].category),
        )

    def about(self, request: str, number: str, text: str, **values: Any) -> Plan:
        """What a request comes to that the order's own customer makes, naming the order."""
        return self.plan(request, f"{text} My order is {number}.", self.shop.orders[number].customer, **values)

    def plan(self, request: str, text: str, *args: Any, **values: Any) -> Plan:
        """What the request comes to."""
        return plan_for(self.case(request, text, *args, **values))


def with_memory(case: Case, **values: Any) -> Case:
    """The same case with another memory."""
    return replace(case, memory=Memory(**values))


def entities_of(text: str) -> Entities:
    """What a text names, read as the desk's perception does."""
    amounts = re.findall(r"([0-9]+)[.,]([0-9]{2}) ?(?:€|EUR|euros?)", text)
    return Entities(
        orders=tuple(dict.fromkeys(f"FH-{digits}" for digits in re.findall(r"\bFH[- ]?([0-9]{5,6})\b", text, re.I))),
        amounts=tuple(Money(amount=int(major + minor)) for major, minor in amounts),
        emails=tuple(dict.fromkeys(re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text))),
        codes=tuple(dict.fromkeys(re.findall(r"\b(?=[A-Z]*[0-9])[A-Z][A-Z0-9]{3,11}\b", text))),
    )


def reply_of(plan: Plan) -> str:
    """The reply's text, as it would leave; empty where there is none."""
    return REPLIES.render(plan.reply, "en") if plan.reply else ""


def kinds_of(plan: Plan) -> tuple[str, ...]:
    """Kinds of the proposals, in order."""
    return tuple(proposal.kind for proposal in plan.proposals)


def unstated(plan: Plan, replies: TemplateReplies = REPLIES) -> str:
    """What is left of a reply's numbers, dates and amounts when every fact's value is taken out of it."""
    text = replies.render(plan.reply, "en") if plan.reply else ""
    for value in sorted({fact.value for fact in plan.facts}, key=len, reverse=True):
        text = text.replace(value, " ")
    return " ".join(re.findall(r"\S*[0-9€@]\S*|https?:\S+", text))


def outcome_of(plan: Plan) -> str:
    """The reply's template, or `! why` where a person takes over."""
    if plan.complex:
        return f"! {plan.complex}"
    return plan.reply.template if plan.reply else ""
