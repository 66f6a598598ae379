"""What `doctor` looks at about traces: whether their file can be written, and whether the endpoint is there."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from countersign.cli.checkup import Check
from countersign.settings import Settings

_SECONDS = 5


def traces(settings: Settings) -> Iterator[Check]:
    """The endpoint takes a connection, where one is set; without one and without a file, nothing is traced."""
    if settings.otlp_endpoint:
        yield _endpoint(settings.otlp_endpoint)
    size = f"at most {settings.trace_megabytes} MB" if settings.trace_megabytes else "not written"
    yield Check(name="traces", ok=True, text=f"{settings.var / 'traces'}: {size}")


def _endpoint(address: str) -> Check:
    """Whether anybody listens; the address may hold a key, so that only its host is shown."""
    step = "check COUNTERSIGN_OTLP_ENDPOINT: scheme, host and port, without /v1/traces"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (KeyError, ValueError):
        return Check(name="traces", ok=False, text="the endpoint is no address", step=step, code="settings")
    server = f"{host}:{port}"
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        return Check(name="traces", ok=False, text=f"{server}: {error}", step=step, code="retry.telemetry")
    return Check(name="traces", ok=True, text=f"{server} takes spans by OTLP")
