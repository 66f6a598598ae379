"""The desks that are measured: runtime files of their own, and as many messages as are wanted."""

import json
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from countersign.adapters.mail import read_sources
from countersign.domain.ticket import Message, TicketRef
from countersign.intake import accept
from countersign.ledger.inbox import FIRST_NUMBER
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings, demonstration_desk

_ORDERS = """SELECT c.email, o.number FROM orders o JOIN customers c ON c.id = o.customer_id
    WHERE o.status = 'delivered' AND c.closed_at IS NULL AND c.shares_email = 0
    ORDER BY o.number"""
_QUESTION = "I need an invoice for order {order}, please."
_AGAIN = "Thank you. I need the invoice for order {order} once more, please, for file number {number}."
_UNKNOWN = "Could you tell me who composed the music in your latest film about alpine huts?"


def prepare(folder: Path) -> Path:
    """A folder with the seeded shop and the trained triage model, for `fresh` to copy."""
    with open_runtime(Settings(var=folder)):
        return folder


@contextmanager
def fresh(prepared: Path, folder: Path, *, copilot: bool = False) -> Generator[Runtime]:
    """An open desk in a new folder: many replies to one address are no news here; `copilot` asks about each of them."""
    folder.mkdir(parents=True)
    shutil.copytree(prepared / "triage", folder / "triage")
    shutil.copy(prepared / "shop.db", folder)
    with open_runtime(Settings(var=folder, desk=_desk(folder, copilot))) as runtime:
        yield runtime


def _desk(folder: Path, copilot: bool) -> Path:
    copy = Path(shutil.copytree(demonstration_desk(), folder / "desk", ignore=shutil.ignore_patterns("mail")))
    text = (copy / "desk.toml").read_text().replace("max_replies_per_day = 5", "max_replies_per_day = 1000000")
    if copilot:
        text = text.replace('send_reply = "bounded"', 'send_reply = "copilot"')
    (copy / "desk.toml").write_text(text)
    return copy


def questions(runtime: Runtime, count: int) -> Iterator[TicketRef]:
    """So many new tickets: customers who ask for an invoice, each message vouched for."""
    return _accepted(runtime, islice(cycle(_asked(runtime)), count))


def mixed(runtime: Runtime, count: int) -> Iterator[TicketRef]:
    """So many new tickets of which every fifth asks what nobody here knows, and so is handed over."""
    asked = islice(cycle(_asked(runtime)), count)
    return _accepted(
        runtime, ((who, _UNKNOWN if number % 5 == 0 else text) for number, (who, text) in enumerate(asked))
    )


def conversation(runtime: Runtime, count: int) -> Iterator[TicketRef]:
    """The turns of one ticket of a new desk: so many messages of one customer, each of them answered."""
    who, order = _orders(runtime)[0]
    said = ((who, _AGAIN.format(order=order, number=number)) for number in range(count))
    return _accepted(runtime, said, f"Re: [CS-{FIRST_NUMBER}]")


def _asked(runtime: Runtime) -> list[tuple[str, str]]:
    return [(who, _QUESTION.format(order=order)) for who, order in _orders(runtime)]


def _orders(runtime: Runtime) -> list[tuple[str, str]]:
    engine = sa.create_engine(f"sqlite:///{runtime.settings.var / 'shop.db'}")
    with engine.connect() as connection:
        found = [(row.email, row.number) for row in connection.exec_driver_sql(_ORDERS)]
    engine.dispose()
    return found


def _accepted(runtime: Runtime, said: Iterable[tuple[str, str]], subject: str = "") -> Iterator[TicketRef]:
    """Takes messages in as they come from JSON lines, which one process reads for all of them."""
    lines = (
        json.dumps(
            {"id": uuid4().hex, "from": who, "subject": subject, "text": text, "authenticated": True}
        ).encode() + b"\n"
        for who, text in said
    )  # fmt: skip
    deps = runtime.deps
    for item in read_sources(["-"], deps.blobs, deps.desk.settings.mail, BytesIO(b"".join(lines))):
        if not isinstance(item, Message):
            raise TypeError(item.reason)
        accepted = accept(item, deps)
        yield TicketRef(id=accepted.ticket, turn=accepted.turn)
