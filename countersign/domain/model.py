"""Models as the desk sees them: what sits in a seat, what a call may cost at most, what it did cost."""

from typing import Literal

from countersign.domain.frozen import Frozen

Tier = Literal["small", "large"]
"""`small`: short questions with a blank to fill; `large`: the agent's seat."""

EngineKind = Literal["offline", "endpoint", "scripted", "recorded", "chaotic"]


class Engine(Frozen):
    """What sits in a tier's seat."""

    kind: EngineKind
    name: str
    settings: str = ""
    """Digest of everything set about it but the key."""


class Cost(Frozen):
    """What one call, a ticket or a day costs, or may cost at most."""

    calls: int = 0
    """Requests sent, repeats after a fault included."""
    tokens: int = 0
    """Read and written together."""
    ms: int = 0
    """Milliseconds of waiting for answers."""
    micros: int = 0
    """Millionths of a US dollar."""


class Budget(Frozen):
    """The most that may be spent; None where there is no limit."""

    calls: int | None = None
    tokens: int | None = None
    ms: int | None = None
    micros: int | None = None


class ModelCall(Frozen):
    """One call as the ledger writes it before it is made."""

    ticket: str
    turn: int
    step: str
    """As in the journal, without the turn: `3/triage`."""
    tier: Tier
    engine: Engine
    prompt: str = ""
    """Digest of the prompt file; empty for an agent's own messages."""
    request: str
    """Digest of the request."""

    @property
    def node(self) -> str:
        """The node that asks."""
        return self.step.rpartition("/")[2]


class Reserved(Frozen):
    """A call that may be made: its row, and how long it may take."""

    call: int
    ms: int


class Spent(Frozen):
    """What a node's calls came to."""

    node: str
    engine: str
    """`endpoint gpt-5-mini`"""
    answered: int = 0
    failed: int = 0
    recorded: int = 0
    """Answers that were told from the journal or a cassette: they cost nothing."""
    requests: int = 0
    """What was sent, repeats included."""
    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0
    micros: int = 0
    codes: tuple[str, ...] = ()
    """Codes of what failed."""
