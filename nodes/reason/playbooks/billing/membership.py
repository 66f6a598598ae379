"""Pausing and ending the membership."""

from countersign.domain.money import Money
from countersign.domain.plan import Plan
from countersign.domain.shop import Subscription
from nodes.reason.playbooks.asking import on_record
from nodes.reason.playbooks.case import Case, handed
from nodes.reason.playbooks.reckoning import months_after
from nodes.reason.playbooks.signals import months_named, says
from nodes.reason.playbooks.statement import MESSAGE, Statement, of_subscription
from nodes.reason.playbooks.terms import PAUSE_MOST
from tools.proposals import cancel_subscription, pause_subscription

_MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)
_DAY = rf"(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?\b|next (?:week|month|year)|tomorrow|{_MONTHS})"
_FROM_A_DAY = (rf"(?:from|starting(?: (?:in|on|from|at))?|as of|beginning(?: (?:in|on))?|until|till|in) {_DAY}",)
_BACK = (r"refund(?:ed|s)?", "money back", "fee back", "reimburse(?:d|ment)?")


@on_record
def subscription_pause(case: Case) -> Plan:
    """Pauses a running membership for the one to three months that the text names."""
    membership = case.membership()
    if membership is None or membership.status in ("cancelled", "lapsed"):
        return _not_running(case, membership)
    if membership.status == "paused":
        until = membership.paused_until
        return Statement(case).date("until", until, of_subscription(membership)).plan("pause_running")
    if says(case.said, *_FROM_A_DAY):
        return handed(case, "names a day from which or until which to pause: a pause by itself begins at once")
    months = months_named(case.said)
    if months is None:
        return Statement(case).terms("pause_longest").ask("ask_months")
    if not 1 <= months <= PAUSE_MOST:
        return Statement(case).terms("pause_longest").plan("pause_too_long", asks=True)
    return _pause(case, membership, months)


def _pause(case: Case, membership: Subscription, months: int) -> Plan:
    source, say = of_subscription(membership), Statement(case)
    say.count("months", months, MESSAGE).flag("unit", "month" if months == 1 else "months").date(
        "until", months_after(case.now, months), source
    )
    say.date("fee", months_after(membership.paid_until, months), source)
    return say.plan("paused", pause_subscription(membership, months, case.principal))


@on_record
def subscription_cancel(case: Case) -> Plan:
    """Ends the membership with the paid period; an unused year's fee goes back within the days the desk allows."""
    if case.perception.entities.orders and not says(case.span, "membership", "subscription", "plus"):
        return handed(case, "may mean an order, not the membership")
    membership = case.membership()
    if membership is None or membership.status in ("cancelled", "lapsed"):
        return _not_running(case, membership)
    source, say = of_subscription(membership), Statement(case)
    days = case.deps.desk.settings.windows.yearly_fee
    if membership.plan == "yearly" and not membership.used and case.days_since(membership.renewed_at) <= days:
        price = Money(amount=membership.price, currency=membership.currency)
        say.amount("amount", price, source).count("window", days).terms("refund_time")
        return say.plan("membership_refunded", cancel_subscription(membership, True, case.principal))
    if says(case.said, *_BACK) and membership.plan == "yearly" and case.days_since(membership.renewed_at) <= days:
        return handed(case, "wants an unexpired year's fee back, but the membership was used")
    say.flag("refund", "no" if says(case.said, *_BACK) else "")
    say.date("until", max(membership.paid_until, case.now), source)
    return say.plan("membership_cancelled", cancel_subscription(membership, False, case.principal))


def _not_running(case: Case, membership: Subscription | None) -> Plan:
    """No membership, or one that has ended; a cancelled one may still give its benefits for a while."""
    if membership is None:
        return Statement(case).plan("membership_none", notes=("no membership on this account",))
    say = Statement(case).date("until", membership.paid_until, of_subscription(membership))
    if membership.paid_until < case.now:
        return say.plan("membership_ended")
    return say.plan("membership_cancelled_before")
