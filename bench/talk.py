"""A conversation as many graphs keep it: every message stays in the state."""

import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from checkpoints.saver import ThreadSaver
from checkpoints.serializer import serializer

_LINE = 216


class Talk(TypedDict):
    """The messages so far."""

    messages: Annotated[list[str], operator.add]


def talk(path: Path, turns: int) -> Iterator[tuple[int, ThreadSaver]]:
    """Holds it over a file, and answers after each turn how many there were."""
    with ThreadSaver(path, serde=serializer(())) as saver:
        graph = _graph(saver)
        for number in range(1, turns + 1):
            line = f"{number}: customer ".ljust(_LINE, "a")
            graph.invoke({"messages": [line]}, {"configurable": {"thread_id": "talk"}}, durability="sync")
            yield number, saver


def _hear(_state: Talk) -> dict[str, object]:
    return {}


def _answer(state: Talk) -> Talk:
    return {"messages": [f"{len(state['messages'])}: desk ".ljust(_LINE, "b")]}


def _graph(saver: ThreadSaver) -> Any:
    builder: Any = StateGraph(Talk)
    builder.add_node("hear", _hear)
    builder.add_node("answer", _answer)
    for start, end in ((START, "hear"), ("hear", "answer"), ("answer", END)):
        builder.add_edge(start, end)
    return builder.compile(checkpointer=saver)
