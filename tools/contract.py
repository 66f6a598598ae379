"""The contract of a tool that changes something: what it takes, what it causes, how it is repeated and undone."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import MOST_ATTEMPTS
from countersign.domain.plan import Kind
from tools.arguments import Arguments
from tools.results import Result

EffectKind = Literal["money", "record", "message"]
Target = Literal["order", "subscription", "customer", "ticket"]
Idempotency = Literal["key", "once"]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What one kind of effect promises; `tools.catalog` holds one for each kind."""

    kind: Kind
    title: str
    target: Target
    """The kind of record it acts on: the first part of a proposal's target."""
    arguments: type[Arguments]
    result: type[Result]
    """What its receipt must say; one that does not fit is no proof, and the outcome counts as unknown."""
    effect: EffectKind
    undo: str = ""
    """How a person can take it back, as a reviewer reads it; empty where nobody can."""
    compensation: Kind | None = None
    """The kind of effect that takes it back; None where only a person can, or nobody."""
    timeout: float = 20.0
    """Seconds the gateway waits before the outcome counts as unknown."""
    attempts: int = MOST_ATTEMPTS
    """How often it is tried at most, and only where it is known that nothing happened; never where that is unknown."""
    idempotency: Idempotency = "key"
    """`key`: the same key may be sent again; `once`: only after a lookup says that nothing left."""

    @cached_property
    def digest(self) -> str:
        """What a grant binds of it: all that a reviewer relies on, and the schema of its arguments."""
        schema = self.arguments.model_json_schema()
        return digest([self.kind, self.target, self.effect, self.undo, self.compensation, self.idempotency, schema])

    def plain(self) -> dict[str, Json]:
        """As JSON values, with the schemas of its arguments and of its receipt."""
        return {
            "kind": self.kind, "title": self.title, "target": self.target, "effect": self.effect,
            "timeout": self.timeout, "attempts": self.attempts, "idempotency": self.idempotency, "undo": self.undo,
            "compensation": self.compensation, "contract": self.digest,
            "arguments": self.arguments.model_json_schema(), "receipt": self.result.model_json_schema(),
        }  # fmt: skip

    @property
    def finality(self) -> int:
        """0 where an effect takes it back, 1 where a person can, 2 where nobody can; a plan goes in this order."""
        return 0 if self.compensation else 1 if self.undo else 2
