"""A server that answers as odd servers do: real sockets, and no rule of HTTP or of the API that it keeps."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import SecretStr

from countersign.settings import ModelSettings

KEY = "sk-odd-4711-never-shown"


@dataclass
class Said:
    """One answer: a status, a body, headers, and what is done in place of sending it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None


def completion(message: dict[str, Any] | None = None, finish: object = "stop", **fields: Any) -> Said:
    """A chat completion as OpenAI writes it, but for what is given."""
    said = {"role": "assistant", "content": "Hello."} | (message or {})
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
    choice = {"index": 0, "message": said, "finish_reason": finish}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "odd", "choices": [choice], "usage": usage}
    return Said(json.dumps(whole | fields).encode())


def called(name: str, arguments: Any, **more: Any) -> Said:
    """A completion that calls one tool; arguments that are no text are sent as they are."""
    call = {"id": "x", "type": "function", "function": {"name": name, "arguments": arguments}}
    return completion({"content": None, "tool_calls": [call]}, **({"finish": "tool_calls"} | more))


def failed(status: int, code: str = "", **headers: str) -> Said:
    """An error as OpenAI writes it; it repeats the key, as some proxies do."""
    error = {"message": f"no, {KEY}", "type": code or "error", "code": code or None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Said(json.dumps({"error": error}).encode(), status, named)


@dataclass
class OddServer:
    """Gives its answers in turn, the last one for ever, and keeps what it was asked."""

    url: str
    answers: list[Said] = field(default_factory=list[Said])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    choose: Callable[[dict[str, Any]], Said] | None = None
    """Answers by the request, where the order does not tell."""

    def next(self, request: dict[str, Any]) -> Said:
        self.asked.append(request)
        if self.choose:
            return self.choose(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def settings(self, **given: Any) -> ModelSettings:
        """Settings that lead here, quick to give up."""
        base: dict[str, Any] = {"base_url": self.url, "key": SecretStr(KEY), "timeout": 5.0, "retries": 0}
        return ModelSettings(**(base | given))


@contextmanager
def odd_server(port: int = 0) -> Generator[OddServer]:
    """A running server, on any free port where none is given."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    odd = OddServer(f"http://127.0.0.1:{server.server_address[1]}/v1")
    setattr(server, "odd", odd)  # noqa: B010  the handler finds it there
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield odd
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        odd: OddServer = getattr(self.server, "odd")  # noqa: B009  see above
        said = odd.next(json.loads(body))
        if said.instead:
            said.instead(self)
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in ({"content-type": "application/json"} | said.headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Nothing is said about what was asked."""
