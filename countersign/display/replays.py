"""What replays and forks answer: values that show themselves, like those of `countersign.display.views`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from countersign.display.views import Shows
from countersign.replay.found import Divergence, Replayed
from countersign.replay.steps import Kept

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countersign.replay.fork import Forked


@dataclass(frozen=True, repr=False)
class History(Shows):
    """The steps of a ticket's thread, in all its turns, numbered from 1."""

    ticket: str
    steps: tuple[Kept, ...]

    def __iter__(self) -> Iterator[Kept]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __rich__(self) -> "RenderableType":
        from countersign.display.replay import history

        return history(self.ticket, self.steps)

    def __repr__(self) -> str:
        return f"<history of {self.ticket}: {' → '.join(step.node for step in self.steps)}>"


@dataclass(frozen=True, repr=False)
class Replays(Shows):
    """What replaying one ticket came to, or several."""

    tickets: tuple[Replayed, ...]

    def __iter__(self) -> Iterator[Replayed]:
        return iter(self.tickets)

    def __len__(self) -> int:
        return len(self.tickets)

    @property
    def diverged(self) -> Mapping[str, Divergence]:
        """The tickets that came to something else, each with its first divergence."""
        return {one.ticket: one.divergence for one in self.tickets if one.divergence}

    def __rich__(self) -> "RenderableType":
        from countersign.display.replay import replays

        return replays(self.tickets)

    def __repr__(self) -> str:
        found = [f"{one.ticket} {one.result}" for one in self.tickets if one.result != "same"]
        count = f"{len(self.tickets)} ticket" + ("" if len(self.tickets) == 1 else "s")
        return f"<replays: {count}, {', '.join(found) or 'all the same'}>"


@dataclass(frozen=True, repr=False)
class ForkView(Shows):
    """A turn as it was beside the turn as it would have been."""

    fork: "Forked"

    def __rich__(self) -> "RenderableType":
        from countersign.display.fork import forked

        return forked(self.fork)

    def __repr__(self) -> str:
        return f"<fork of {self.fork.ticket} at step {self.fork.at}: {', '.join(self.fork.changed)}>"
