"""The time of a step: the same nodes on like tickets, governed and less governed, one at a time and many at once."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from bench.measured import Measured, Say
from bench.world import fresh, questions
from checkpoints.saver import ThreadSaver
from checkpoints.serializer import serializer
from countersign.domain.state import STATE_TYPES, TicketState, Update
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from countersign.runtime import Runtime, thread_config
from countersign.spans import UNTRACED
from graphs.catalog import NODES
from graphs.support import FORKS, ROAD, support_graph

BARE = "the graph without a saver"
PLAIN = "plain functions"
READS = "the graph without a saver, reads recorded"
GOVERNED = "governed: `countersign run`"
SYNC = "stock SqliteSaver, reads recorded"
ASYNC = "stock AsyncSqliteSaver, reads recorded"
VARIANTS = (PLAIN, BARE, READS, GOVERNED, SYNC, ASYNC)
EMPTY_BARE, EMPTY_OURS, EMPTY_SYNC = "no saver", "our saver", "stock SqliteSaver"

_EMPTY_STEPS = 11

Handle = Callable[[TicketRef], object]
Graph = Any
"""A compiled graph: the library's own type is partly unknown to a type checker."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often, and over how many tickets, each of some variants is measured."""

    repetitions: int
    tickets: int
    variants: tuple[str, ...] = VARIANTS


PLAN = {1: Rounds(5, 8), 32: Rounds(3, 32), 256: Rounds(2, 256, (BARE, GOVERNED, SYNC))}
"""By how many run at once. Fewer variants where all of them would take longer than the rest of the bench."""

Plan = Mapping[int, Rounds]


def measure(prepared: Path, folder: Path, plan: Plan, say: Say) -> list[Measured]:
    """Milliseconds a step by variant and by how many tickets run at once: a value for each repetition.

    Each repetition measures all variants one after the other, so that a busy moment of the machine hits them alike.
    """
    found: dict[tuple[str, int], list[float]] = {}
    with fresh(prepared, folder / "steps") as runtime:
        length = _length(runtime)
        for at_once, rounds in plan.items():
            for number in range(1, rounds.repetitions + 1):
                say(f"steps: {at_once} at once, repetition {number} of {rounds.repetitions}")
                new = questions(runtime, rounds.tickets * len(rounds.variants))
                for name in rounds.variants:
                    refs = list(islice(new, rounds.tickets))
                    seconds = _seconds(name, runtime, refs, at_once, folder / f"{at_once}-{number}")
                    found.setdefault((name, at_once), []).append(1000 * seconds / (rounds.tickets * length))
    return [Measured(f"step/{at_once}/{name}", tuple(values)) for (name, at_once), values in found.items()]


def _length(runtime: Runtime) -> int:
    """How many steps the road of a question has; every ticket that is measured takes the same one."""
    (ref,) = questions(runtime, 1)
    return _walk(ref, unrecorded(runtime.deps))


def unrecorded(deps: Deps) -> Deps:
    """Deps whose reads nobody records, and whose steps nobody traces."""
    return replace(deps, scope=_unscoped, tracer=UNTRACED)


def _unscoped(deps: Deps, _ref: TicketRef, _step: str) -> Deps:
    return deps


def _walk(ref: TicketRef, deps: Deps) -> int:
    """The road without any graph: each node's function called on a dict; answers how many ran."""
    state, name, steps = TicketState(ticket=ref), "receive", 0
    while name != END:
        state.update(NODES[name].function(state, deps=deps))  # pyright: ignore[reportArgumentType, reportCallIssue]  an Update is part of a state
        steps += 1
        name = _next(name, state)
    return steps


def _next(name: str, state: TicketState) -> str:
    for start, route, answers in FORKS:
        if start == name:
            return answers[route(state)]
    return dict(ROAD)[name]


def _seconds(name: str, runtime: Runtime, refs: Sequence[TicketRef], at_once: int, folder: Path) -> float:
    folder.mkdir(parents=True, exist_ok=True)
    if name == ASYNC:
        return asyncio.run(_awaited(runtime.deps, refs, at_once, folder / "async.db"))
    with _handling(name, runtime, folder) as handle:
        return _together(handle, refs, at_once)


def _together(handle: Handle, refs: Sequence[TicketRef], at_once: int) -> float:
    """Seconds until all are handled, so many at once."""
    with ThreadPoolExecutor(at_once) as pool:
        start = perf_counter()
        for _ in pool.map(handle, refs):
            pass
        return perf_counter() - start


@contextmanager
def _handling(name: str, runtime: Runtime, folder: Path) -> Generator[Handle]:
    deps = runtime.deps
    with ExitStack() as stack:
        if name == PLAIN:
            yield lambda ref: _walk(ref, unrecorded(deps))
        elif name == GOVERNED:
            yield lambda ref: runtime.handle(ref.id)
        else:
            saver = stack.enter_context(stock(folder / "sync.db")) if name == SYNC else None
            graph: Graph = support_graph(unrecorded(deps) if name == BARE else replace(deps, tracer=UNTRACED), saver)
            yield _invoking(graph, kept=saver is not None)


def _invoking(graph: Graph, *, kept: bool) -> Handle:
    """Calls a graph; each step is kept before the next begins, where it is kept at all."""
    how = {"durability": "sync"} if kept else {}
    return lambda ref: graph.invoke(TicketState(ticket=ref), thread_config(ref.id), **how)


@contextmanager
def stock(path: Path) -> Generator[BaseCheckpointSaver[Any]]:
    """The library's saver as its documentation opens it, with our allow-list of types."""
    with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
        yield SqliteSaver(connection, serde=serializer(STATE_TYPES))


@asynccontextmanager
async def _stock_async(path: Path) -> AsyncGenerator[BaseCheckpointSaver[Any]]:
    async with aiosqlite.connect(path) as connection:
        yield AsyncSqliteSaver(connection, serde=serializer(STATE_TYPES))


async def _awaited(deps: Deps, refs: Sequence[TicketRef], at_once: int, path: Path) -> float:
    places = asyncio.Semaphore(at_once)
    async with AsyncExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(at_once))
        asyncio.get_running_loop().set_default_executor(pool)
        graph: Graph = support_graph(
            replace(deps, tracer=UNTRACED), await stack.enter_async_context(_stock_async(path))
        )

        async def handle(ref: TicketRef) -> None:
            async with places:
                await graph.ainvoke(TicketState(ticket=ref), thread_config(ref.id), durability="sync")

        start = perf_counter()
        await asyncio.gather(*(handle(ref) for ref in refs))
        return perf_counter() - start


def measure_empty(folder: Path, plan: Plan, say: Say) -> list[Measured]:
    """Microseconds a step of a graph whose nodes do nothing: the machinery alone."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, int], list[float]] = {}
    for at_once in (1, 32):
        repetitions, count = plan[at_once].repetitions, plan[at_once].tickets
        for number in range(repetitions):
            say(f"empty steps: {at_once} at once, repetition {number + 1} of {repetitions}")
            for name in (EMPTY_BARE, EMPTY_OURS, EMPTY_SYNC):
                refs = [TicketRef(id=f"CS-{each}", turn=1) for each in range(count)]
                with _empty(name, folder / f"empty-{at_once}-{number}.db") as handle:
                    micros = 1_000_000 * _together(handle, refs, at_once) / (count * _EMPTY_STEPS)
                found.setdefault((name, at_once), []).append(micros)
    return [Measured(f"empty/{at_once}/{name}", tuple(values)) for (name, at_once), values in found.items()]


@contextmanager
def _empty(name: str, path: Path) -> Generator[Handle]:
    with ExitStack() as stack:
        saver: BaseCheckpointSaver[Any] | None = None
        if name == EMPTY_OURS:
            saver = stack.enter_context(ThreadSaver(path, serde=serializer(STATE_TYPES)))
        elif name == EMPTY_SYNC:
            saver = stack.enter_context(stock(path.with_suffix(".stock.db")))
        yield _invoking(_chain(saver), kept=saver is not None)


def _chain(saver: BaseCheckpointSaver[Any] | None) -> Graph:
    builder: Graph = StateGraph(TicketState)
    names = [START, *list(NODES)[:_EMPTY_STEPS], END]
    for name in names[1:-1]:
        builder.add_node(name, _nothing)
    for start, end in pairwise(names):
        builder.add_edge(start, end)
    return builder.compile(checkpointer=saver)


def _nothing(_state: TicketState) -> Update:
    return Update(refusal="")
