"""Small graphs and state types for the saver's tests, importable under one name in every process."""
# pyright: reportUnknownMemberType=false
# langgraph's builder has partly unknown types

import enum
import operator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs] - it has none
from langgraph.types import interrupt
from pydantic import BaseModel

from checkpoints.saver import ThreadSaver
from checkpoints.serializer import serializer


class Mood(enum.Enum):
    """An enum in state."""

    CALM = "calm"
    ANGRY = "angry"


class Line(BaseModel, frozen=True):
    """A model inside a model."""

    sku: str
    amounts: tuple[int, ...]


class Case(BaseModel, frozen=True):
    """A model with everything that state may hold."""

    mood: Mood
    at: datetime
    lines: tuple[Line, ...]


class Unlisted(BaseModel, frozen=True):
    """A model that no allow-list names; building it leaves a trace."""

    text: str

    def model_post_init(self, _context: Any) -> None:
        """Counts every instance built."""
        BUILT.append(self.text)


BUILT: list[str] = []
STATE_TYPES: tuple[type, ...] = (Mood, Line, Case)


class CaseState(TypedDict, total=False):
    """State of the graph that keeps typed values."""

    case: Case
    cases: tuple[Case, ...]
    mood: Mood
    at: datetime
    answer: str


class Trail(TypedDict, total=False):
    """State of the graphs that count: which steps have run."""

    trail: Annotated[list[str], operator.add]


Graph = Any
"""A compiled graph: the library's own type is partly unknown to a type checker."""


def open_saver(path: Path, types: tuple[type, ...] = STATE_TYPES, **options: Any) -> ThreadSaver:
    """A saver over the file, with these tests' types."""
    return ThreadSaver(path, serde=serializer(types), **options)


def config(thread: str = "t", **more: Any) -> RunnableConfig:
    """A config that names a thread."""
    return {"configurable": {"thread_id": thread, "checkpoint_ns": "", **more}}


def steps(saver: BaseCheckpointSaver[Any], count: int) -> Graph:
    """A chain of nodes s0, s1, ... that each add their name to the trail."""
    builder = StateGraph(Trail)
    for number in range(count):
        builder.add_node(f"s{number}", _adds(f"s{number}"))
        builder.add_edge(f"s{number - 1}" if number else START, f"s{number}")
    builder.add_edge(f"s{count - 1}", END)
    return builder.compile(checkpointer=saver)


def talk(saver: BaseCheckpointSaver[Any], size: int) -> Graph:
    """One node that answers every line with a line of its own, both `size` characters long and all different."""

    def answer(state: Trail) -> Trail:
        return {"trail": [f"{len(state.get('trail', []))}:".ljust(size, "b")]}

    builder = StateGraph(Trail)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=saver)


def asking(saver: BaseCheckpointSaver[Any], question: Any = "go on?") -> Graph:
    """before -> ask (interrupts) -> after, over typed state."""

    def before(state: CaseState) -> CaseState:
        return {"mood": Mood.ANGRY}

    def ask(state: CaseState) -> CaseState:
        return {"answer": str(interrupt(question))}

    def after(state: CaseState) -> CaseState:
        return {"answer": state.get("answer", "") + "!"}

    builder = StateGraph(CaseState)
    for name, node in (("before", before), ("ask", ask), ("after", after)):
        builder.add_node(name, node)
    builder.add_edge(START, "before")
    builder.add_edge("before", "ask")
    builder.add_edge("ask", "after")
    builder.add_edge("after", END)
    return builder.compile(checkpointer=saver)


def _adds(name: str) -> Any:
    def node(_state: Trail) -> Trail:
        return {"trail": [name]}

    return node
