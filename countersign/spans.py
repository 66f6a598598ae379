"""Spans as the desk's parts see them: a part of `countersign.ports`, with what stands in where nothing is traced."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol, TypedDict, Unpack

from countersign.domain.ticket import TicketRef

SpanKind = Literal["message", "turn", "node", "agent", "model", "tool", "effect"]


class Facts(TypedDict, total=False):
    """All that a span may say: codes, counts and names out of closed lists, and nothing that a customer wrote."""

    node_kind: str
    step: str
    status: str
    """How a turn or an effect stands at its end."""
    recorded: bool
    """The answer was told from the record."""
    provider: str
    model: str
    tier: str
    requests: int
    """Requests sent, repeats included."""
    tokens_in: int
    tokens_out: int
    micros: int
    """Millionths of a US dollar."""
    found: int
    """Facts that an agent's tool found."""


class Span(Protocol):
    """One thing under way."""

    def note(self, **facts: Unpack[Facts]) -> None:
        """Says more of it."""
        ...

    def failed(self, code: str) -> None:
        """It came to nothing, for the reason that the code names."""
        ...


class Tracer(Protocol):
    """Where spans go. It never raises and never waits for anybody: what can't be kept is counted."""

    @property
    def lost(self) -> int:
        """Spans that could not be kept, or not be exported."""
        ...

    def begin(self, ref: TicketRef) -> None:
        """A message has begun a turn: the first span of the turn's trace, linked to that of the turn before."""
        ...

    def span(
        self, kind: SpanKind, name: str, ref: TicketRef | None = None, **facts: Unpack[Facts]
    ) -> AbstractContextManager[Span]:
        """A span within the one under way; where none of the turn's is, within the turn's first.

        An error that goes through it is noted by its code; a pause of the graph is none.
        """
        ...


class _Unnoted:
    def note(self, **facts: Unpack[Facts]) -> None:
        del facts

    def failed(self, code: str) -> None:
        del code


class Untraced:
    """Implements `Tracer` where nothing is traced."""

    lost = 0

    def begin(self, ref: TicketRef) -> None:
        """See `Tracer`."""

    @contextmanager
    def span(self, kind: SpanKind, name: str, ref: TicketRef | None = None, **facts: Unpack[Facts]) -> Generator[Span]:
        """See `Tracer`."""
        del kind, name, ref, facts
        yield _UNNOTED


_UNNOTED = _Unnoted()
UNTRACED = Untraced()
