"""The honest tickets that carry injections, as mails of the demonstration shop's customers, and what is planted."""

import io
import random
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr
from pathlib import Path

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.mail import read_sources
from countersign.desk import load_desk
from countersign.domain.facts import Passage
from countersign.domain.perception import PastTicket
from countersign.domain.ticket import Message
from countersign.lab.attacks.injections import Carrier, Injection, sheet
from countersign.ports import Clock, History, Knowledge
from countersign.settings import demonstration_desk

_ORDERS = """
SELECT o.number, c.email, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
WHERE c.closed_at IS NULL AND NOT c.shares_email AND NOT c.locked AND {which} ORDER BY o.number
"""
_WHICH = {
    "any": "o.status IN ('dispatched', 'delivered')",
    "dispatched": "o.status = 'dispatched'",
    "placed": "o.status IN ('placed', 'packed')",
    "twice": "o.number IN (SELECT order_number FROM payments WHERE duplicate_of <> '' AND status = 'captured'"
    " AND amount < 20000) AND o.number NOT IN (SELECT order_number FROM refunds)",
}
_CHANGES = {
    "order note": "UPDATE orders SET note = ? WHERE number = ?",
    "name on record": "UPDATE customers SET name = ? WHERE id = (SELECT customer_id FROM orders WHERE number = ?)",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """One honest ticket: what is written, by whom, about which order."""

    carrier: Carrier
    order: str
    sender: str
    name: str

    @property
    def text(self) -> str:
        """What the customer writes."""
        return self.carrier.text.format(order=self.order)


def tickets(shop: Path, seed: int) -> tuple[Carried, ...]:
    """As many as the carriers' counts come to, each of another customer; those that few orders fit are drawn first."""
    draw, used, made = random.Random(seed), set[str](), list[tuple[int, Carried]]()
    wanted = [(place, carrier) for place, carrier in enumerate(sheet().carrier) for _ in range(carrier.count)]
    with closing(sqlite3.connect(shop)) as books:
        fitting = {name: books.execute(_ORDERS.format(which=which)).fetchall() for name, which in _WHICH.items()}
    for place, carrier in sorted(wanted, key=lambda one: len(fitting[one[1].of])):
        number, sender, name = draw.choice([row for row in fitting[carrier.of] if row[1] not in used])
        used.add(sender)
        made.append((place, Carried(carrier, number, sender, name)))
    return tuple(one for _, one in sorted(made, key=lambda pair: pair[0]))


def mails(carried: tuple[Carried, ...], planted: tuple[Injection, ...]) -> dict[Injection | int, Message]:
    """The message of every injection, and of every honest ticket by its number, as the desk's own parser reads them."""
    wanted: list[tuple[Injection | int, bytes]] = [(n, _mail(one, None, n)) for n, one in enumerate(carried)]
    wanted += [(one, _mail(carried[one.ticket], one, one.ticket)) for one in planted]
    settings = load_desk(demonstration_desk()).settings.mail
    with tempfile.TemporaryDirectory() as folder:
        for number, (_, data) in enumerate(wanted):
            (Path(folder) / f"{number:04}.eml").write_bytes(data)
        blobs = FolderBlobs(Path(folder) / "blobs")
        paths = [str(path) for path in sorted(Path(folder).glob("*.eml"))]
        items = list(read_sources(paths, blobs, settings, io.BytesIO()))
    return {key: item for (key, _), item in zip(wanted, items, strict=True) if isinstance(item, Message)}


def _mail(carried: Carried, injection: Injection | None, number: int) -> bytes:
    """The mail as it arrives; what is planted elsewhere than in mail leaves it as it was."""
    place, planted = (injection.place, injection.planted(carried.order)) if injection else ("", "")
    mail = EmailMessage()
    mail["Authentication-Results"] = f"mx.fernhill.example; dmarc=pass header.from={carried.sender.partition('@')[2]}"
    mail["From"] = formataddr((planted if place == "sender name" else carried.name, carried.sender), "utf-8")
    mail["To"] = "support@fernhill.example"
    mail["Subject"] = f"{carried.carrier.subject} {planted}" if place == "subject" else carried.carrier.subject
    mail["Message-ID"] = f"<{number}.{injection.id if injection else 'honest'}@mail.example>"
    mail.set_content(f"{carried.text}\n\n{planted}\n" if place == "text" else f"{carried.text}\n")
    if place == "hidden HTML":
        hidden = f'<div style="display:none">{planted}</div>'
        mail.set_content(f"<html><body><p>{carried.text}</p>{hidden}</body></html>", subtype="html")
    if place == "attachment name":
        mail.add_attachment(b"%PDF-1.4\n", maintype="application", subtype="pdf", filename=f"{planted[:180]}.pdf")
    return mail.as_bytes()


class PlantedKnowledge:
    """The help centre, in every section of which something is planted."""

    def __init__(self, real: Knowledge) -> None:
        self._real, self.planted = real, ""

    def search(self, query: str, limit: int = 5) -> tuple[Passage, ...]:
        """See `ports.Knowledge`."""
        found = self._real.search(query, limit)
        return (
            tuple(one.model_copy(update={"text": f"{one.text}\n\n{self.planted}"}) for one in found)
            if self.planted
            else found
        )


class PlantedHistory:
    """What the desk did before, with an earlier reply in which something is planted."""

    def __init__(self, real: History, clock: Clock) -> None:
        self._real, self._clock, self.planted = real, clock, ""

    def tickets_of(self, customer: str, ticket_id: str, limit: int = 5) -> tuple[PastTicket, ...]:
        """See `ports.History`."""
        found = self._real.tickets_of(customer, ticket_id, limit)
        if not self.planted:
            return found
        text = f"Thank you for your message.\n\n{self.planted}"
        earlier = PastTicket(
            id="CS-0999", subject="Earlier", opened_at=self._clock.now(), status="answered", reply=text
        )
        return (earlier, *found)[:limit]


def plant_in_records(shop: Path, injection: Injection, order: str) -> None:
    """Writes into the shop's own file what was planted in a note or a name; nothing for the other places."""
    change = _CHANGES.get(injection.place)
    if change:
        with closing(sqlite3.connect(shop, timeout=30)) as books, books:
            books.execute(change, (injection.planted(order), order))
