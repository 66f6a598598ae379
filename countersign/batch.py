"""Batches: sources in, tickets handled several at once, one event for each thing that happens, a summary at the end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from countersign.domain.model import Spent
from countersign.domain.ticket import Message, Quarantined, Ticket, TicketRef
from countersign.intake import Taken, take
from countersign.ledger.calls import SqlCalls
from countersign.reconcile import Reconciled, reconcile

if TYPE_CHECKING:
    from langgraph.runtime import RunControl

    from countersign.display.views import TicketView
    from countersign.runtime import Runtime

_WAITING_ROOM = 4
"""Tickets that may wait for each worker; reading goes on when there is room again."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a batch came to; counts of tickets, except where said."""

    answered: int
    waiting: int
    handed_over: int
    closed: int
    quarantined: int
    """Items kept in quarantine by this batch, or known from before."""
    duplicates: int
    """Messages that were delivered before."""
    replies: int
    """Replies that left during this batch."""
    effects: int
    """Other effects that happened during this batch."""
    by_category: dict[str, int]
    seconds: float
    spent: tuple[Spent, ...] = ()
    """What models were asked during this batch, for each node."""
    interrupted: bool = False
    unfinished: int = 0
    """Tickets that were begun, or known, and have not ended: `countersign resume --all` goes on with them."""


def _control() -> "RunControl":
    from langgraph.runtime import RunControl

    return RunControl()


@dataclass(slots=True)
class Batch:
    """One run over some sources; `listen` hears of each item taken and each ticket handled, on the caller's thread."""

    runtime: "Runtime"
    workers: int = 1
    listen: Callable[[Taken | Ticket], None] = lambda _: None
    taken: list[Taken] = field(default_factory=list[Taken])
    tickets: dict[str, Ticket] = field(default_factory=dict[str, Ticket])
    reconciled: Reconciled = field(default_factory=Reconciled)
    control: "RunControl" = field(default_factory=_control)
    """What drains the batch: see `drain`."""
    _running: "dict[Future[TicketView], str]" = field(default_factory=dict["Future[TicketView]", str])
    _is_reading: bool = False

    def run(self, items: Iterable[Message | Quarantined]) -> Summary:
        """Puts right what a crash left, then takes and handles every item; Ctrl-C drains."""
        return self._work(lambda pool: self._run(items, pool))

    def resume(self, ticket_id: str = "") -> Summary:
        """Puts right what a crash left, then goes on with one ticket, or with every one that is unfinished.

        Unfinished is what has to run, and what waits for a person whose thread is not at its question.
        """
        return self._work(lambda pool: self._resume(ticket_id, pool))

    def drain(self, why: str) -> None:
        """Lets each running step end and starts nothing new. Any thread may call it."""
        self.control.request_drain(why)

    def interrupt(self, why: str) -> None:
        """Drains, from a signal handler: a batch that waits for its source's next item waits no longer."""
        self.drain(why)
        if self._is_reading:
            self._is_reading = False
            raise KeyboardInterrupt

    def _work(self, work: Callable[[ThreadPoolExecutor], None]) -> Summary:
        start, before, calls = monotonic(), self.runtime.ledger.effect_counts(), SqlCalls(self.runtime.ledger)
        last = calls.last()
        with ThreadPoolExecutor(max_workers=self.workers, thread_name_prefix="ticket") as pool:
            try:
                self.reconciled = reconcile(self.runtime.deps, self.runtime.locks)
                work(pool)
            except KeyboardInterrupt:
                self.drain(self.control.drain_reason or "SIGINT")
            self._settle(room=0)
        return self._summary(before, monotonic() - start, calls.since(last))

    def _run(self, items: Iterable[Message | Quarantined], pool: ThreadPoolExecutor) -> None:
        for ref in self.reconciled.unfinished:
            self._start(ref.id, pool)
        for item in self._read(iter(items)):
            self._take(item, pool)

    def _resume(self, ticket_id: str, pool: ThreadPoolExecutor) -> None:
        found = [ref.id for ref in (*self.reconciled.unfinished, *self._short_of_review())]
        for name in found:
            if ticket_id in ("", name):
                self._start(name, pool)

    def _short_of_review(self) -> Iterator[TicketRef]:
        from countersign.ledger.read import waiting

        for item in waiting(self.runtime.ledger):
            ref = TicketRef(id=item.ticket, turn=item.turn)
            if item.status == "waiting" and not self.runtime.at_review(ref):
                yield ref

    def _read(self, items: Iterator[Message | Quarantined]) -> Iterator[Message | Quarantined]:
        """The items, until the batch is drained."""
        while True:
            self._is_reading = True  # before the look at the drain: between the two, a signal ends the wait
            item = None if self.control.drain_requested else next(items, None)
            self._is_reading = False
            if item is None:
                return
            yield item

    def _take(self, item: Message | Quarantined, pool: ThreadPoolExecutor) -> None:
        """A reply is taken only when what it may reply to was handled: a batch ends as mail by mail would."""
        if isinstance(item, Message) and (item.references or "CS-" in item.subject):
            self._settle(room=0)
        if self.control.drain_requested:  # what it replies to may not have ended
            return
        taken = take(item, self.runtime.deps)
        self.taken.append(taken)
        self.listen(taken)
        if taken.ticket and taken.new:
            self._settle(room=self.workers * _WAITING_ROOM)
            self._start(taken.ticket, pool)

    def _start(self, ticket_id: str, pool: ThreadPoolExecutor) -> None:
        if ticket_id not in self._running.values():
            self._running[pool.submit(self.runtime.resume, ticket_id, self.control)] = ticket_id

    def _settle(self, room: int) -> None:
        """Waits until no more than `room` tickets are running."""
        while len(self._running) > room:
            finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in finished:
                del self._running[future]
                ticket = future.result()
                self.tickets[ticket.id] = ticket
                if ticket.status != "received":
                    self.listen(ticket)

    def _summary(self, before: tuple[int, int], seconds: float, spent: tuple[Spent, ...]) -> Summary:
        replies, effects = self.runtime.ledger.effect_counts()
        status = Counter(ticket.status for ticket in self.tickets.values())
        ended = [ticket for ticket in self.tickets.values() if ticket.status != "received"]
        return Summary(
            answered=status["answered"],
            waiting=status["waiting"],
            handed_over=status["handed_over"],
            closed=status["closed"],
            quarantined=sum(1 for taken in self.taken if taken.quarantined),
            duplicates=sum(1 for taken in self.taken if not taken.new and not taken.quarantined),
            replies=replies - before[0],
            effects=effects - before[1],
            by_category=dict(Counter(ticket.category or "none" for ticket in ended)),
            seconds=round(seconds, 3),
            spent=spent,
            interrupted=self.control.drain_requested,
            unfinished=status["received"],
        )
