"""redact: read the new messages and take out what no model, log or trace may see."""

from countersign.domain.extraction import entities
from countersign.domain.perception import Incoming, Perception
from countersign.domain.redaction import redact as redacted
from countersign.domain.state import TicketState, Update
from countersign.domain.ticket import InboxMessage, Message
from countersign.ports import Deps
from countersign.quality.language import language_of
from nodes.perceive.receive import unanswered

_MOST_CHARACTERS = 12_000
"""Of one message's text; a longer one is cut in the state, never in Blobs."""


def redact(state: TicketState, *, deps: Deps) -> Update:
    """What this turn's messages say, without cards, IBANs and passwords; the raw stays in Blobs, by reference."""
    rows = unanswered(state.get("inbox", ()), state["ticket"].id, deps)
    read = [_read(row, deps) for row in rows if row.automatic is None]
    messages = tuple(message for message, _ in read)
    text = "\n\n".join(message.text for message in messages if message.text)
    subject = messages[-1].subject if messages else ""
    perception = Perception(
        messages=messages,
        subject=subject,
        text=text,
        language=language_of(text or subject),
        entities=entities(f"{subject}\n{text}", deps.desk.settings.order_pattern),
        redactions=tuple(sorted({kind for _, kinds in read for kind in kinds})),
    )
    return Update(perception=perception)


def _read(row: InboxMessage, deps: Deps) -> tuple[Incoming, tuple[str, ...]]:
    message = Message.model_validate_json(deps.blobs.get(row.body))
    subject, text, name = (redacted(part) for part in (message.subject, message.text, message.sender_name))
    incoming = Incoming(
        key=row.key,
        turn=row.turn,
        sender=message.sender,
        sender_name=name.text[:100],
        subject=subject.text[:300],
        text=text.text[:_MOST_CHARACTERS],
        language=language_of(text.text),
        received_at=row.received_at,
        attachments=tuple(attachment.media_type for attachment in message.attachments),
        automatic=row.automatic,
        authenticated=row.authenticated,
        hidden_text=message.hidden_text,
    )
    return incoming, (*subject.kinds, *text.kinds, *name.kinds)
