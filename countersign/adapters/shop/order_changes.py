"""What the desk may change about orders. Each refuses what the business's own records contradict."""

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from countersign.adapters.shop.account_tables import products
from countersign.adapters.shop.order_tables import (
    orders,
    payments,
    refunds,
    replacement_items,
    replacements,
    return_items,
    returns,
)
from countersign.adapters.shop.reads import orders_where
from countersign.adapters.shop.writing import Done, Request, next_reference, refused
from countersign.domain.shop import Address, Order

_UNSHIPPED = ("placed", "packed")
_SHIPPED = ("dispatched", "delivered")
_MOST_LABEL_FEE = 10_000
"""A label fee above 100.00 is a mistake of the caller's."""


def refund(connection: sa.Connection, request: Request, number: str, amount: int, currency: str, reason: str) -> Done:
    """Gives money back, at most what was captured and not yet refunded."""
    order = _locked(connection, number)
    if currency != order.currency:
        raise refused("currency", f"the order is in {order.currency}", where=number)
    if amount < 1:
        raise refused("amount", "a refund is at least one minor unit", where=number)
    if amount > order.refundable.amount:
        raise refused("over_refund", f"at most {order.refundable} can be refunded", where=number)
    if reason == "returned":
        _settle_returns(connection, number)
    version = _count_up(connection, order)
    reference = next_reference(connection, "RF")
    row = {"id": reference, "order_number": number, "amount": amount, "reason": reason, "at": request.at}
    connection.execute(sa.insert(refunds).values(**row, key=request.key))
    return Done(
        reference=reference,
        amount=amount,
        currency=currency,
        details={"reason": reason, "method": _main_method(order), "version": version},
    )


def cancel_order(connection: sa.Connection, request: Request, number: str, reason: str) -> Done:
    """Cancels an order that has not left, voids its open authorisations and puts its goods back into stock."""
    order = _unshipped(connection, number)
    connection.execute(sa.update(orders).where(orders.c.number == number).values(status="cancelled"))
    open_ones = sa.and_(payments.c.order_number == number, payments.c.status == "authorised")
    connection.execute(sa.update(payments).where(open_ones).values(status="voided"))
    for item in sorted(order.items, key=lambda item: item.sku):
        _move_stock(connection, item.sku, item.quantity)
    voided = sum(payment.amount for payment in order.payments if payment.status == "authorised")
    details = {"reason": reason, "voided": str(voided), "captured": str(order.captured.amount)}
    return Done(reference=number, details={**details, "version": _count_up(connection, order)})


def change_address(connection: sa.Connection, _request: Request, number: str, address: Address) -> Done:
    """Sends an order that has not left to another address in the same country."""
    order = _unshipped(connection, number)
    if address.country != order.ship_to.country:
        raise refused("other_country", "the new address is in another country", where=number)
    if not all(part.strip() for part in (address.name, address.street, address.postcode, address.city)):
        raise refused("address", "the new address is incomplete", where=number)
    values = {f"ship_{name}": value for name, value in address.model_dump().items()}
    connection.execute(sa.update(orders).where(orders.c.number == number).values(**values))
    return Done(reference=number, details={"version": _count_up(connection, order)})


def create_return(
    connection: sa.Connection, request: Request, number: str, skus: tuple[str, ...], label_fee: int
) -> Done:
    """Announces the return of shipped goods and makes a label; the fee is taken off the later refund."""
    order = _shipped(connection, number)
    if not 0 <= label_fee <= _MOST_LABEL_FEE:
        raise refused("amount", f"a label fee is 0 to {_MOST_LABEL_FEE} minor units", where=number)
    returned = [sku for one in order.returns if one.status != "refused" for sku in one.skus]
    _check_units(order, skus, returned, "already_returned")
    version = _count_up(connection, order)
    reference = next_reference(connection, "RT")
    row = {"id": reference, "order_number": number, "status": "announced", "announced_at": request.at}
    connection.execute(sa.insert(returns).values(**row, label_fee=label_fee, key=request.key))
    _add_items(connection, return_items, {"return_id": reference, "order_number": number}, skus)
    label = f"https://www.fernhill.example/returns/{reference}/label"
    details = {"label": label, "skus": " ".join(skus), "version": version}
    return Done(reference=reference, amount=label_fee, currency=order.currency, details=details)


def send_replacement(
    connection: sa.Connection, request: Request, number: str, skus: tuple[str, ...], reason: str
) -> Done:
    """Sends goods of a shipped order again, each unit once, out of stock that is there."""
    order = _shipped(connection, number)
    _check_units(order, skus, _replaced(connection, number), "already_replaced")
    for sku, units in sorted(Counter(skus).items()):
        _move_stock(connection, sku, -units)
    version = _count_up(connection, order)
    reference = next_reference(connection, "RP")
    row = {"id": reference, "order_number": number, "reason": reason, "at": request.at, "key": request.key}
    connection.execute(sa.insert(replacements).values(row))
    _add_items(connection, replacement_items, {"replacement_id": reference, "order_number": number}, skus)
    return Done(reference=reference, details={"reason": reason, "skus": " ".join(skus), "version": version})


def _locked(connection: sa.Connection, number: str) -> Order:
    # The weaker row lock: the foreign keys of racing inserts may go on, racing changes wait.
    lock = sa.select(orders.c.number).where(orders.c.number == number).with_for_update(key_share=True)
    if connection.execute(lock).first() is None:
        raise refused("not_found", "there is no such order", where=number)
    return orders_where(connection, orders.c.number == number)[0]


def _unshipped(connection: sa.Connection, number: str) -> Order:
    order = _locked(connection, number)
    if order.status not in _UNSHIPPED:
        detail = "already_cancelled" if order.status == "cancelled" else "already_dispatched"
        raise refused(detail, f"the order is {order.status}", where=number)
    return order


def _shipped(connection: sa.Connection, number: str) -> Order:
    order = _locked(connection, number)
    if order.status not in _SHIPPED:
        raise refused("not_dispatched", f"the order is {order.status}", where=number)
    return order


def _count_up(connection: sa.Connection, order: Order) -> str:
    version = order.version + 1
    connection.execute(sa.update(orders).where(orders.c.number == order.number).values(version=version))
    return str(version)


def _settle_returns(connection: sa.Connection, number: str) -> None:
    received = sa.and_(returns.c.order_number == number, returns.c.status == "received")
    connection.execute(sa.update(returns).where(received).values(status="refunded"))


def _main_method(order: Order) -> str:
    return max((one for one in order.payments if one.status == "captured"), key=lambda one: one.amount).method


def _move_stock(connection: sa.Connection, sku: str, units: int) -> None:
    enough = sa.and_(products.c.sku == sku, products.c.stock + units >= 0)
    moved = connection.execute(sa.update(products).where(enough).values(stock=products.c.stock + units))
    if moved.rowcount != 1:
        raise refused("out_of_stock", "there is not enough in stock", where=sku)


def _replaced(connection: sa.Connection, number: str) -> Sequence[str]:
    query = sa.select(replacement_items.c.sku).where(replacement_items.c.order_number == number)
    return connection.execute(query).scalars().all()


def _check_units(order: Order, wanted: Sequence[str], used: Sequence[str], detail: str) -> None:
    """Each unit that was ordered can be returned once and replaced once."""
    ordered = Counter({item.sku: item.quantity for item in order.items})
    if not wanted:
        raise refused("no_items", "no item was named", where=order.number)
    for sku, units in Counter(wanted).items():
        if units > ordered[sku]:
            raise refused("not_in_order", "the order has no such item, or fewer of it", where=sku)
        if units + Counter(used)[sku] > ordered[sku]:
            raise refused(detail, f"this item is {detail.replace('_', ' ')}", where=sku)


def _add_items(connection: sa.Connection, table: sa.Table, owner: dict[str, str], skus: Sequence[str]) -> None:
    rows = [{**owner, "position": position, "sku": sku} for position, sku in enumerate(skus)]
    connection.execute(sa.insert(table), rows)
