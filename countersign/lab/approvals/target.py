"""What a case may do to whatever it is run against, and what it may look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph

from countersign.lab.stage import LabClock

AMOUNT = 24900
"""What the customer asks for: one of two charges of 249.00, so that the provider would not refuse a second refund."""
ORDER, CUSTOMER, SENDER = "FH-10049", "Viktor Hradec", "viktor.hradec@example.com"
TEXT = (
    "Hello,\n\nfor order FH-10049 you charged my card twice, 2 x 249 EUR. I want the second payment back as soon as "
    "possible, please.\n\nViktor Hradec"
)
REVIEWER, LEAD = "maria", "ines"
"""Maria may approve 300.00 a day; Ines may approve more, and changes of accounts."""


class Broken(Exception):  # noqa: N818  a promise that was not kept, not an error of ours
    """The promise was not kept; the text says what happened instead."""


class Refused(Exception):  # noqa: N818  an answer that was not taken
    """The answer was not taken; the text says why, and who was first where somebody was."""


class NotOffered(Exception):  # noqa: N818  likewise
    """What is run against has no such notion."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a person sees it."""

    ticket: str
    shown: str
    """What an answer names: the digest of what is shown, or an interrupt's id."""
    config: RunnableConfig
    """The checkpoint at which it is asked."""


@dataclass(frozen=True, slots=True)
class World:
    """What happened, by the provider's and the mail server's own records."""

    changes: tuple[tuple[str, int], ...] = ()
    """Kind and amount of each change, in order; 0 where no money moved."""
    mails: int = 0


NOTHING = World()
ONCE = World((("refund", AMOUNT),), 1)


class Target(Protocol):
    """A way to handle a refund that a person has to approve, on files of its own.

    Any step may raise NotOffered.
    """

    clock: LabClock
    act: str
    """The node that acts."""
    ask: str
    """The node that waits."""

    @property
    def graph(self) -> CompiledStateGraph[Any, Any, Any, Any]: ...

    def deliver(self, key: str = "m1", text: str = TEXT) -> str:
        """Takes a customer's message and runs until a person is asked; the ticket. Later ones continue it."""
        ...

    def asked(self, ticket: str) -> Asked | None:
        """What is asked now; None where nothing is."""
        ...

    def answer(self, asked: Asked, reply: str, by: str = LEAD) -> None:
        """`approve`, `reject`, `take_over` or `close`, as a screen would send it. Raises Refused."""
        ...

    def edit(self, asked: Asked, kind: str, args: dict[str, Any], by: str = LEAD) -> None:
        """Puts another action in the place of the one that is asked about. Raises Refused."""
        ...

    def together(self, asked: Asked, replies: Sequence[tuple[str, str]], *, threads: bool = False) -> list[str]:
        """Answers by several people at once, as (reply, person): what each is told, empty where it was taken.

        Each has a process of their own, or a thread.
        """
        ...

    def resumed_together(self, asked: Asked) -> None:
        """The waiting thread is resumed with yes from two processes at once, past every screen."""
        ...

    def config(self, ticket: str) -> RunnableConfig:
        """The ticket's thread."""
        ...

    def signed_in(self, config: RunnableConfig) -> RunnableConfig:
        """The same, as a server makes it for the lead."""
        ...

    def yes(self) -> object:
        """What a thread is resumed with to approve."""
        ...

    def forged(self) -> dict[str, Any]:
        """State that pretends that the lead has approved the refund."""
        ...

    def other_amount(self, config: RunnableConfig) -> dict[str, Any]:
        """State in which the refund is another one."""
        ...

    def copy(self, ticket: str) -> RunnableConfig:
        """A copy of the ticket's thread."""
        ...

    def set_clock_back(self) -> None:
        """The machine's clock goes back an hour, and what is running is started anew."""
        ...

    def go_on(self) -> None:
        """What the next process does at its start."""
        ...

    def change_order(self) -> None:
        """Somebody else changes the order."""
        ...

    def forbid_refunds(self) -> None:
        """From now on no refund may be approved; what is running is started anew."""
        ...

    def misspell(self) -> None:
        """The rule about refunds names them wrongly from now on; what is running is started anew. Raises Refused."""
        ...

    def forget(self) -> None:
        """No rule speaks of refunds from now on; what is running is started anew. Raises Refused."""
        ...

    def revoke(self, person: str) -> None:
        """That person may approve nothing any more; what is running is started anew."""
        ...

    def rename_ask(self) -> None:
        """A deploy in which the node that waits has another name."""
        ...

    def approve_unseen(self, asked: Asked, by: str = LEAD) -> None:
        """The yes is taken while nothing runs that could carry it out."""
        ...

    def world(self) -> World: ...


def question(target: Target) -> Asked:
    """A message whose refund a person has to approve, as the person sees it. Raises Broken where nobody is asked."""
    asked = target.asked(target.deliver())
    if asked is None:
        raise Broken("nobody is asked")
    return asked


def happened(target: Target, wanted: World, when: str = "") -> None:
    """Raises Broken where something else has happened."""
    found = target.world()
    if found != wanted:
        raise Broken(f"{_told(found)}; wanted: {_told(wanted)} {when}".strip())


def refusal(target: Target, asked: Asked, reply: str, by: str = LEAD) -> str:
    """What is said to an answer that must not be taken. Raises Broken where it is taken."""
    try:
        target.answer(asked, reply, by)
    except Refused as refused:
        return str(refused)
    raise Broken(f"the second answer was taken without a word; {_told(target.world())}")


def _told(world: World) -> str:
    changes = [f"{kind} {amount / 100:.2f}" if amount else kind for kind, amount in world.changes]
    return f"{', '.join(changes) or 'no change'} and {world.mails or 'no'} mail"
