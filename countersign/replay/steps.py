"""The steps that a ticket's thread keeps, as a replay meets them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from checkpoints.history import Passed, written_at


@dataclass(frozen=True, slots=True)
class Kept:
    """A step of the thread, with its number in the ticket's history, from 1."""

    number: int
    turn: int
    node: str
    wrote: Mapping[str, Any]
    waits: bool
    at: datetime


def kept_steps(found: Iterable[Passed]) -> tuple[Kept, ...]:
    """The thread's steps, numbered. A step whose turn can't be read belongs to that of the step before."""
    steps: list[Kept] = []
    for number, one in enumerate(found, 1):
        turn = _turn(one.wrote.get("ticket") or one.before.get("ticket"), steps[-1].turn if steps else 1)
        steps.append(Kept(number, turn, one.node, one.wrote, one.waits, written_at(one.checkpoint)))
    last = len(steps)
    return tuple(step for step in steps if not step.waits or step.number == last)


def met_again(steps: Iterable[Kept]) -> Iterator[Kept]:
    """The steps that a replay compares: of an execution the last, and no answer that was not taken."""
    found = [step for step in steps if not step.waits]
    for place, step in enumerate(found):
        later = found[place + 1] if place + 1 < len(found) else None
        if step.node == "execute" and has_more(step.wrote):
            continue
        if _asks_again(step) or (step.node == "review" and later is not None and _asks_again(later)):
            continue
        yield step


def has_more(wrote: Mapping[str, Any]) -> bool:
    """Whether an execution goes on after the step: an effect may take several, as many as it was tried."""
    progress = wrote.get("progress")
    return bool(_field(progress, "remaining")) and not _field(progress, "problem")


def _asks_again(step: Kept) -> bool:
    """A person was asked, and the question stayed open."""
    if step.node != "record_review":
        return False
    return _field(step.wrote.get("review"), "status") in (None, "open")


def _turn(ticket: object, otherwise: int) -> int:
    turn = _field(ticket, "turn")
    return turn if isinstance(turn, int) else otherwise


def _field(value: object, name: str) -> object:
    """A field of a value, or of the mapping that stands in its place where its class is gone."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).get(name)
    return getattr(value, name, None)
