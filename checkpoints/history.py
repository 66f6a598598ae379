"""What a thread went through, read from its checkpoints alone: a graph that has changed since is not asked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from langgraph.checkpoint.base import Checkpoint, CheckpointTuple

_NEXT = "branch:to:"
"""The library's prefix of the channel that starts a node."""
_INTERRUPT, _ERROR, _RESUME, _NOTHING = "__interrupt__", "__error__", "__resume__", "__no_writes__"
_EPOCH = 0x01B21DD213814000
"""1970-01-01 in UUID time: 100 ns steps since 1582-10-15 (RFC 9562, section 5.1)."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A node that ran, or that waits, as the thread keeps it."""

    node: str
    before: Mapping[str, Any]
    """The channels as the node found them."""
    wrote: Mapping[str, Any]
    """The channels that it wrote."""
    waits: bool
    """It was interrupted and has not gone on."""
    checkpoint: str
    """Id of the checkpoint that it started from."""


def passed(newest_first: "Iterable[CheckpointTuple]") -> Iterator[Passed]:
    """A thread's steps, oldest first; a step that has neither finished nor been interrupted is none."""
    for found in reversed(list(newest_first)):
        nodes = next_nodes(found.checkpoint)
        if not nodes or not found.pending_writes:
            continue
        channels = {channel: value for _, channel, value in found.pending_writes}
        done = channels.keys() - {_INTERRUPT, _ERROR, _RESUME}
        if done or _INTERRUPT in channels:
            wrote = {name: value for name, value in channels.items() if name in done and not _is_sign(name)}
            yield Passed(nodes[0], found.checkpoint["channel_values"], wrote, not done, found.checkpoint["id"])


def _is_sign(channel: str) -> bool:
    """Whether it says where to go on, or that nothing was written."""
    return channel == _NOTHING or channel.startswith(_NEXT)


def next_nodes(checkpoint: "Checkpoint") -> tuple[str, ...]:
    """The nodes that the thread would go on with, whether the graph still has them or not."""
    return tuple(name.removeprefix(_NEXT) for name in checkpoint["channel_values"] if name.startswith(_NEXT))


def written_at(checkpoint_id: str) -> datetime:
    """When a checkpoint was written, by its id (UUID version 6); UTC."""
    number = UUID(checkpoint_id).int
    return datetime.fromtimestamp((((number >> 80) << 12 | (number >> 64) & 0xFFF) - _EPOCH) / 1e7, UTC)
