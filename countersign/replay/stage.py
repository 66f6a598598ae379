"""Where a ticket is run again: a scratch ledger, a scratch thread under a new id, and ports that cause nothing."""

import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid5

from checkpoints.saver import ThreadSaver
from checkpoints.serializer import serializer
from checkpoints.start import start_of
from checkpoints.thread import MOST_STEPS, NAMESPACE
from countersign.domain.state import STATE_TYPES, TicketState
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger, open_ledger
from countersign.ledger.recording import Recording
from countersign.llm.models import SeatedModels
from countersign.ports import Deps
from countersign.replay.calls import RecordedCalls
from countersign.replay.effects import RecordedGateway
from countersign.replay.playback import Guarded, Playback, StoppedClock, outside
from countersign.spans import UNTRACED
from graphs.support import SupportGraph, support_graph

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

Wrote = tuple[str, Mapping[str, Any]]
"""A node and what it wrote."""


@dataclass(frozen=True)
class Stage:
    """One ticket's scratch files, and the graph over them."""

    ledger: SqlLedger
    graph: SupportGraph
    clock: StoppedClock
    playback: Playback
    gateway: RecordedGateway
    config: "RunnableConfig"

    def steps(self, ref: TicketRef, *, one_by_one: bool = False) -> Iterator[Wrote]:
        """Runs the turn from where its thread stands, until it ends or waits; each node that ran, with what it wrote.

        `one_by_one` leaves the thread after each step as a checkpoint that can be branched from.
        """
        start = start_of(self.graph.get_state(self.config), ref)
        yield from self._one_by_one(start) if one_by_one else self._stream(start)

    def branch(self, node: str, values: Mapping[str, Any]) -> None:
        """Writes values as if that node, which ran last, had written them."""
        self.graph.update_state(self.config, dict(values), as_node=node)

    def next_node(self) -> str:
        """Where the thread stands; empty at its end."""
        return next(iter(self.graph.get_state(self.config).next), "")

    def values(self) -> TicketState:
        """The thread's state."""
        return cast("TicketState", self.graph.get_state(self.config).values)

    def _stream(self, start: Any, **how: Any) -> Iterator[Wrote]:
        for found in self.graph.stream(start, self.config, stream_mode="updates", durability="sync", **how):  # pyright: ignore[reportUnknownMemberType]  generics left open
            for node, update in cast("Mapping[str, Any]", found).items():
                if not node.startswith("__"):
                    yield node, cast("Mapping[str, Any]", update or {})

    def _one_by_one(self, start: Any) -> Iterator[Wrote]:
        while True:
            ran = list(self._stream(start, interrupt_after="*"))
            state = self.graph.get_state(self.config)
            yield from ran
            if not state.next or state.interrupts:
                return
            start = None


@contextmanager
def staged(deps: Deps, record: Recording, folder: Path, *, live: bool, triage: str) -> Generator[Stage]:
    """Scratch files for one ticket in a folder, removed afterwards; `folder/empty.db` is a ledger to begin with."""
    own = folder / record.id
    own.mkdir(mode=0o700)
    shutil.copyfile(empty_ledger(folder), own / "ledger.db")
    clock = StoppedClock(record.ticket["opened_at"])
    playback = Playback(record, clock, live=live, triage=triage)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, own, ignore_errors=True)
        ledger = open_ledger(own / "ledger.db")
        stack.callback(ledger.close)
        saver = ThreadSaver(own / "checkpoints.db", serde=serializer(STATE_TYPES))
        stack.callback(saver.close)
        gateway = RecordedGateway(record, ledger)
        scratch = _scratch(deps, ledger, clock, gateway, playback)
        thread = str(uuid5(NAMESPACE, f"replay of {record.id}"))
        config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": MOST_STEPS}
        yield Stage(ledger, support_graph(scratch, saver), clock, playback, gateway, config)


def empty_ledger(folder: Path) -> Path:
    """A ledger without rows, made once: migrating takes longer than running a ticket."""
    path = folder / "empty.db"
    if not path.exists():
        open_ledger(path).close()
    return path


def _scratch(deps: Deps, ledger: SqlLedger, clock: StoppedClock, gateway: RecordedGateway, playback: Playback) -> Deps:
    """The desk's own parts, with nothing behind them that acts; the world is read only where the playback allows it."""
    guarded: dict[str, Any] = {name: Guarded(name, getattr(deps, name), playback) for name in outside(deps)}
    guarded["outbox"] = Guarded("outbox", None, playback)
    if isinstance(deps.models, SeatedModels):
        book = RecordedCalls(ledger, playback)
        parts = replace(deps.models.parts, book=book, clock=clock, cassette=None, tracer=UNTRACED)
        guarded["models"] = SeatedModels(parts)
    return replace(
        deps, ledger=ledger, clock=clock, gateway=gateway, scope=playback.scope, person="", on_point=None, **guarded
    )
