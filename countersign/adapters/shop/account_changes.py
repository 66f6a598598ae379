"""What the desk may change about accounts and memberships."""

import calendar
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from countersign.adapters.shop.account_tables import (
    customers,
    data_exports,
    fee_refunds,
    fees,
    login_links,
    subscriptions,
)
from countersign.adapters.shop.order_tables import orders
from countersign.adapters.shop.reads import customers_where, subscription_where
from countersign.adapters.shop.writing import Done, Request, next_reference, refused
from countersign.domain.shop import Customer, Subscription

_EMAIL = re.compile(r"[^\s@<>\",;:]{1,64}@[^\s@<>\",;:]{1,189}")
_OPEN_ORDER = ("placed", "packed", "dispatched")
_MOST_MONTHS = 3
_LINK_LASTS = timedelta(minutes=30)
_EXPORT_TAKES = timedelta(days=30)


def pause_subscription(connection: sa.Connection, request: Request, subscription_id: str, months: int) -> Done:
    """Pauses an active membership; what was paid for is put off by as long."""
    if not 1 <= months <= _MOST_MONTHS:
        raise refused("months", f"a pause lasts 1 to {_MOST_MONTHS} months", where=subscription_id)
    membership = _running(connection, subscription_id)
    if membership.status == "paused" and _later(membership.paused_until, request.at):
        raise refused("already_paused", "the membership is paused", where=subscription_id)
    until = _months_later(request.at, months)
    paid_until = _months_later(membership.paid_until, months)
    values = {"status": "paused", "paused_until": until, "paid_until": paid_until}
    version = _change_subscription(connection, membership, values)
    details = {"paused_until": until.isoformat(), "paid_until": paid_until.isoformat(), "version": version}
    return Done(reference=subscription_id, details=details)


def cancel_subscription(connection: sa.Connection, request: Request, subscription_id: str, refund_fee: bool) -> Done:
    """Ends a membership with the paid period, or at once where the latest fee is given back."""
    membership = _running(connection, subscription_id)
    paid_until = min(membership.paid_until, request.at) if refund_fee else membership.paid_until
    values = {"status": "cancelled", "paused_until": None, "paid_until": paid_until}
    version = _change_subscription(connection, membership, values)
    details = {"paid_until": paid_until.isoformat(), "version": version}
    if not refund_fee:
        return Done(reference=subscription_id, details=details)
    reference, amount = _refund_fee(connection, request, subscription_id)
    return Done(reference=reference, amount=amount, currency=membership.currency, details=details)


def change_email(connection: sa.Connection, _request: Request, customer_id: str, email: str) -> Done:
    """Gives an open account another address, which no other open account has."""
    customer = _open_account(connection, customer_id)
    wanted = email.strip().lower()
    if len(wanted) > 254 or not _EMAIL.fullmatch(wanted):
        raise refused("email_malformed", "this is not an e-mail address", where=customer_id)
    if wanted == customer.email:
        raise refused("email_unchanged", "the account has this address already", where=customer_id)
    taken = sa.and_(customers.c.email == wanted, customers.c.closed_at.is_(None))
    if customers_where(connection, taken):
        raise refused("email_in_use", "another account has this address", where=customer_id)
    version = _change_customer(connection, customer, {"email": wanted, "shares_email": False})
    return Done(reference=customer_id, details={"version": version})


def close_account(connection: sa.Connection, request: Request, customer_id: str) -> Done:
    """Closes an account without open orders; its membership ends with it, and nothing is charged again."""
    customer = _open_account(connection, customer_id)
    is_open = sa.and_(orders.c.customer_id == customer_id, orders.c.status.in_(_OPEN_ORDER))
    if connection.execute(sa.select(sa.func.count()).select_from(orders).where(is_open)).scalar_one():
        raise refused("open_orders", "the account has open orders", where=customer_id)
    ended = _end_memberships(connection, customer_id)
    version = _change_customer(connection, customer, {"closed_at": request.at})
    return Done(reference=customer_id, details={"memberships_ended": str(ended), "version": version})


def export_data(connection: sa.Connection, request: Request, customer_id: str) -> Done:
    """Orders a copy of the customer's data, due in 30 days."""
    _account(connection, customer_id)
    reference, due = next_reference(connection, "DX"), request.at + _EXPORT_TAKES
    row = {"id": reference, "customer_id": customer_id, "requested_at": request.at, "due_at": due}
    connection.execute(sa.insert(data_exports).values(**row, key=request.key))
    return Done(reference=reference, details={"due_at": due.isoformat()})


def send_login_link(connection: sa.Connection, request: Request, customer_id: str) -> Done:
    """Sends a login link to the address on record, valid for 30 minutes."""
    _open_account(connection, customer_id)
    reference, expires = next_reference(connection, "LL"), request.at + _LINK_LASTS
    row = {"id": reference, "customer_id": customer_id, "sent_at": request.at, "expires_at": expires}
    connection.execute(sa.insert(login_links).values(**row, key=request.key))
    return Done(reference=reference, details={"expires_at": expires.isoformat()})


def _account(connection: sa.Connection, customer_id: str) -> Customer:
    lock = sa.select(customers.c.id).where(customers.c.id == customer_id).with_for_update(key_share=True)
    if connection.execute(lock).first() is None:
        raise refused("not_found", "there is no such customer", where=customer_id)
    return customers_where(connection, customers.c.id == customer_id)[0]


def _open_account(connection: sa.Connection, customer_id: str) -> Customer:
    customer = _account(connection, customer_id)
    if customer.closed_at is not None:
        raise refused("account_closed", "the account is closed", where=customer_id)
    return customer


def _running(connection: sa.Connection, subscription_id: str) -> Subscription:
    this = subscriptions.c.id == subscription_id
    connection.execute(sa.select(subscriptions.c.id).where(this).with_for_update(key_share=True))
    membership = subscription_where(connection, this)
    if membership is None:
        raise refused("not_found", "there is no such membership", where=subscription_id)
    if membership.status not in ("active", "paused"):
        raise refused("not_active", f"the membership is {membership.status}", where=subscription_id)
    return membership


def _change_subscription(connection: sa.Connection, before: Subscription, values: Mapping[str, object]) -> str:
    version = before.version + 1
    this = subscriptions.c.id == before.id
    connection.execute(sa.update(subscriptions).where(this).values(**values, version=version))
    return str(version)


def _change_customer(connection: sa.Connection, before: Customer, values: Mapping[str, object]) -> str:
    version = before.version + 1
    connection.execute(sa.update(customers).where(customers.c.id == before.id).values(**values, version=version))
    return str(version)


def _end_memberships(connection: sa.Connection, customer_id: str) -> int:
    running = sa.and_(subscriptions.c.customer_id == customer_id, subscriptions.c.status.in_(("active", "paused")))
    values = {"status": "cancelled", "paused_until": None, "version": subscriptions.c.version + 1}
    return connection.execute(sa.update(subscriptions).where(running).values(values)).rowcount


def _refund_fee(connection: sa.Connection, request: Request, subscription_id: str) -> tuple[str, int]:
    latest = sa.select(fees).where(fees.c.subscription_id == subscription_id).order_by(fees.c.paid_at.desc(), fees.c.id)
    fee = connection.execute(latest.limit(1)).mappings().first()
    if fee is None:
        raise refused("no_fee", "no fee was taken for this membership", where=subscription_id)
    given = connection.execute(sa.select(fee_refunds.c.id).where(fee_refunds.c.fee_id == fee["id"])).first()
    if given is not None:
        raise refused("fee_refunded", "the fee was given back already", where=subscription_id)
    reference = next_reference(connection, "RF")
    row = {"id": reference, "fee_id": fee["id"], "amount": fee["amount"], "at": request.at, "key": request.key}
    connection.execute(sa.insert(fee_refunds).values(row))
    return reference, fee["amount"]


def _later(time: datetime | None, than: datetime) -> bool:
    return time is not None and time > than


def _months_later(time: datetime, months: int) -> datetime:
    """The same day some months later, or that month's last day."""
    years, month = divmod(time.month - 1 + months, 12)
    year = time.year + years
    day = min(time.day, calendar.monthrange(year, month + 1)[1])
    return time.replace(year=year, month=month + 1, day=day)
