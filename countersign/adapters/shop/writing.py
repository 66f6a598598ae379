"""How the desk's writes are kept: a key is claimed, the business changes, and a receipt is left, in one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from countersign.adapters.shop.engines import Engines
from countersign.adapters.shop.reads import receipts_where, storable
from countersign.adapters.shop.write_tables import counters, receipts, writes
from countersign.domain.errors import FailedError
from countersign.domain.frozen import Json, canonical, digest
from countersign.domain.plan import Kind
from countersign.domain.shop import ShopReceipt

_KEY_LENGTH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One write as it was asked for."""

    key: str
    kind: Kind
    target: str
    arguments: dict[str, Json]
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a change came to, before it is written down as a receipt."""

    reference: str
    amount: int | None = None
    currency: str | None = None
    details: dict[str, str] = field(default_factory=dict[str, str])


Change = Callable[[sa.Connection, Request], Done]


def refused(detail: str, message: str, *, where: str = "") -> FailedError:
    """The business says no; nothing happened."""
    return FailedError(message, detail=detail, where=where)


def carry_out(engines: Engines, request: Request, change: Change) -> ShopReceipt:
    """Makes a change once for its key. The same request again answers the first receipt and changes nothing.

    Raises FailedError (`failed.key_reused`) where the key was used for another request, and what `change` raises.
    """
    _check(request)
    return engines.write(lambda connection: _once(connection, request, change))


def next_reference(connection: sa.Connection, prefix: str) -> str:
    """A new record's id. Call it last in a change: until the commit, nobody else gets one of the same kind."""
    query = sa.update(counters).where(counters.c.name == prefix).values(value=counters.c.value + 1)
    value: int = connection.execute(query.returning(counters.c.value)).scalar_one()
    return f"{prefix}-{value:06d}"


def _check(request: Request) -> None:
    if not 1 <= len(request.key) <= _KEY_LENGTH:
        raise refused("key", f"a key has 1 to {_KEY_LENGTH} characters", where="key")
    if not storable(request.key, request.target, *_texts(request.arguments)):
        raise refused("arguments", "an argument holds characters that can't be stored", where=request.kind)


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value; canonical JSON would hide a NUL behind an escape."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _once(connection: sa.Connection, request: Request, change: Change) -> ShopReceipt:
    if not _claimed(connection, request):
        return _repeated(connection, request)
    done = change(connection, request)
    _write_receipt(connection, request, done)
    return receipts_where(connection, writes.c.key == request.key)[0]


def _claimed(connection: sa.Connection, request: Request) -> bool:
    """Takes the key; on PostgreSQL a racing call with the same key waits here until the first one has ended."""
    row = {
        "key": request.key,
        "kind": request.kind,
        "target": request.target,
        "arguments": canonical(request.arguments),
        "digest": _digest(request),
        "at": request.at,
    }
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    query = insert(writes).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(writes.c.key)
    return connection.execute(query).first() is not None


def _repeated(connection: sa.Connection, request: Request) -> ShopReceipt:
    known = connection.execute(sa.select(writes.c.digest).where(writes.c.key == request.key)).scalar_one()
    if known != _digest(request):
        raise refused("key_reused", "this key was used for another write", where=request.key)
    return receipts_where(connection, writes.c.key == request.key)[0]


def _write_receipt(connection: sa.Connection, request: Request, done: Done) -> None:
    row = {
        "key": request.key,
        "reference": done.reference,
        "amount": done.amount,
        "currency": done.currency,
        "details": done.details,
    }
    connection.execute(sa.insert(receipts).values(row))


def _digest(request: Request) -> str:
    return digest([request.kind, request.target, request.arguments])
