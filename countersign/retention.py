"""Retention: what ended long ago is forgotten but for its last checkpoint and the ledger's decisions.

Beside running workers and servers it is safe: each ticket is pruned under its lock, in whole transactions. What an
interruption leaves, the next retention finds.
"""

import json
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.thread import thread_id
from countersign.domain.errors import StorageError
from countersign.domain.retention import Freed, Swept
from countersign.domain.ticket import TicketRef
from countersign.ledger import retention as law
from nodes.act.answer import known_person

if TYPE_CHECKING:
    from countersign.runtime import Runtime

_UNDER_WAY = 3600.0
"""Seconds for which mail that was put down may not be in the inbox yet: it stays, whatever else is said."""

Listen = Callable[[int, int], None]
"""Hears how many tickets are done, of how many."""


def retain(runtime: "Runtime", days: int | None, *, dry_run: bool, listen: Listen) -> Freed:
    """Forgets what ended more than so many days ago; the desk's own number where None is given.

    Ctrl-C ends it between two tickets, or before the mail, with what was done until then. Raises StorageError.
    """
    keep = runtime.deps.desk.settings.keep_days if days is None else days
    work = _Work(runtime, before=runtime.deps.clock.now() - timedelta(days=keep))
    return work.foreseen() if dry_run else work.done(listen)


def keep_ticket(runtime: "Runtime", ticket_id: str, person: str, why: str) -> bool:
    """Marks a ticket to be kept whole, as a person of the desk; False where it is marked already.

    Raises RejectedError (`rejected.unknown_person`), StorageError (`storage.no_ticket`).
    """
    who = known_person(ticket_id, person, runtime.deps)
    return law.keep(runtime.ledger, ticket_id, who.id, why, runtime.deps.clock.now())


def unkeep_ticket(runtime: "Runtime", ticket_id: str, person: str) -> bool:
    """Takes the mark away, as a person of the desk; False where there is none. Raises as `keep_ticket` does."""
    who = known_person(ticket_id, person, runtime.deps)
    return law.unkeep(runtime.ledger, runtime.ticket(ticket_id).id, who.id, runtime.deps.clock.now())


@dataclass(slots=True)
class _Work:
    """One retention under way."""

    runtime: "Runtime"
    before: datetime
    tickets: int = 0
    checkpoints: int = 0
    answers: int = 0
    busy: int = 0
    damaged: int = 0
    mail: Swept = field(default_factory=Swept)
    interrupted: bool = False

    def foreseen(self) -> Freed:
        """What would be forgotten; nothing is changed."""
        refs = law.due(self.runtime.ledger, self.before)
        lengths = self.runtime.saver.lengths()
        self.tickets, self.answers = len(refs), law.answers_of(self.runtime.ledger, refs)
        self.checkpoints = sum(max(lengths.get(thread_id(ref.id), 0) - 1, 0) for ref in (*refs, *self._left(lengths)))
        self.mail = self._sweep({ref.id for ref in refs}, dry_run=True)
        return self._freed({}, dry_run=True)

    def done(self, listen: Listen) -> Freed:
        """What was forgotten."""
        files = (self.runtime.settings.checkpoint_file, self.runtime.settings.ledger_file)
        before = {path.name: _bytes_of(path) for path in files}
        with self._interruptible():
            self._prune(listen)
            self.mail = self._sweep((), dry_run=False)
        self.runtime.saver.give_back(repacked=self.checkpoints > 0)
        self.runtime.ledger.file.give_back()
        shorter = {path.name: before[path.name] - _bytes_of(path) for path in files}
        return self._freed(shorter | {"blobs": self.mail.bytes}, dry_run=False)

    @contextmanager
    def _interruptible(self) -> Generator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self.interrupted = True

    def _prune(self, listen: Listen) -> None:
        """Journals first: from then on the ledger says so, and a thread that was left long is found again by that."""
        refs = (*law.due(self.runtime.ledger, self.before), *self._left(self.runtime.saver.lengths()))
        for number, ref in enumerate(refs, 1):
            with self.runtime.locks.held(ref.id) as ours:
                if ours:
                    self._prune_ticket(ref)
                else:
                    self.busy += 1
            listen(number, len(refs))

    def _prune_ticket(self, ref: TicketRef) -> None:
        forgotten = law.prune(self.runtime.ledger, ref, self.before, self.runtime.deps.clock.now())
        if forgotten is not None:
            self.tickets += 1
            self.answers += forgotten
        found = law.pruned(self.runtime.ledger, ref.id)
        if found and found.turn == self.runtime.ticket(ref.id).turn:
            self._cut(thread_id(ref.id))

    def _cut(self, thread: str) -> None:
        try:
            self.checkpoints += self.runtime.saver.keep_last(thread)
        except StorageError as error:
            if error.detail != "corrupt":
                raise
            self.damaged += 1

    def _left(self, lengths: dict[str, int]) -> Iterator[TicketRef]:
        """Tickets that the ledger says are pruned, whose threads an interruption left long."""
        return (ref for ref in law.all_pruned(self.runtime.ledger) if lengths.get(thread_id(ref.id), 0) > 1)

    def _sweep(self, more: Collection[str], *, dry_run: bool) -> Swept:
        """Deletes raw mail that only pruned tickets have, and those named besides; parsed texts stay, to be shown."""
        forgotten = {ref.id for ref in law.all_pruned(self.runtime.ledger)} | set(more)
        needed = set(law.quarantined_since(self.runtime.ledger, self.before))
        for ticket, body, raw in law.mail(self.runtime.ledger):
            needed.add(body)
            if ticket not in forgotten:
                needed |= {raw, *self._attached(body)}
        last = min(self.before.timestamp(), time.time() - _UNDER_WAY)
        return self.runtime.deps.blobs.sweep(needed, last, dry_run=dry_run)

    def _attached(self, body: str) -> Iterator[str]:
        """The blobs of a message's attachments."""
        message = json.loads(self.runtime.deps.blobs.get(body))
        return (attachment["blob"] for attachment in message["attachments"])

    def _freed(self, disk: dict[str, int], *, dry_run: bool) -> Freed:
        return Freed(
            before=self.before, tickets=self.tickets, checkpoints=self.checkpoints, answers=self.answers,
            mail=self.mail, disk=disk, kept=law.kept(self.runtime.ledger), busy=self.busy, damaged=self.damaged,
            dry_run=dry_run, interrupted=self.interrupted,
        )  # fmt: skip


def _bytes_of(database: Path) -> int:
    """A database's bytes, with those of its log."""
    log = database.with_name(f"{database.name}-wal")
    return sum(path.stat().st_size for path in (database, log) if path.exists())
