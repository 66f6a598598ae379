"""The circumstances of a proposal: what policy sees of it, read fresh from the shop and the ledger."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue

from countersign.domain.errors import RejectedError
from countersign.domain.perception import Sender
from countersign.domain.plan import Proposal
from countersign.domain.shop import Customer, Order
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from tools import arguments as args
from tools.account_facts import account_facts, cancel_facts, pause_facts, reply_facts
from tools.arguments import Arguments
from tools.catalog import validated
from tools.order_facts import (
    Facts,
    OrderView,
    address_facts,
    refund_facts,
    replacement_facts,
    return_facts,
)
from tools.order_facts import cancel_facts as cancel_order_facts

_REFUNDS = timedelta(days=90)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What policy decides from, and what a grant binds."""

    context: dict[str, JsonValue]
    """What Cedar sees. Of a proposal that can't be judged it is `problem` alone, which the gate denies."""
    version: str
    """The record's version now; the proposal's own where only this turn's effects have changed the record since."""
    ceiling: int | None = None
    """The most money that may ever leave for the target, minor units; None where none does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    """Who asks for what, and where to look things up."""

    proposal: Proposal
    sender: Sender
    deps: Deps
    ref: TicketRef

    @property
    def id(self) -> str:
        return self.proposal.target.partition("/")[2]


def circumstances(proposal: Proposal, sender: Sender, deps: Deps, ticket: TicketRef) -> Circumstances:
    """Reads everything the policy may ask about a proposal.

    A proposal whose arguments don't fit its contract, or whose record is not there, has a `problem` instead of facts:
    the gate denies it with an alarm. Raises only what the shop and the ledger raise.
    """
    asking = _Asking(proposal=proposal, sender=sender, deps=deps, ref=ticket)
    try:
        arguments = validated(proposal)
    except RejectedError as error:
        return _problem(asking, f"{error.full_code}: {error}")
    match proposal.target.partition("/")[0]:
        case "order":
            return _of_order(asking, arguments)
        case "subscription":
            return _of_subscription(asking, arguments)
        case "customer":
            return _of_customer(asking, arguments)
        case _:
            return _of_reply(asking, arguments)


def _of_order(asking: _Asking, arguments: Arguments) -> Circumstances:
    order = asking.deps.shop.order(asking.id)
    if order is None:
        return _problem(asking, "there is no such order")
    facts = _about_order(asking, order, arguments)
    ceiling = order.captured.amount if isinstance(arguments, args.RefundArguments) else None
    return _seen(asking, order.customer, order.version, facts, ceiling)


def _about_order(asking: _Asking, order: Order, arguments: Arguments) -> Facts:
    deps = asking.deps
    now = deps.clock.now()
    view = OrderView(order=order, windows=deps.desk.settings.windows, now=now)
    match arguments:
        case args.RefundArguments():
            return refund_facts(view, arguments, deps.shop.refunds_since(order.customer, now - _REFUNDS))
        case args.CancelOrderArguments():
            return cancel_order_facts(view, arguments)
        case args.ChangeAddressArguments():
            return address_facts(view, arguments)
        case args.CreateReturnArguments():
            return return_facts(view, arguments, deps.shop.subscription_of(order.customer))
        case args.SendReplacementArguments():
            return replacement_facts(view, arguments)
        case _:
            return {}


def _of_subscription(asking: _Asking, arguments: Arguments) -> Circumstances:
    deps = asking.deps
    membership = deps.shop.subscription_of(asking.sender.customer) if asking.sender.customer else None
    if membership is None or membership.id != asking.id:
        return _problem(asking, "the sender has no such membership")
    now = deps.clock.now()
    if isinstance(arguments, args.PauseSubscriptionArguments):
        facts = pause_facts(membership, arguments, now)
    elif isinstance(arguments, args.CancelSubscriptionArguments):
        facts = cancel_facts(membership, arguments, deps.desk.settings.windows, now)
    else:
        facts = {}
    return _seen(asking, membership.customer, membership.version, facts)


def _of_customer(asking: _Asking, arguments: Arguments) -> Circumstances:
    shop = asking.deps.shop
    customer = shop.customer(asking.id)
    if customer is None:
        return _problem(asking, "there is no such customer")
    facts = account_facts(customer, shop.orders_of(customer.id), shop.subscription_of(customer.id))
    if isinstance(arguments, args.ChangeEmailArguments):
        facts["taken"] = any(_other(found, customer) for found in shop.customers_by_email(arguments.email))
    return _seen(asking, customer.id, customer.version, facts)


def _other(found: Customer, customer: Customer) -> bool:
    return found.id != customer.id and found.closed_at is None


def _of_reply(asking: _Asking, arguments: Arguments) -> Circumstances:
    deps, sender = asking.deps, asking.sender
    if not isinstance(arguments, args.SendReplyArguments):
        return _problem(asking, "only a reply acts on a ticket")
    today = deps.ledger.replies_since(arguments.to.lower(), deps.clock.now() - _DAY)
    facts = reply_facts(arguments, sender, _on_record(asking), today, deps.desk.settings.mail.max_replies_per_day)
    context = _common(asking, asking.id == asking.ref.id) | facts
    return Circumstances(context=context, version=asking.proposal.version)


def _on_record(asking: _Asking) -> frozenset[str]:
    """Where account facts may go: the address on record now; also the one before, where this turn changed it."""
    sender, deps = asking.sender, asking.deps
    customer = deps.shop.customer(sender.customer) if sender.customer else None
    if customer is None:
        return frozenset()
    changed = any(
        effect.kind == "change_email" and effect.target == f"customer/{customer.id}" and effect.status == "done"
        for effect in deps.ledger.receipts(asking.ref)
    )
    return frozenset({customer.email.lower(), sender.on_record.lower()} if changed else {customer.email.lower()})


def _seen(asking: _Asking, owner: str, version: int, facts: Facts, ceiling: int | None = None) -> Circumstances:
    own = bool(asking.sender.customer) and owner == asking.sender.customer
    return Circumstances(context=_common(asking, own) | facts, version=_version(asking, version), ceiling=ceiling)


def _common(asking: _Asking, own: bool) -> dict[str, JsonValue]:
    proposal, ledger = asking.proposal, asking.deps.ledger
    return {
        "phase": asking.deps.desk.settings.phases.get(proposal.kind, "copilot"),
        "verified": asking.sender.verified,
        "own": own,
        "repeats": ledger.effects_on(proposal.kind, proposal.target),
        "elsewhere": ledger.open_elsewhere(proposal.kind, proposal.target, asking.ref.id),
        **proposal.provenance.model_dump(mode="json"),
    }


def _version(asking: _Asking, version: int) -> str:
    """The record's version as a proposal writes it.

    A plan may act twice on one record. Where the record is just as this turn's own last effect left it, nobody else
    has changed it, and the proposal is as fresh as it was.
    """
    target, own = asking.proposal.target, asking.deps.ledger.receipts(asking.ref)
    receipts = [effect.receipt for effect in own if effect.target == target and effect.receipt]
    left = [receipt.details["version"] for receipt in receipts if "version" in receipt.details]
    return asking.proposal.version if str(version) in left[-1:] else f"{target}@{version}"


def _problem(asking: _Asking, text: str) -> Circumstances:
    return Circumstances(context={"problem": text}, version=asking.proposal.version)
