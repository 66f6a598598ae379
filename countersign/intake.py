"""Intake: every message is in the ledger's inbox before any graph starts."""

import io
import json
import uuid
from dataclasses import dataclass

from countersign.domain.redaction import redact
from countersign.domain.ticket import Accepted, Message, Quarantined
from countersign.ports import Deps


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one item of a source."""

    source: str
    ticket: str = ""
    new: bool = True
    continued: bool = False
    quarantined: Quarantined | None = None


def take(item: Message | Quarantined, deps: Deps) -> Taken:
    """Accepts a message, or keeps what can't be one, with its reason; the same item twice changes nothing."""
    if isinstance(item, Quarantined):
        new = deps.ledger.quarantine(item, deps.clock.now())
        return Taken(source=item.source, new=new, quarantined=item)
    accepted = accept(item, deps)
    return Taken(source=item.source, ticket=accepted.ticket, new=accepted.new, continued=accepted.continued)


def accept(message: Message, deps: Deps) -> Accepted:
    """Keeps the parsed message as a blob and enters it in the inbox."""
    body = deps.blobs.put(message.model_dump_json().encode())
    return deps.ledger.accept(message, body, redact(message.subject).text, deps.clock.now())


def typed(text: str, sender: str, subject: str, authenticated: bool, deps: Deps) -> Message | Quarantined:
    """A text as the message that it would be had it come by mail; the same text twice is two messages."""
    from countersign.adapters.mail import read_sources

    record = {"id": uuid.uuid4().hex, "from": sender, "subject": subject, "text": text, "authenticated": authenticated}
    line = io.BytesIO(json.dumps(record).encode())
    (item,) = read_sources(["-"], deps.blobs, deps.desk.settings.mail, line)
    return item
