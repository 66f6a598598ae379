"""Spans to an OTLP endpoint over HTTP, from a thread of its own: nobody waits for it, and its faults are counted."""

import logging
from collections.abc import Sequence
from threading import Lock, Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_PATH = "v1/traces"
_SECONDS, _FAREWELL = 5.0, 2.0
"""How long one delivery may take, and how long the end of the desk waits for the last one."""
_ROOM = 8192
"""Spans that may wait to be delivered; the oldest go first."""


class Export(SpanProcessor):
    """Delivers spans in batches; headers and certificates are read by OTLP's own variables."""

    def __init__(self, endpoint: str) -> None:
        for name in ("opentelemetry.exporter", "opentelemetry.sdk"):  # what it would say is counted instead
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._ended, self._lock = 0, Lock()
        self._counted = _Counted(OTLPSpanExporter(f"{endpoint.rstrip('/')}/{_PATH}", timeout=_SECONDS))
        self._batches = BatchSpanProcessor(self._counted, max_queue_size=_ROOM)

    @property
    def lost(self) -> int:
        """Spans that were not delivered, or not yet."""
        return self._ended - self._counted.delivered

    def on_end(self, span: ReadableSpan) -> None:
        """See `SpanProcessor`."""
        with self._lock:
            self._ended += 1
        self._batches.on_end(span)

    def shutdown(self) -> None:
        """Delivers what is left, and gives up where that takes too long."""
        last = Thread(target=self._batches.shutdown, name="last-spans", daemon=True)
        last.start()
        last.join(_FAREWELL)
        if last.is_alive():
            self._counted.shutdown()


class _Counted(SpanExporter):
    """Counts what was taken."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self.delivered = 0
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See `SpanExporter`."""
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.delivered += len(spans)
        return result

    def shutdown(self) -> None:
        """See `SpanExporter`."""
        self._exporter.shutdown()
