"""What policy sees of an account, a membership and a reply. Pure functions."""

from collections.abc import Sequence
from datetime import datetime

from countersign.domain.desk import Windows
from countersign.domain.perception import Sender
from countersign.domain.shop import Customer, Order, Subscription
from tools.arguments import CancelSubscriptionArguments, PauseSubscriptionArguments, SendReplyArguments
from tools.order_facts import Facts


def account_facts(customer: Customer, orders: Sequence[Order], membership: Subscription | None) -> Facts:
    """Facts of an account, the same for every kind of effect on it."""
    return {
        "closed": customer.closed_at is not None,
        "locked": customer.locked,
        "open_orders": sum(_open(order) for order in orders),
        "member": membership is not None and membership.status in ("active", "paused"),
    }


def pause_facts(membership: Subscription, asked: PauseSubscriptionArguments, now: datetime) -> Facts:
    """Facts of a pause."""
    return {"status": membership_status(membership, now), "months": asked.months}


def cancel_facts(
    membership: Subscription, asked: CancelSubscriptionArguments, windows: Windows, now: datetime
) -> Facts:
    """Facts of the end of a membership."""
    days = (now.date() - membership.renewed_at.date()).days
    return {
        "status": membership_status(membership, now),
        "refund_fee": asked.refund_fee,
        "fee_refundable": membership.plan == "yearly" and not membership.used and 0 <= days <= windows.yearly_fee,
        "price": membership.price,
    }


def reply_facts(asked: SendReplyArguments, sender: Sender, on_record: frozenset[str], today: int, most: int) -> Facts:
    """Facts of a reply; addresses are compared without regard to case."""
    to = asked.to.lower()
    return {
        "account_facts": asked.account_facts,
        "to_on_record": to in on_record,
        "to_sender": to == sender.address.lower(),
        "replies_today": today,
        "max_replies": most,
    }


def membership_status(membership: Subscription, now: datetime) -> str:
    """Its status now: a pause that has run out is over, whatever the record says."""
    over = membership.status == "paused" and membership.paused_until is not None and membership.paused_until <= now
    return "active" if over else membership.status


def _open(order: Order) -> bool:
    """Not yet delivered, with a return on its way, or with a refund that has not been paid."""
    under_way = order.status in ("placed", "packed", "dispatched")
    returning = any(one.status in ("announced", "received") for one in order.returns)
    return under_way or returning or any(refund.settled_at is None for refund in order.refunds)
