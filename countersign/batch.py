"""Batches: sources in, tickets handled several at once, one event for each thing that happens, a summary at the end."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from countersign.domain.ticket import Message, Quarantined, Ticket
from countersign.intake import Taken, take
from countersign.reconcile import Reconciled, reconcile

if TYPE_CHECKING:
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
    interrupted: bool = False


@dataclass(slots=True)
class Batch:
    """One run over some sources; `listen` hears of each item taken and each ticket handled, on the caller's thread."""

    runtime: "Runtime"
    workers: int = 1
    listen: Callable[[Taken | Ticket], None] = lambda _: None
    taken: list[Taken] = field(default_factory=list[Taken])
    tickets: dict[str, Ticket] = field(default_factory=dict[str, Ticket])
    reconciled: Reconciled = field(default_factory=Reconciled)
    interrupted: bool = False
    _running: "dict[Future[TicketView], str]" = field(default_factory=dict["Future[TicketView]", str])

    def run(self, items: Iterable[Message | Quarantined]) -> Summary:
        """Puts right what a crash left, then takes and handles every item; Ctrl-C ends after the running tickets."""
        start, before = monotonic(), self.runtime.ledger.effect_counts()
        with ThreadPoolExecutor(max_workers=self.workers, thread_name_prefix="ticket") as pool:
            try:
                self._resume(pool)
                for item in items:
                    self._take(item, pool)
                self._settle(room=0)
            except KeyboardInterrupt:
                self.interrupted = True
                self._settle(room=0)
        return self._summary(before, monotonic() - start)

    def _resume(self, pool: ThreadPoolExecutor) -> None:
        self.reconciled = reconcile(self.runtime.deps, self.runtime.locks)
        for ref in self.reconciled.unfinished:
            self._start(ref.id, pool)

    def _take(self, item: Message | Quarantined, pool: ThreadPoolExecutor) -> None:
        """A reply is taken only when what it may reply to was handled: a batch ends as mail by mail would."""
        if isinstance(item, Message) and (item.references or "CS-" in item.subject):
            self._settle(room=0)
        taken = take(item, self.runtime.deps)
        self.taken.append(taken)
        self.listen(taken)
        if taken.ticket and taken.new:
            self._settle(room=self.workers * _WAITING_ROOM)
            self._start(taken.ticket, pool)

    def _start(self, ticket_id: str, pool: ThreadPoolExecutor) -> None:
        if ticket_id not in self._running.values():
            self._running[pool.submit(self.runtime.handle, ticket_id)] = ticket_id

    def _settle(self, room: int) -> None:
        """Waits until no more than `room` tickets are running."""
        while len(self._running) > room:
            finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in finished:
                del self._running[future]
                ticket = future.result()
                self.tickets[ticket.id] = ticket
                self.listen(ticket)

    def _summary(self, before: tuple[int, int], seconds: float) -> Summary:
        replies, effects = self.runtime.ledger.effect_counts()
        status = Counter(ticket.status for ticket in self.tickets.values())
        return Summary(
            answered=status["answered"],
            waiting=status["waiting"],
            handed_over=status["handed_over"],
            closed=status["closed"],
            quarantined=sum(1 for taken in self.taken if taken.quarantined),
            duplicates=sum(1 for taken in self.taken if not taken.new and not taken.quarantined),
            replies=replies - before[0],
            effects=effects - before[1],
            by_category=dict(Counter(ticket.category or "none" for ticket in self.tickets.values())),
            seconds=round(seconds, 3),
            interrupted=self.interrupted,
        )
