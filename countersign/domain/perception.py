"""What the desk understands before it reasons: redacted text, entities, who is asking, what was said before."""

from datetime import datetime
from typing import Literal

from countersign.domain.frozen import Frozen
from countersign.domain.model import Engine
from countersign.domain.money import Money
from countersign.domain.ticket import Automatic

Verified = Literal["address", "details", "none"]
"""`address`: From is on record and authentication passed; `details`: order number and two matching fields; `none`."""


class Incoming(Frozen):
    """One message as models, logs and traces may see it: redacted."""

    key: str
    turn: int
    sender: str
    sender_name: str
    subject: str
    text: str
    language: str
    """ISO 639-1, or `und` where the text is too short to tell."""
    received_at: datetime
    attachments: tuple[str, ...] = ()
    """Media types; names are untrusted."""
    automatic: Automatic | None = None
    authenticated: bool = False
    hidden_text: bool = False


class Entities(Frozen):
    """What the texts name, in order of appearance, without repeats."""

    orders: tuple[str, ...] = ()
    amounts: tuple[Money, ...] = ()
    emails: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """What looks like a promo code."""


class Perception(Frozen):
    """The thread's messages, and what this turn's say together."""

    messages: tuple[Incoming, ...]
    subject: str
    text: str
    """This turn's new texts, redacted, oldest first. After a message that voided what waited, both."""
    language: str
    entities: Entities
    redactions: tuple[str, ...] = ()
    """Kinds of secret that were taken out: `card`, `iban`, `password`."""


class Sender(Frozen):
    """Who is asking, as far as it is known."""

    address: str
    name: str = ""
    customer: str = ""
    """Customer id; empty where the address is not on record and no details matched."""
    on_record: str = ""
    """The address on record that account facts go to."""
    verified: Verified = "none"


class PastTurn(Frozen):
    """What an earlier turn of this thread came to."""

    turn: int
    requests: tuple[str, ...]
    orders: tuple[str, ...]
    outcome: str
    asked: str = ""
    """The clarifying question's template, where the turn ended with one."""


class PastTicket(Frozen):
    """Another ticket of the same customer."""

    id: str
    subject: str
    opened_at: datetime
    status: str
    requests: tuple[str, ...] = ()
    reply: str = ""
    """The last reply that was written in it: it may quote anybody."""


class Memory(Frozen):
    """What the thread remembers."""

    turns: tuple[PastTurn, ...] = ()
    orders: tuple[str, ...] = ()
    """Order numbers named earlier in this thread, latest first."""
    other_tickets: int = 0
    """Tickets of the same sender in the last 30 days."""


class Intent(Frozen):
    """One request that a text makes, with the span it was read from."""

    request: str
    confidence: float
    text: str
    threshold: float = 0.0
    """The confidence from which the model lets it count."""
    named_by: Literal["desk", "model"] = "desk"
    """Whether the desk's own triage named it, or a language model."""


class Clues(Frozen):
    """What is known beside the words when a text is triaged."""

    entities: Entities = Entities()
    orders: tuple[str, ...] = ()
    """How the orders stand that it names and that are the sender's own."""


NO_CLUES = Clues()


class Triage(Frozen):
    """The road a ticket takes: one to three intents, or an abstention with its reasons."""

    intents: tuple[Intent, ...] = ()
    abstained: bool = False
    escalated: bool = False
    """It is for a person, whatever it asks for: no agent gets it."""
    reasons: tuple[str, ...] = ()
    """Why it abstained; otherwise what lowered a confidence that was high enough all the same."""
    model: str = ""
    """Digest of the model's data and parameters."""
    version: int = 0
    """The learnt version of the model; 0 where it knows the desk's own examples alone."""
    engine: Engine | None = None
    """The language model that named the intents; None where the desk's own model did, or nobody."""
