"""A collector as OTLP over HTTP has it, on a real socket: it decodes what it is sent."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


@dataclass
class Collector:
    """What has arrived."""

    url: str
    status: int = 200
    paths: set[str] = field(default_factory=set[str])
    received: list[ResourceSpans] = field(default_factory=list[ResourceSpans])
    silent: threading.Event | None = None
    """Where it is set, nobody is answered before it is."""

    @property
    def spans(self) -> list[Span]:
        """Every span."""
        return [span for resource in self.received for scope in resource.scope_spans for span in scope.spans]


@contextmanager
def collector() -> Generator[Collector]:
    """A collector for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.silent:
                found.silent.wait()
            found.paths.add(self.path)
            if found.status == 200:
                found.received.extend(ExportTraceServiceRequest.FromString(body).resource_spans)
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        if found.silent:
            found.silent.set()
        server.shutdown()
        server.server_close()
