"""What an agent is asked, and what it comes back with: values alone, so that it can be recorded and replayed."""

from typing import Literal

from countersign.domain.frozen import Frozen
from countersign.domain.model import Engine
from countersign.domain.perception import Intent, Memory, Perception, Sender
from countersign.domain.plan import Plan
from countersign.domain.ticket import TicketRef

Confidence = Literal["low", "medium", "high"]


class Inquiry(Frozen):
    """A case that no playbook finished, with everything that is known of it."""

    ref: TicketRef
    perception: Perception
    sender: Sender
    memory: Memory
    reasons: tuple[str, ...] = ()
    """Why it came here: triage's reasons, or what a playbook called complex."""
    plans: tuple[Plan, ...] = ()
    """What the playbooks made of it."""
    objections: tuple[str, ...] = ()
    """In the round of revision: what the gates had against the first plan."""


class Lookup(Frozen):
    """One lookup that was made, as `show` tells it."""

    tool: str
    about: str = ""
    """The arguments, on one line."""
    found: int = 0
    """How many facts it brought."""
    problem: str = ""
    """The code with which it was refused or failed; empty where it went well."""


class Resolution(Frozen):
    """What the agent came back with: a plan, a case for a playbook, or neither."""

    summary: str = ""
    plan: Plan | None = None
    """Proposals, the reply, and the facts that both rest on, each with its source."""
    intents: tuple[Intent, ...] = ()
    """The case is ordinary after all: the requests whose playbooks can have it."""
    questions: tuple[str, ...] = ()
    """What it could not find out."""
    confidence: Confidence = "low"
    lookups: tuple[Lookup, ...] = ()
    found: tuple[str, ...] = ()
    """Everything that it read from the records, for the person who may take over."""
    failed: str = ""
    """The code with which it ended without a result; empty where it did not."""
    engine: Engine | None = None
    prompt: str = ""
    """Digest of its prompt and its tools."""
    calls: int = 0
    """How often the model was asked."""
    round: int = 1
    """2 after the round of revision."""


class Opinion(Frozen):
    """What an independent second model says to a resolution."""

    agrees: bool = False
    asked: bool = False
    """False where no second model was asked, or one that is not independent."""
    about: str = ""
    """Digest of the proposals and the reply that it is about: it says nothing about others."""
    reasons: tuple[str, ...] = ()
    engine: Engine | None = None
    prompt: str = ""
