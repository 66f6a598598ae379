"""What a reply states: facts and the template's values, filled together so that neither goes without the other."""

from datetime import datetime

from countersign.domain.dates import written_date
from countersign.domain.facts import Fact, FactKind
from countersign.domain.money import Money
from countersign.domain.plan import Plan, Proposal, ReplyPart
from countersign.domain.shop import Customer, Order, Subscription
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.terms import term

MESSAGE = "message"
SETTINGS = "desk:settings"


def of_order(order: Order) -> str:
    """The source of what an order says."""
    return f"shop:order/{order.number}@{order.version}"


def of_customer(customer: Customer) -> str:
    """The source of what an account says."""
    return f"shop:customer/{customer.id}@{customer.version}"


def of_subscription(subscription: Subscription) -> str:
    """The source of what a membership says."""
    return f"shop:subscription/{subscription.id}@{subscription.version}"


class Statement:
    """Collects a reply's facts and values; each method states one thing and answers the statement itself."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._facts: list[Fact] = []
        self._values: dict[str, str | list[str]] = {}

    def text(self, name: str, value: str, source: str, kind: FactKind = "text") -> "Statement":
        """States a text exactly as the reply will write it."""
        self._facts.append(Fact(name=name, kind=kind, value=value, source=source))
        self._values[name] = value
        return self

    def texts(self, name: str, values: list[str], source: str, kind: FactKind = "text") -> "Statement":
        """States several texts, for a template that lists them."""
        self._facts.extend(Fact(name=name, kind=kind, value=value, source=source) for value in values if value)
        self._values[name] = values
        return self

    def order(self, order: Order) -> "Statement":
        """States which order this is about, as `order`."""
        return self.text("order", order.number, of_order(order), "order")

    def amount(self, name: str, money: Money, source: str) -> "Statement":
        """States an amount of money."""
        return self.text(name, str(money), source, "amount")

    def date(self, name: str, when: datetime | None, source: str) -> "Statement":
        """States a date; an unknown one leaves the value empty."""
        return self.text(name, written_date(when), source, "date") if when else self.flag(name, "")

    def dates(self, name: str, whens: list[datetime | None], source: str) -> "Statement":
        """States several dates, for a template that lists them; unknown ones are empty."""
        return self.texts(name, [written_date(when) if when else "" for when in whens], source, "date")

    def link(self, name: str, value: str, source: str) -> "Statement":
        """States a link."""
        return self.text(name, value, source, "link")

    def count(self, name: str, number: int, source: str = SETTINGS) -> "Statement":
        """States a number, of days where the template says so."""
        return self.text(name, str(number), source, "count")

    def terms(self, *names: str) -> "Statement":
        """States terms of the business by their names."""
        for name in names:
            fact = term(name)
            self._facts.append(fact)
            self._values[name] = fact.value
        return self

    def flag(self, name: str, value: str | list[str]) -> "Statement":
        """Gives the template a word to choose by; it states nothing."""
        self._values[name] = value
        return self

    def plan(self, template: str, *proposals: Proposal, notes: tuple[str, ...] = (), asks: bool = False) -> Plan:
        """The plan with this reply. The customer's name is a fact where the reply may carry account facts."""
        return Plan(
            request=self._case.intent.request,
            category=self._case.category,
            facts=(*self._named(proposals), *self._facts),
            proposals=proposals,
            reply=ReplyPart(template=template, values=dict(self._values)),
            asks=asks,
            notes=notes,
        )

    def ask(self, template: str) -> Plan:
        """The plan with a clarifying question; a question that was just asked in vain goes to a person instead."""
        if self._case.asked == template:
            return handed(self._case, "our question was answered, but not with what we need", f"asked: {template}")
        return self.plan(template, asks=True)

    def _named(self, proposals: tuple[Proposal, ...]) -> tuple[Fact, ...]:
        account = bool(proposals) or any(fact.source.startswith("shop:") for fact in self._facts)
        customer = self._case.customer() if account else None
        return (
            (Fact(name="customer", kind="name", value=customer.name, source=of_customer(customer)),) if customer else ()
        )
