"""The desk's tracer: spans by the OpenTelemetry SDK, held to the list of attributes."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from countersign import __version__
from countersign.domain.ticket import TicketRef
from countersign.spans import Facts, Span, SpanKind
from countersign.telemetry.facts import (
    CONVERSATION,
    ERROR,
    KIND,
    OPERATION,
    OPERATIONS,
    TICKET,
    TURN,
    Value,
    attributes,
    clean,
    failure,
)
from countersign.telemetry.file import SpanFile
from countersign.telemetry.identity import first_span
from countersign.telemetry.ids import Identities
from countersign.telemetry.reading import FOLDER

if TYPE_CHECKING:
    from countersign.telemetry.export import Export

_SERVICE = {"service.name": "countersign", "service.version": __version__}
_NAMED = ("message", "turn", "model")
"""Kinds of span that name their ticket."""
_KINDS = {"message": trace.SpanKind.CONSUMER, "model": trace.SpanKind.CLIENT}


def open_tracer(var: Path, megabytes: int, endpoint: str, ledger: Callable[[], str]) -> "OpenTracer | None":
    """A tracer into a file of so many megabytes, and to an endpoint; None where neither is wanted.

    `ledger` answers what tells this ledger from any other; it is asked when there is a turn.
    """
    files = [SpanFile(var / FOLDER, megabytes, _SERVICE, __version__)] if megabytes else []
    exports = [_export(endpoint)] if endpoint else []
    return OpenTracer([*files, *exports], ledger) if files or exports else None


def _export(endpoint: str) -> "Export":
    from countersign.telemetry.export import Export

    return Export(endpoint)


class OpenTracer:
    """Implements `Tracer`. No variable of the environment decides what it does, and no text of an error gets in."""

    def __init__(self, sinks: "Sequence[SpanFile | Export]", ledger: Callable[[], str]) -> None:
        self._sinks, self._ledger = sinks, ledger
        self._identities = Identities()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource(_SERVICE), shutdown_on_exit=False, id_generator=self._identities,
            span_limits=SpanLimits(max_attributes=SpanLimits.UNSET, max_attribute_length=SpanLimits.UNSET),
        )  # fmt: skip
        for sink in sinks:
            self._provider.add_span_processor(sink)
        self._tracer = self._provider.get_tracer("countersign", __version__)

    @property
    def lost(self) -> int:
        """See `Tracer`."""
        return sum(sink.lost for sink in self._sinks)

    def close(self) -> None:
        """Writes and delivers what is left, within two seconds."""
        self._provider.shutdown()

    def begin(self, ref: TicketRef) -> None:
        """See `Tracer`."""
        before = TicketRef(id=ref.id, turn=ref.turn - 1)
        links = [Link(self._first(before))] if before.turn else []
        self._identities.force(self._first(ref))
        try:
            kind, known = trace.SpanKind.CONSUMER, _known("message", "message", ref)
            self._tracer.start_span("message", context.Context(), kind, known, links).end()
        finally:
            self._identities.force(None)

    @contextmanager
    def span(self, kind: SpanKind, name: str, ref: TicketRef | None = None, **facts: Unpack[Facts]) -> Generator[Span]:
        """See `Tracer`."""
        span = self._tracer.start_span(
            _title(kind, name), self._around(ref), _KINDS.get(kind, trace.SpanKind.INTERNAL),
            _known(kind, name, ref) | attributes(facts), record_exception=False, set_status_on_exception=False,
        )  # fmt: skip
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield _Noting(span)
        except BaseException as error:
            _Noting(span).failed(failure(error))
            raise
        finally:
            context.detach(token)
            span.end()

    def _around(self, ref: TicketRef | None) -> context.Context | None:
        """The span under way; where that is none of the turn's, the turn's first, whichever process made it."""
        if ref is None:
            return None
        first = self._first(ref)
        if trace.get_current_span().get_span_context().trace_id == first.trace_id:
            return None
        return trace.set_span_in_context(NonRecordingSpan(first), context.Context())

    def _first(self, ref: TicketRef) -> SpanContext:
        trace_id, span_id = first_span(self._seed, ref.id, ref.turn)
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    @cached_property
    def _seed(self) -> str:
        return self._ledger()


class _Noting:
    """Implements `Span`."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, **facts: Unpack[Facts]) -> None:
        """See `Span`."""
        self._span.set_attributes(attributes(facts))

    def failed(self, code: str) -> None:
        """See `Span`."""
        if code:
            self._span.set_attribute(ERROR, clean(code))
            self._span.set_status(Status(StatusCode.ERROR))


def _title(kind: SpanKind, name: str) -> str:
    """The span's name, as the GenAI conventions make it: the operation, then what it is done with."""
    return f"{OPERATIONS[kind][0] if kind in OPERATIONS else kind} {clean(name)}"


def _known(kind: SpanKind, name: str, ref: TicketRef | None) -> dict[str, Value]:
    """What each span of a kind says; whose a node, a lookup or an effect is, its trace tells."""
    known: dict[str, Value] = {KIND: kind}
    if ref and kind in _NAMED:
        known |= {TICKET: clean(ref.id), TURN: ref.turn, CONVERSATION: clean(ref.id)}
    if kind in OPERATIONS:
        operation, named = OPERATIONS[kind]
        known[OPERATION], known[named] = operation, clean(name)
    return known
