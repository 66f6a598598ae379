"""What a run left behind, as plain values: the audit export, the provider's records and the outbox.

Like the checker, which reads nothing else, it shares no code with what it looks at and needs nothing but Python.
"""

import hashlib
import hmac
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import default
from mailbox import mbox
from pathlib import Path
from typing import Any

_TICKET = re.compile(r"\[(CS-\d+)\]")
_WRITES = "SELECT w.key, w.kind, w.target, w.arguments, r.amount FROM writes w LEFT JOIN receipts r ON r.key = w.key"
_PAID = "SELECT order_number, SUM(amount) FROM payments WHERE status = 'captured' GROUP BY order_number"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the audit."""

    seq: int
    at: str
    actor: str
    event: str
    ref: str
    seal: str
    prev: str
    hash: str
    body: dict[str, Any]
    """Empty where it was erased."""
    secret: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that happened, as whoever did it wrote it down: a change in the business, or a mail that left."""

    key: str
    kind: str
    target: str
    arguments: dict[str, Any] | None = None
    """None of a mail: nobody but the desk knows them."""
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the checker looks at."""

    rows: tuple[Row, ...]
    deeds: tuple[Deed, ...]
    captured: dict[str, int]
    """What was paid, by target, minor units."""

    @property
    def told(self) -> Iterator[Row]:
        """The audit's rows but for those whose bodies were erased, in order."""
        return (row for row in self.rows if not row.erased)

    def of(self, *events: str) -> Iterator[Row]:
        """The rows of some events that still say something, in order."""
        return (row for row in self.told if row.event in events)

    @property
    def erased_effects(self) -> int:
        """How many things happened of which nothing but that is known any more."""
        return sum(1 for row in self.rows if row.erased and row.event == "effect.started")


def read(audit: Path, provider: Path, outbox: Path) -> Evidence:
    """Reads what `countersign audit export` wrote, the business's own SQLite file, and a Maildir or an mbox.

    Raises OSError, ValueError or sqlite3.Error where one of them can't be read; an outbox may not be there yet.
    """
    with audit.open(encoding="utf-8") as file:
        rows = tuple(_row(json.loads(line)) for line in file)
    with closing(sqlite3.connect(f"file:{provider}?mode=ro", uri=True)) as records:
        changes = [
            Deed(key, kind, target, json.loads(arguments), amount)
            for key, kind, target, arguments, amount in records.execute(_WRITES)
        ]
        captured = {f"order/{number}": amount for number, amount in records.execute(_PAID)}
    return Evidence(rows, (*changes, *_mails(outbox)), captured)


def _row(line: dict[str, Any]) -> Row:
    body = line.pop("body")
    return Row(**line, body=body or {}, erased=body is None)


def seal(secret: str, body: object) -> str:
    """HMAC-SHA256 of a body's one JSON text, which is what the audit's chain holds of it."""
    return hmac.new(bytes.fromhex(secret), canonical(body).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def canonical(value: object) -> str:
    """The one JSON text of a value, as the audit hashes it: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """SHA-256 of a value's one JSON text."""
    return hashlib.sha256(canonical(value).encode("utf-8", "replace")).hexdigest()


def _mails(outbox: Path) -> Iterator[Deed]:
    """Every acceptance; the same mail as often as it was accepted."""
    for text in _texts(outbox):
        head = BytesHeaderParser(policy=default).parsebytes(text)
        found = _TICKET.findall(str(head["Subject"]))
        target = f"ticket/{found[-1]}" if found else ""
        yield Deed(str(head["Message-ID"]).strip("<> \r\n").partition("@")[0], "send_reply", target)


def _texts(outbox: Path) -> Iterator[bytes]:
    if outbox.is_dir():
        yield from (path.read_bytes() for part in ("new", "cur") for path in sorted(outbox.glob(f"{part}/*")))
    elif outbox.exists():
        with closing(mbox(outbox, create=False)) as box:
            yield from (item.as_bytes() for item in box)
