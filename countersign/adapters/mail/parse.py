"""One message: raw bytes, or a record's fields, become a parsed message. Runs in the parsing process."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import cast

from countersign.adapters.mail.authentication import authenticated
from countersign.adapters.mail.automatic import automatic
from countersign.adapters.mail.body import Body, body_of
from countersign.adapters.mail.headers import field, fields, mailbox, message_ids, moment, usable, words
from countersign.adapters.mail.parsed import Parsed, Record
from countersign.adapters.mail.quotes import split
from countersign.domain.desk import MailSettings
from countersign.domain.errors import InputError
from countersign.domain.text import clean, one_line

MAX_BYTES = 10 * 1024 * 1024
"""A larger message is not parsed."""
_MAX_HEADER_BYTES = 64 * 1024
_MAX_DEPTH = 20
_MAX_PARTS = 200
_REPLY_SUBJECT = re.compile(
    r"(?:re|aw|antw|sv|vs|ref|rif|odp|ynt|回复|答复|回覆)(?:\[\d{1,3}\])?\s*[:：]", re.IGNORECASE
)


def parse_mail(raw: bytes, settings: MailSettings) -> Parsed:
    """Parses one message of mail. Raises InputError where it exceeds a bound."""
    if len(_head(raw)) > _MAX_HEADER_BYTES:
        raise InputError(f"its header is larger than {_MAX_HEADER_BYTES // 1024} kB", detail="headers")
    message = BytesParser(policy=compat32).parsebytes(raw)
    _check_structure(message)
    sender = mailbox(fields(message, "from"))
    ids = [item for value in fields(message, "message-id") for item in message_ids(value)]
    references = message_ids(*fields(message, "in-reply-to"), *fields(message, "references"))
    subject = words(field(message, "subject"))
    body = body_of(message)
    return _parsed(
        body,
        reply=bool(references or _REPLY_SUBJECT.match(subject)),
        known={
            "id": ids[0] if len(ids) == 1 else "",
            "message_id": ids[0] if len(ids) == 1 else "",
            "references": references,
            "sender": sender.address,
            "sender_name": sender.name,
            "subject": subject,
            "sent_at": moment(field(message, "date")),
            "automatic": automatic(message, sender.address, settings),
            "authenticated": authenticated(
                fields(message, "authentication-results"), sender, settings.trusted_authserv
            ),
        },
    )


def parse_record(record: Record, settings: MailSettings) -> Parsed:
    """Parses a message that came as fields; a machine is told by sender and subject alone.

    Raises InputError where the sender is not an address.
    """
    sender = mailbox([record.sender])
    if record.sender.strip() and not usable(sender.address):
        raise InputError("`from` is not an address", detail="field")
    ids = message_ids(record.id)
    subject = one_line(record.subject)
    head = Message()
    head["Subject"] = subject
    return _parsed(
        Body.of(record.text, record.html),
        reply=bool(_REPLY_SUBJECT.match(subject)),
        known={
            "id": one_line(record.id),
            "message_id": ids[0] if ids else "",
            "sender": sender.address,
            "sender_name": sender.name,
            "subject": subject,
            "sent_at": moment(record.sent_at),
            "automatic": automatic(head, sender.address, settings),
            "authenticated": record.authenticated and sender.plain,
        },
    )


def _parsed(body: Body, reply: bool, known: dict[str, object]) -> Parsed:
    parts = split(clean(body.text), reply)
    quoted = "\n".join(filter(None, [parts.quoted, clean(body.quoted)]))
    return Parsed.model_validate(
        {
            **known,
            "text": parts.text,
            "quoted": quoted,
            "signature": parts.signature,
            "attachments": body.attachments,
            "hidden_text": body.hidden,
        }
    )


def _head(raw: bytes) -> bytes:
    """The header's bytes: up to the first empty line."""
    match = re.search(rb"\r?\n\r?\n", raw[: _MAX_HEADER_BYTES + 4])
    return raw[: match.start()] if match else raw


def _check_structure(message: Message) -> None:
    for count, (part, depth) in enumerate(_walk(message), 1):
        if depth > _MAX_DEPTH:
            raise InputError(f"its parts are nested deeper than {_MAX_DEPTH}", detail="depth")
        if count > _MAX_PARTS:
            raise InputError(f"it has more than {_MAX_PARTS} parts", detail="parts")
        size = sum(len(name) + len(str(value)) for name, value in part.raw_items())
        if size > _MAX_HEADER_BYTES:
            raise InputError(f"a part's header is larger than {_MAX_HEADER_BYTES // 1024} kB", detail="headers")


def _walk(message: Message) -> Iterator[tuple[Message, int]]:
    work = [(message, 0)]
    while work:
        part, depth = work.pop()
        yield part, depth
        if part.is_multipart():
            work += [(child, depth + 1) for child in cast("list[Message]", part.get_payload())]
