"""Intake: every message is in the ledger's inbox before any graph starts."""

import io
import json
import uuid
from dataclasses import dataclass

from countersign.domain.frozen import digest
from countersign.domain.redaction import redact
from countersign.domain.ticket import Accepted, Message, Quarantined, TicketRef
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
    if not accepted.new and (other := _other_under_one_id(item, accepted, deps)):
        new = deps.ledger.quarantine(other, deps.clock.now())
        return Taken(source=item.source, new=new, quarantined=other)
    return Taken(source=item.source, ticket=accepted.ticket, new=accepted.new, continued=accepted.continued)


def accept(message: Message, deps: Deps) -> Accepted:
    """Keeps the parsed message as a blob and enters it in the inbox."""
    body = deps.blobs.put(message.model_dump_json().encode())
    accepted = deps.ledger.accept(message, body, redact(message.subject).text, deps.clock.now())
    if accepted.new and not (accepted.continued and message.automatic):
        deps.tracer.begin(TicketRef(id=accepted.ticket, turn=accepted.turn))
    return accepted


def _other_under_one_id(message: Message, accepted: Accepted, deps: Deps) -> Quarantined | None:
    """A message with the id and sender of an earlier one but other words: no second delivery, and not to be lost."""
    row = next(row for row in deps.ledger.inbox(accepted.ticket) if row.key == message.key)
    if not row.body:  # what it said was erased
        return None
    known = Message.model_validate_json(deps.blobs.get(row.body))
    if (known.subject, known.text) == (message.subject, message.text):
        return None
    return Quarantined(
        key=digest([message.key, message.subject, message.text]),
        source=message.source,
        code="input.repeated_id",
        reason=f"{message.source}: other words under the Message-ID of a message in {accepted.ticket}",
        raw=message.raw,
    )


def typed(text: str, sender: str, subject: str, authenticated: bool, deps: Deps) -> Message | Quarantined:
    """A text as the message that it would be had it come by mail; the same text twice is two messages."""
    from countersign.adapters.mail import read_sources

    record = {"id": uuid.uuid4().hex, "from": sender, "subject": subject, "text": text, "authenticated": authenticated}
    line = io.BytesIO(json.dumps(record).encode())
    (item,) = read_sources(["-"], deps.blobs, deps.desk.settings.mail, line)
    return item
