"""Undoing: how a turn's steps would be taken back, and what is being taken back because a later step failed."""

from countersign.domain.frozen import Frozen
from countersign.domain.plan import Proposal


class UndoStep(Frozen):
    """How one proposal of the turn would be taken back."""

    proposal: str
    """Its id in the turn."""
    by: Proposal
    """The effect that takes it back."""


class Undo(Frozen):
    """The turn's undo plan."""

    steps: tuple[UndoStep, ...] = ()
    """Of the proposals that an effect can take back; the others a person can, or nobody."""
    begun: tuple[Proposal, ...] = ()
    """What the turn does now in place of its plans, the latest step first; empty while nothing has failed."""
