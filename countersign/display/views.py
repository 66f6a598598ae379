"""What the Python API answers: values that show themselves, in a terminal through rich, in a notebook as HTML or SVG.

They hold what was read when they were made, but for a ticket, which reads its story from the open desk.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self, cast, overload

from pydantic import JsonValue, PrivateAttr

from checkpoints.thread import thread_id
from countersign.domain.errors import StorageError
from countersign.domain.plan import Plan
from countersign.domain.ticket import Ticket

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from rich.console import RenderableType

    from countersign.display.steps import Step
    from countersign.domain.state import TicketState
    from countersign.ledger.read import Event, Waiting
    from countersign.ports import Blobs
    from countersign.review import Shown
    from countersign.runtime import Runtime


class Shows(ABC):
    """Something that is drawn one way and shown two: `rich.print(it)`, and as a notebook cell's result."""

    @abstractmethod
    def __rich__(self) -> "RenderableType": ...

    def _repr_html_(self) -> str:
        from countersign.display.html import page

        return page(self.__rich__())


class PlanView(Shows, Plan):
    """A plan that shows itself."""

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The same plan."""
        return cls.model_construct(**dict(plan))

    def __rich__(self) -> "RenderableType":
        from countersign.display.plan import drawn

        return drawn(self)

    def __repr__(self) -> str:
        return f"<plan {self.category}: {self.request}>"


class TicketView(Shows, Ticket):
    """The ledger's view of a ticket as it was when it was asked for, with the way to its story.

    `timeline`, `steps`, `plans`, `graph` and `why` read the open desk; they raise StorageError once it is closed.
    """

    _desk: "Runtime" = PrivateAttr()

    @classmethod
    def of(cls, ticket: Ticket, desk: "Runtime") -> Self:
        """The same ticket, with the desk that it is at."""
        view = cls.model_construct(**dict(ticket))
        view._desk = desk
        return view

    def timeline(self) -> "Timeline":
        """What happened to it so far."""
        return self._desk.timeline(self.id)

    def steps(self) -> "Steps":
        """The nodes that its current turn passed, and what each came to."""
        from countersign.display.steps import steps_of

        return Steps(steps_of(self._desk.graph.get_state_history(_thread(self.id)), self.turn))

    def plans(self) -> tuple[PlanView, ...]:
        """What its requests come to, in the order in which they were asked, or the resolver's one plan."""
        from nodes.act.planned import plans_made

        values = cast("TicketState", self._desk.graph.get_state(_thread(self.id)).values)
        return tuple(PlanView.of(plan) for plan in plans_made(values))

    def graph(self) -> "Road":
        """The graph, with the road that its current turn took."""
        return self.steps().road()

    def why(self) -> "Why":
        """Who decided what about it, under which rules, from which facts."""
        from countersign.ledger.read import why

        return Why(why(self._desk.ledger, self.id))

    def __rich__(self) -> "RenderableType":
        try:
            return self.timeline().__rich__()
        except StorageError:  # the desk is closed: what was read stays
            from countersign.display.timeline import head

            return head(self.model_dump(mode="json"))

    def __repr__(self) -> str:
        about = ", ".join(self.requests) or self.reason
        return f"<ticket {self.id}, {self.status.replace('_', ' ')}{': ' if about else ''}{about}>"


@dataclass(frozen=True, repr=False)
class Timeline(Shows, Sequence["Event"]):
    """A ticket's events, in the order in which they were recorded."""

    ticket: Ticket
    events: tuple["Event", ...]
    blobs: "Blobs"
    """Where the messages' texts are."""

    @overload
    def __getitem__(self, place: int) -> "Event": ...
    @overload
    def __getitem__(self, place: slice) -> tuple["Event", ...]: ...
    def __getitem__(self, place: int | slice) -> "Event | tuple[Event, ...]":
        return self.events[place]

    def __len__(self) -> int:
        return len(self.events)

    def __rich__(self) -> "RenderableType":
        from rich.console import Group
        from rich.text import Text

        from countersign.display.timeline import drawn, head

        return Group(head(self.ticket.model_dump(mode="json")), Text(""), drawn(self.events, self.blobs))

    def __repr__(self) -> str:
        return f"<timeline of {self.ticket.id}: {', '.join(event.event for event in self.events)}>"


@dataclass(frozen=True, repr=False)
class Steps(Shows):
    """The steps of a turn, in order."""

    steps: tuple["Step", ...]

    def __iter__(self) -> "Iterator[Step]":
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def road(self) -> "Road":
        """The graph with these steps marked."""
        waits = self.steps[-1].node if self.steps and self.steps[-1].waits else ""
        return Road(tuple(step.node for step in self.steps if not step.waits), waits)

    def __rich__(self) -> "RenderableType":
        from countersign.display.steps import drawn

        return drawn(self.steps)

    def __repr__(self) -> str:
        return f"<steps: {' → '.join(step.node for step in self.steps)}>"


@dataclass(frozen=True, repr=False)
class Road:
    """The support graph as a picture, with the nodes that a ticket passed and the one where it waits."""

    passed: tuple[str, ...] = ()
    waits: str = ""

    def _repr_svg_(self) -> str:
        from countersign.display.picture import support_svg

        return support_svg(self.passed, self.waits)

    def __rich__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return " → ".join((*self.passed, f"{self.waits} (waits)") if self.waits else self.passed)


@dataclass(frozen=True, repr=False)
class Why(Shows):
    """Who decided what, and why: `facts` as `countersign.ledger.read.why` tells it."""

    facts: dict[str, JsonValue]

    def __rich__(self) -> "RenderableType":
        from countersign.display.reasons import reasons

        return reasons(self.facts)

    def __repr__(self) -> str:
        return "<why>"


@dataclass(frozen=True, repr=False)
class Inbox(Shows):
    """What waits for a person: the most money first."""

    tickets: "tuple[Waiting, ...]"
    now: datetime
    """What ages and deadlines are reckoned from."""

    def __iter__(self) -> "Iterator[Waiting]":
        return iter(self.tickets)

    def __len__(self) -> int:
        return len(self.tickets)

    def __rich__(self) -> "RenderableType":
        from countersign.display.inbox import inbox

        return inbox(self.tickets, self.now)

    def __repr__(self) -> str:
        return f"<inbox: {', '.join(item.ticket for item in self.tickets) or 'nothing waits'}>"


@dataclass(frozen=True, repr=False)
class ReviewView(Shows):
    """What a person is asked about a ticket: an answer counts for exactly this."""

    shown: "Shown"
    now: datetime
    """What the time that is left is reckoned from."""

    def __rich__(self) -> "RenderableType":
        from countersign.display.review import review

        return review(self.shown, self.now)

    def __repr__(self) -> str:
        review = self.shown.review
        return f"<review of {self.shown.ticket.id}: {review.status if review else 'nothing is asked'}>"


def _thread(ticket_id: str) -> "RunnableConfig":
    return {"configurable": {"thread_id": thread_id(ticket_id)}}
