"""What the parsing process is asked and what it answers: plain values that travel as JSON."""

from datetime import datetime

from pydantic import ConfigDict

from countersign.domain.desk import MailSettings
from countersign.domain.frozen import Frozen
from countersign.domain.ticket import Automatic

READY = b"ready\n"
"""The first line of the parsing process: it can be asked now."""


class _Wire(Frozen):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class Record(_Wire):
    """A message that came as fields instead of mail: one line of JSON Lines or CSV."""

    id: str = ""
    sender: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    sent_at: str = ""
    authenticated: bool = False


class Request(_Wire):
    """One message to parse: raw mail, or a record."""

    settings: MailSettings
    raw: bytes = b""
    record: Record | None = None


class Part(_Wire):
    """An attachment with its bytes."""

    name: str
    media_type: str
    data: bytes


class Parsed(_Wire):
    """A message without its identity: texts are cleaned, attachments still hold their bytes."""

    id: str = ""
    """What identifies it beside the sender: its Message-ID, or a record's id; empty where there is none."""
    message_id: str = ""
    references: tuple[str, ...] = ()
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    quoted: str = ""
    signature: str = ""
    sent_at: datetime | None = None
    attachments: tuple[Part, ...] = ()
    automatic: Automatic | None = None
    authenticated: bool = False
    hidden_text: bool = False


class Answer(_Wire):
    """A parsed message, or why there is none: the code's last part and one line."""

    parsed: Parsed | None = None
    code: str = ""
    reason: str = ""
