"""A small SMTP server on loopback that does what it is told to: accept, refuse, or break off at a named step."""

import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from pydantic import SecretStr


@dataclass(frozen=True)
class Server:
    """Where a test's server listens."""

    port: int
    tls: Literal["starttls", "implicit", "none"] = "none"
    user: str = ""
    host: str = "127.0.0.1"
    password: SecretStr = field(default_factory=lambda: SecretStr("hunter2"))
    timeout: float = 1.0


@dataclass
class SmtpServer:
    """Runs in a thread. `replies` maps a step (connect, EHLO, MAIL, RCPT, DATA, text) to its answer, or to "drop"."""

    replies: dict[str, str] = field(default_factory=dict[str, str])
    accepted: list[bytes] = field(default_factory=list[bytes])
    """Texts that were taken, each once for every acceptance."""
    envelopes: list[str] = field(default_factory=list[str])

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    self._talk(connection)
                except (OSError, EOFError):
                    continue

    def _talk(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        self._answer(connection, "connect", "220 ready")
        while line := stream.readline():
            command = line.split()[0].decode().upper() if line.split() else ""
            if command in {"MAIL", "RCPT"}:
                self.envelopes.append(line.decode().strip())
            if command == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            usual = {"DATA": "354 go on"}.get(command, "250 ok")
            if self._answer(connection, command, usual).startswith("354"):
                self._take(connection, b"".join(iter(stream.readline, b".\r\n")))

    def _take(self, connection: socket.socket, text: bytes) -> None:
        if self.replies.get("text", "250").startswith("250") or self.replies["text"] == "drop after accepting":
            self.accepted.append(text)
        self._answer(connection, "text", "250 taken")

    def _answer(self, connection: socket.socket, step: str, usual: str) -> str:
        reply = self.replies.get(step, usual)
        if reply == "stall":
            self._stopped.wait(5)
        if reply in {"drop", "drop after accepting", "stall"}:
            raise EOFError
        connection.sendall(f"{reply}\r\n".encode())
        return reply
