"""Ids for spans: random, but for those that a turn's identity gives."""

import secrets
from threading import local

from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanContext


class Identities(IdGenerator):
    """Random ids, but for a turn's first span; a process that forks shares none with its children."""

    def __init__(self) -> None:
        self._forced = local()

    def force(self, span: SpanContext | None) -> None:
        """The next span without a parent, in this thread, is this one."""
        self._forced.span = span

    def generate_span_id(self) -> int:
        """See `IdGenerator`."""
        forced: SpanContext | None = getattr(self._forced, "span", None)
        return forced.span_id if forced else secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        """See `IdGenerator`."""
        forced: SpanContext | None = getattr(self._forced, "span", None)
        return forced.trace_id if forced else secrets.randbits(128) or 1
