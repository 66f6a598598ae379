"""Whether a thread may go on from its newest checkpoint. Where it may not, its turn runs again from the inbox."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from checkpoints.history import next_nodes, written_at
from countersign.domain.state import TicketState
from countersign.domain.ticket import InboxMessage, TicketRef
from graphs.catalog import contracts

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple

AHEAD = 2.0
"""Seconds that a checkpoint may be ahead of the system's clock: ids of one process never go backwards."""


def distrust(head: "CheckpointTuple", ref: TicketRef, inbox: tuple[InboxMessage, ...], now: float) -> str:
    """Why a turn can't go on from its thread's newest checkpoint; empty where it can. `now` is in seconds since 1970.

    A checkpoint from the future hides every later one: checkpoints are in the order of their ids, which are times.
    A checkpoint whose next node is gone would end without a word: the library runs nothing and reports no error.
    """
    if written_at(head.checkpoint["id"]).timestamp() > now + AHEAD:
        return "its last checkpoint is from the future: the clock was set back"
    values = head.checkpoint["channel_values"]
    if values.get("ticket") != ref:
        return ""
    if not {message.key for message in values.get("inbox", ())} <= {message.key for message in inbox}:
        return "it read messages that this ledger does not have: the ledger was replaced"
    if channel := unreadable(values):
        return f"its {channel} can't be read any more: the types have changed"
    known, then = contracts(), _stamped(head.metadata)
    for name in next_nodes(head.checkpoint):
        if name not in known:
            return f"the graph has no node {name} any more"
        if known[name] != then.get(name):
            return f"the node {name} has another contract now"
    return ""


def unreadable(values: Mapping[str, object]) -> str:
    """The first channel whose value is not what the state declares; empty where all are.

    The library says nothing where a class has moved (a dict stands in its place) or has a new required field (it is
    built without).
    """
    for name, form in _forms().items():
        if name in values and not _readable(values[name], form):
            return name
    return ""


def _readable(value: object, form: TypeAdapter[Any]) -> bool:
    try:
        built = form.validate_json(form.dump_json(value, warnings="none"))
    except (ValidationError, PydanticSerializationError, AttributeError):
        return False
    return _classes(value) == _classes(built)


def _classes(value: object) -> list[type]:
    """The classes of a channel's value and of its items."""
    found: list[object] = [value]
    if isinstance(value, tuple):
        found += cast("tuple[object, ...]", value)
    return [type(item) for item in found]


@cache
def _forms() -> Mapping[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(declared) for name, declared in get_type_hints(TicketState).items()}


def _stamped(metadata: Mapping[str, object]) -> dict[str, str]:
    """The contracts of the graph that wrote it, as `graphs.support` stamps them."""
    pairs = (pair.partition("=") for pair in str(metadata.get("contracts", "")).split())
    return {name: contract for name, _, contract in pairs}
