"""What arrives: messages, their attachments, what could not be taken, and the ticket they belong to."""

from datetime import datetime
from typing import Literal

from countersign.domain.frozen import Frozen

Automatic = Literal["auto-reply", "bounce", "list", "own"]
"""Why a message must never be answered (RFC 3834 and RFC 3464)."""

TicketStatus = Literal["received", "waiting", "answered", "handed_over", "closed"]
"""`received`: the current turn is not finished; `waiting`: for a person; `closed`: ended without a reply."""


class Attachment(Frozen):
    """A part that was not read: kept by content hash, its name is untrusted text."""

    name: str
    media_type: str
    size: int
    blob: str


class Message(Frozen):
    """One parsed message. Texts are cleaned (NFKC, no control, format or surrogate characters) but not redacted."""

    key: str
    """Identity for deduplication: digest of Message-ID and sender, or of the content where there is no Message-ID."""
    message_id: str = ""
    references: tuple[str, ...] = ()
    """In-Reply-To, then References: message ids with their angle brackets."""
    sender: str
    """The address alone, lower case; empty where none could be read."""
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    """What the sender wrote now: without quoted history and signature."""
    quoted: str = ""
    signature: str = ""
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    automatic: Automatic | None = None
    authenticated: bool = False
    """A trusted Authentication-Results header says that the From domain passed, or the operator vouched."""
    hidden_text: bool = False
    """The HTML held text that a reader would not have seen; it was left out."""
    raw: str
    """Content hash of the raw bytes in Blobs."""
    source: str = ""
    """Where it was read: a file name, `FILE#7` for the seventh record, or `ask`."""


class Quarantined(Frozen):
    """Something that could not become a ticket, with the reason; nothing is thrown away."""

    key: str
    source: str
    code: str
    reason: str
    raw: str = ""


class InboxMessage(Frozen):
    """The ledger's row of an accepted message; `body` is the content hash of the parsed Message's JSON."""

    key: str
    ticket: str
    turn: int
    body: str
    raw: str
    received_at: datetime
    automatic: Automatic | None = None
    authenticated: bool = False


class Accepted(Frozen):
    """The inbox's answer to a message: which ticket it belongs to, and whether it was seen before."""

    ticket: str
    turn: int
    new: bool
    """False: the same message was delivered before; nothing was changed."""
    continued: bool
    """True: it joined a ticket that existed."""
    voided: int = 0
    """How many open proposals this message voided."""


class TicketRef(Frozen):
    """A ticket and the turn that is being handled; a turn begins with each new message."""

    id: str
    turn: int


class Ticket(Frozen):
    """The ledger's view of a ticket; `subject` is redacted."""

    id: str
    turn: int
    status: TicketStatus
    subject: str
    sender: str
    customer: str = ""
    category: str = ""
    requests: tuple[str, ...] = ()
    reason: str = ""
    opened_at: datetime
    updated_at: datetime
