"""What replaying a ticket comes to."""

from typing import Literal

from pydantic import JsonValue

from countersign.domain.frozen import Frozen

CauseKind = Literal[
    "code", "prompt", "policy rule", "reply template", "triage model", "desk setting", "fact", "nothing recorded"
]
Result = Literal["same", "diverged", "not kept"]


class Cause(Frozen):
    """Something that is other now than it was then, by name."""

    kind: CauseKind
    name: str
    """`refund.small`, `en/parcel_late`, `playbook cancel_order`, `shop.order FH-10001: status`."""
    then: str = ""
    """A digest, or a fact's value; empty where there was none."""
    now: str = ""


class Difference(Frozen):
    """The first thing in which two values differ."""

    path: str
    """`plans[0].reply.template`; empty where they differ as a whole."""
    then: JsonValue
    now: JsonValue


class Divergence(Frozen):
    """The first step that came to something else than is recorded."""

    turn: int
    step: int
    """Its number in the ticket's history; 0 where the thread's steps are not kept any more."""
    node: str
    difference: Difference
    causes: tuple[Cause, ...]
    """What has changed that this step goes by, the nearest first."""


class Replayed(Frozen):
    """One ticket, run again."""

    ticket: str
    result: Result
    turns: int
    """Turns that were run again."""
    steps: int
    """Steps that were run again."""
    divergence: Divergence | None = None
    changed: tuple[Cause, ...] = ()
    """What the ticket was handled with that is other now and made no difference."""
    note: str = ""
    """Why it can't be run again, or what of it was not."""
