"""How a desk is opened: `with` for a desk to call, `async with` for one to await, under an event loop or not."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from countersign.domain.errors import MisuseError

if TYPE_CHECKING:
    from countersign.batch import Summary
    from countersign.display.replays import ForkView, History, Replays
    from countersign.display.views import Inbox, ReviewView, TicketView, Timeline
    from countersign.domain.erasure import Erased
    from countersign.domain.retention import Freed
    from countersign.domain.review import Reply
    from countersign.learning import TriageLearning
    from countersign.runtime import Runtime

P = ParamSpec("P")
T = TypeVar("T")


class Opening:
    """A desk about to be opened: `with` answers a Runtime, `async with` an AsyncRuntime. It opens once."""

    def __init__(self, build: "Callable[[ExitStack], Runtime]") -> None:
        self._build = build
        self._stack = ExitStack()
        self._used = False
        self._desk: AsyncRuntime | None = None

    def __enter__(self) -> "Runtime":
        if self._used:
            raise MisuseError("this desk was opened before", hint="call open_runtime again")
        self._used = True
        with ExitStack() as stack:
            runtime = self._build(stack)
            self._stack = stack.pop_all()
        return runtime

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    async def __aenter__(self) -> "AsyncRuntime":
        self._desk = await AsyncRuntime.opened(self)
        return self._desk

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._desk is not None:
            await self._desk.close(self._stack.close)


class AsyncRuntime:
    """A Runtime whose calls are awaited: each runs in a thread of its own, so no event loop waits for it.

    It has a thread for each ticket that the settings let run at once, and one more, so that reading does not wait for
    running. A call whose await is cancelled still comes to its end; closing waits for it.
    """

    def __init__(self, threads: ThreadPoolExecutor, runtime: "Runtime") -> None:
        self.runtime = runtime
        """The desk itself; its calls block."""
        self._threads = threads
        self._running: set[Future[object]] = set()

    @classmethod
    async def opened(cls, opening: Opening) -> "AsyncRuntime":
        """Opens the desk off the event loop."""
        with ThreadPoolExecutor(1, "open") as thread:
            runtime = await asyncio.wrap_future(thread.submit(opening.__enter__))
        return cls(ThreadPoolExecutor(runtime.settings.workers + 1, "desk"), runtime)

    async def close(self, close: Callable[[], None]) -> None:
        """Waits for what is running, then closes the desk and ends the threads."""
        running = [asyncio.wrap_future(future) for future in tuple(self._running)]
        await asyncio.gather(*running, return_exceptions=True)
        try:
            await self.aside(close)
        finally:
            self._threads.shutdown()

    async def ask(self, text: str, *, sender: str, subject: str = "", authenticated: bool = False) -> "TicketView":
        """As `Runtime.ask`."""
        return await self.aside(self.runtime.ask, text, sender=sender, subject=subject, authenticated=authenticated)

    async def run(self, sources: Sequence[str], *, workers: int | None = None) -> "Summary":
        """As `Runtime.run`."""
        return await self.aside(self.runtime.run, sources, workers=workers)

    async def handle(self, ticket_id: str) -> "TicketView":
        """As `Runtime.handle`."""
        return await self.aside(self.runtime.handle, ticket_id)

    async def ticket(self, ticket_id: str) -> "TicketView":
        """As `Runtime.ticket`."""
        return await self.aside(self.runtime.ticket, ticket_id)

    async def inbox(self) -> "Inbox":
        """As `Runtime.inbox`."""
        return await self.aside(self.runtime.inbox)

    async def timeline(self, ticket_id: str) -> "Timeline":
        """As `Runtime.timeline`."""
        return await self.aside(self.runtime.timeline, ticket_id)

    async def review(self, ticket_id: str) -> "ReviewView":
        """As `Runtime.review`."""
        return await self.aside(self.runtime.review, ticket_id)

    async def answer(
        self, question: "ReviewView", said: "Reply", *, by: str, requests: Sequence[str] = ()
    ) -> "TicketView":
        """As `Runtime.answer`."""
        return await self.aside(self.runtime.answer, question, said, by=by, requests=requests)

    @property
    def triage(self) -> "TriageLearning":
        """As `Runtime.triage`, whose calls block: `await desk.aside(desk.triage.learn, by="ines")`."""
        return self.runtime.triage

    async def history(self, ticket_id: str) -> "History":
        """As `Runtime.history`."""
        return await self.aside(self.runtime.history, ticket_id)

    async def replay(self, ticket_id: str = "", *, live: bool = False) -> "Replays":
        """As `Runtime.replay`."""
        return await self.aside(self.runtime.replay, ticket_id, live=live)

    async def fork(self, ticket_id: str, *, at: int, values: Mapping[str, object]) -> "ForkView":
        """As `Runtime.fork`."""
        return await self.aside(self.runtime.fork, ticket_id, at=at, values=values)

    async def propose(self, fork: "ForkView", *, by: str) -> "TicketView":
        """As `Runtime.propose`."""
        return await self.aside(self.runtime.propose, fork, by=by)

    async def retain(self, days: int | None = None, *, dry_run: bool = False) -> "Freed":
        """As `Runtime.retain`."""
        return await self.aside(self.runtime.retain, days, dry_run=dry_run)

    async def erase(
        self,
        customer: str,
        *,
        by: str,
        cassettes: Sequence[Path] = (),
        leave_unknown: bool = False,
        dry_run: bool = False,
    ) -> "Erased":
        """As `Runtime.erase`."""
        call = partial(self.runtime.erase, customer, by=by, cassettes=cassettes)
        return await self.aside(call, leave_unknown=leave_unknown, dry_run=dry_run)

    async def keep(self, ticket_id: str, *, by: str, why: str = "") -> bool:
        """As `Runtime.keep`."""
        return await self.aside(self.runtime.keep, ticket_id, by=by, why=why)

    async def unkeep(self, ticket_id: str, *, by: str) -> bool:
        """As `Runtime.unkeep`."""
        return await self.aside(self.runtime.unkeep, ticket_id, by=by)

    async def aside(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Any blocking call, in one of the desk's threads: `await desk.aside(ticket.steps)`."""
        future = self._threads.submit(partial(call, *args, **kwargs))
        self._running.add(future)  # pyright: ignore[reportArgumentType]  what it answers does not matter here
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)
