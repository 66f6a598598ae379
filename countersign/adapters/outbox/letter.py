"""A reply as the bytes of one mail (RFC 5322), addressed to exactly one person."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from countersign.domain.desk import MailSettings
from countersign.domain.errors import FailedError
from countersign.domain.frozen import digest
from countersign.domain.outcome import Outgoing
from countersign.domain.text import visible

CONTENT_FIELD = "X-Countersign-Content"
"""Digest of what was to be sent, so that a key that is used again for something else is noticed."""
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z0-9-]{2,63}", re.ASCII
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_MAX_SUBJECT = 200
_MAX_REFERENCES = 8
"""The first and the latest ids; RFC 5322 lets the middle of a long thread go."""
_CONTENT = SMTP.clone(cte_type="7bit")
_WIRE = SMTP.clone(cte_type="7bit", max_line_length=998)
"""Long message ids must not be folded or encoded: programs could not match them any more."""


def message_id(key: str, settings: MailSettings) -> str:
    """The Message-ID that belongs to a key: one who searches for it finds what was sent."""
    if not _KEY.fullmatch(key):
        raise FailedError("the key holds characters that a message id can't", detail="key")
    return f"<{key}@{settings.address.rpartition('@')[2]}>"


def recipient(mail: Outgoing) -> str:
    """The one address a mail goes to. Raises FailedError (`failed.address`) where it is anything else."""
    if not _ADDRESS.fullmatch(mail.to):
        raise FailedError("the recipient is not one plain address", detail="address")
    return mail.to


def letter(key: str, mail: Outgoing, settings: MailSettings, at: datetime) -> bytes:
    """The mail's bytes with CRLF line ends: ASCII, one recipient, only the headers named here.

    Raises FailedError where key or recipient can't be used.
    """
    message = EmailMessage(policy=_CONTENT)
    message["From"] = Address(" ".join(visible(settings.name).split()), addr_spec=settings.address)
    message["To"] = recipient(mail)
    message["Subject"] = subject(mail)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(key, settings)
    for name, ids in (("In-Reply-To", (mail.in_reply_to,)), ("References", mail.references)):
        if known := [item for item in ids if _MESSAGE_ID.fullmatch(item)]:
            message[name] = " ".join(known[:1] + known[1:][1 - _MAX_REFERENCES :])
    message["Auto-Submitted"] = "auto-replied"
    message[CONTENT_FIELD] = digest(mail)
    message.set_content(visible(mail.body))
    return message.as_bytes(policy=_WIRE)


def subject(mail: Outgoing) -> str:
    """The subject on one line, with the ticket's tag by which an answer finds it."""
    line = " ".join(visible(mail.subject).split())[:_MAX_SUBJECT].strip()
    tag = f"[{mail.ticket}]"
    return line if not mail.ticket or tag in line else f"{line} {tag}".strip()
