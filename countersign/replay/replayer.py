"""Replays and forks of a desk's tickets: its own parts over scratch files, its record only read."""

import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checkpoints.history import passed
from checkpoints.saver import ThreadSaver
from checkpoints.serializer import serializer
from checkpoints.thread import thread_id
from countersign.domain.errors import MisuseError, ReplayMismatchError, StorageError
from countersign.domain.state import STATE_TYPES
from countersign.ledger.erasure import erased
from countersign.ledger.read import Source, view
from countersign.ledger.recording import Recording, every_ticket, recording
from countersign.ledger.retention import pruned
from countersign.ports import Deps
from countersign.replay.fork import Forked, branched
from countersign.replay.found import Replayed
from countersign.replay.rerun import DivergedError, NotKeptError, Rerun
from countersign.replay.stage import staged
from countersign.replay.steps import Kept, kept_steps


@dataclass(frozen=True)
class Replayer:
    """Runs tickets again; whatever it writes is written into a folder that is removed afterwards."""

    deps: Deps
    """The desk's parts. Of these, what reads and decides is used, and what acts never is."""
    ledger: Source
    threads: Path
    """The checkpoint file."""
    today: Mapping[str, str]
    """What is in use now; see `countersign.parts`."""
    triage: str
    """The triage model's own digest; empty where it has none."""
    live: bool = False
    """Facts are looked up now."""

    def replay(self, ticket_id: str) -> Replayed:
        """One ticket. Raises StorageError where there is none."""
        with self.scratch() as folder:
            return self.one(ticket_id, folder)

    def replay_all(self) -> Iterator[Replayed]:
        """Every ticket, in the order of their numbers; whoever stops reading has ended it."""
        with self.scratch() as folder:
            for ticket_id in self.tickets():
                yield self.one(ticket_id, folder)

    def tickets(self) -> tuple[str, ...]:
        """Every ticket that there is a record of."""
        with view(self.ledger) as connection:
            return every_ticket(connection)

    def one(self, ticket_id: str, folder: Path) -> Replayed:
        """As `replay`, with scratch files in a folder that several replays may share."""
        if note := self.forgotten(ticket_id):
            return Replayed(ticket=ticket_id, result="not kept", turns=0, steps=0, note=note)
        record, steps = self.record(ticket_id), self.steps(ticket_id)
        with staged(self.deps, record, folder, live=self.live, triage=self.triage) as stage:
            rerun = Rerun(record, stage, steps, self.today)
            return _replayed(rerun)

    def fork(self, ticket_id: str, at: int, values: Mapping[str, object]) -> Forked:
        """What would have come of it had the step left other values: see `countersign.replay.fork`."""
        if note := self.forgotten(ticket_id):
            raise ReplayMismatchError(note, where=ticket_id, detail="not_kept")
        record, steps = self.record(ticket_id), self.steps(ticket_id)
        with self.scratch() as folder, staged(self.deps, record, folder, live=False, triage=self.triage) as stage:
            return branched(Rerun(record, stage, steps, self.today), at, values)

    def forgotten(self, ticket_id: str) -> str:
        """Why nothing is left to run the ticket from: retention, or an erasure; empty where it is there."""
        if when := erased(self.ledger, ticket_id):
            return f"all that was known about it was erased on {when:%d %b %Y}"
        found = pruned(self.ledger, ticket_id)
        return f"retention forgot on {found.at:%d %b %Y} what it read up to turn {found.turn}" if found else ""

    def record(self, ticket_id: str) -> Recording:
        """What the ledger has of a ticket. Raises StorageError where there is none."""
        with view(self.ledger) as connection:
            try:
                return recording(connection, ticket_id)
            except MisuseError:
                raise StorageError("there is no such ticket", where=ticket_id, detail="no_ticket") from None

    def steps(self, ticket_id: str) -> tuple[Kept, ...]:
        """The steps that the ticket's thread keeps; none where there is no thread."""
        return thread_steps(self.threads, ticket_id)

    @contextmanager
    def scratch(self) -> Generator[Path]:
        """A folder for scratch files."""
        with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
            yield Path(folder)


def thread_steps(threads: Path, ticket_id: str) -> tuple[Kept, ...]:
    """The steps that a ticket's thread keeps, read without changing the file."""
    if not threads.is_file():
        return ()
    saver = ThreadSaver(threads, serde=serializer(STATE_TYPES), only_read=True)
    try:
        return kept_steps(
            passed(saver.list({"configurable": {"thread_id": thread_id(ticket_id), "checkpoint_ns": ""}}))
        )
    finally:
        saver.close()


def _replayed(rerun: Rerun) -> Replayed:
    divergence, note, result = None, "", "same"
    try:
        rerun.play()
    except DivergedError as error:
        divergence, result = error.divergence, "diverged"
    except NotKeptError as error:
        note, result = str(error), "not kept"
    named = set(divergence.causes) if divergence else set[object]()
    return Replayed.model_validate(
        {
            "ticket": rerun.record.id, "result": result, "turns": rerun.turns, "steps": len(rerun.ran),
            "divergence": divergence, "note": note,
            "changed": tuple(cause for cause in rerun.changed() if cause not in named),
        }
    )  # fmt: skip


__all__ = ["Forked", "Replayed", "Replayer", "thread_steps"]
