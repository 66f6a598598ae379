"""The one desk that a server has open: its runtime, the graph that it serves, and whose thread is whose."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from threading import Lock
from typing import TYPE_CHECKING

import sqlalchemy as sa

from checkpoints.strict import enable_strict
from checkpoints.thread import thread_id
from countersign.domain.errors import RejectedError
from countersign.ledger.read import view
from countersign.ledger.schema import tickets
from countersign.server.tokens import Tokens
from countersign.settings import read_settings

if TYPE_CHECKING:
    from countersign.runtime import Runtime
    from graphs.support import SupportGraph

enable_strict()
PATIENCE = 20.0
"""Seconds to wait for a ticket that another process is running; a turn takes far less."""


class OpenDesk:
    """A runtime for as long as a server runs."""

    def __init__(self, runtime: "Runtime") -> None:
        from graphs.support import support_graph

        self.runtime = runtime
        self.tokens = Tokens(runtime.settings.var)
        self.graph: SupportGraph = support_graph(runtime.deps)
        """Without a saver: the server puts its own in."""
        self._tickets: dict[str, str] = {}

    def person(self, token: str) -> str | None:
        """Whose token it is, if they are still one of the desk's people."""
        found = self.tokens.person(token)
        return found if found in self.runtime.deps.desk.people else None

    def ticket_of(self, thread: str) -> str | None:
        """The ticket whose thread has that id: an id alone is no ticket."""
        if thread not in self._tickets:
            with view(self.runtime.ledger) as connection:
                later = sa.select(tickets.c.id).order_by(tickets.c.number).offset(len(self._tickets))
                self._tickets |= {thread_id(ticket): ticket for ticket in connection.scalars(later)}
        return self._tickets.get(thread)

    @asynccontextmanager
    async def held(self, ticket: str) -> AsyncGenerator[None]:
        """The ticket for this task alone. Raises RejectedError `rejected.busy` where somebody keeps it too long.

        Who waits sleeps on the event loop: a thread that slept would be missing where the work is done.
        """
        end = time.monotonic() + PATIENCE
        while (taken := await asyncio.to_thread(self._take, ticket)) is None:
            if time.monotonic() > end:
                raise RejectedError("another process is running it", where=ticket, detail="busy")
            await asyncio.sleep(0.05)
        with taken:
            yield

    def _take(self, ticket: str) -> ExitStack | None:
        with ExitStack() as stack:
            return stack.pop_all() if stack.enter_context(self.runtime.locks.held(ticket)) else None


_lock = Lock()
_stack = ExitStack()
_desk: list[OpenDesk] = []


def desk() -> OpenDesk:
    """The server's desk, opened when it is first asked for. It reads the disk: call it off the event loop."""
    with _lock:
        if not _desk:
            from countersign.runtime import open_runtime

            _desk.append(OpenDesk(_stack.enter_context(open_runtime(read_settings()))))
        return _desk[0]


def close() -> None:
    """Closes the desk, if it was opened."""
    with _lock:
        _desk.clear()
        _stack.close()
