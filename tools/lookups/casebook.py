"""What one investigation has seen. What is not in the casebook can be neither cited nor proposed about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from countersign.domain.errors import CountersignError, RejectedError
from countersign.domain.facts import Fact, FactKind
from countersign.domain.frozen import canonical, digest
from countersign.domain.plan import Principal, Proposal
from countersign.domain.resolution import Inquiry, Lookup
from countersign.domain.shop import Address, Customer, Order, Subscription
from countersign.ports import Deps

AGENT = Principal(kind="Agent", id="resolver")
"""In whose name an agent proposes."""
Found = dict[str, JsonValue]
"""What a tool answers the model, as JSON."""
_DIGITS = 6
_LONGEST_ABOUT = 80


class Input(BaseModel):
    """The arguments that a model may give: closed and strict. Who asks is never one of them."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentTool:
    """One tool in an agent's hand: what the model is told of it, what it takes, and what it does to the casebook."""

    name: str
    says: str
    takes: type[Input]
    call: Callable[["Casebook", Any], Found]

    def use(self, book: "Casebook", given: Input) -> Found:
        """Calls it and notes in the casebook that it was called. Raises what the call raises."""
        before, problem = len(book.facts), ""
        try:
            with book.deps.tracer.span("tool", self.name):
                return self.call(book, given)
        except CountersignError as error:
            problem = error.full_code
            raise
        finally:
            about = ", ".join(str(value) for value in given.model_dump(exclude={"because"}).values() if value)
            found = len(book.facts) - before
            book.lookups.append(Lookup(tool=self.name, about=about[:_LONGEST_ABOUT], found=found, problem=problem))


class Casebook:
    """Facts, records and proposals of one investigation, by the names under which the model may speak of them."""

    def __init__(self, inquiry: Inquiry, deps: Deps) -> None:
        self.inquiry, self.deps = inquiry, deps
        self.now: datetime = deps.clock.now()
        self.facts: dict[str, Fact] = {}
        self.orders: dict[str, Order] = {}
        self.membership: Subscription | None = None
        self.account: Customer | None = None
        self.addresses: dict[str, tuple[str, Address]] = {}
        """Complete addresses in the customer's own message, by fact; each with the order whose country it fits."""
        self.proposals: dict[str, Proposal] = {}
        self.lookups: list[Lookup] = []

    @property
    def customer(self) -> str:
        """The customer who asks. Raises RejectedError (`rejected.unverified`) where nobody knows who that is."""
        sender = self.inquiry.sender
        if sender.verified == "none" or not sender.customer:
            text = "nobody is known to have asked: no account may be looked up"
            raise RejectedError(text, hint="answer from the help centre alone", detail="unverified")
        return sender.customer

    def state(self, name: str, value: str, source: str, kind: FactKind = "text") -> Found:
        """Enters one fact and answers it as the model sees it; the same fact has the same id in every run."""
        fact = Fact(name=name, kind=kind, value=value, source=source)
        known = "F" + digest(fact)[:_DIGITS]
        self.facts[known] = fact
        return {"id": known, "what": name, "value": value, "word_of": fact.origin, "source": source}

    def order(self, number: str) -> Order:
        """An order that was looked up. Raises RejectedError (`rejected.not_looked_up`) for any other."""
        if number not in self.orders:
            raise _unseen(f"no order `{number[:20]}` was looked up in this ticket")
        return self.orders[number]

    def cited(self, names: list[str]) -> tuple[Fact, ...]:
        """Facts by their ids. Raises RejectedError (`rejected.not_looked_up`) where one was never looked up."""
        for name in names:
            if name not in self.facts:
                raise _unseen(f"there is no fact `{name[:20]}`")
        return tuple(self.facts[name] for name in dict.fromkeys(names))

    def told(self) -> tuple[str, ...]:
        """What was read of the business's records, for a person; help pages and earlier replies they can look up."""
        near = (fact for fact in self.facts.values() if fact.source.startswith(("shop:", "message")))
        return tuple(f"{fact.name}: {fact.value} ({fact.source})" for fact in near)

    def propose(self, proposal: Proposal) -> Found:
        """Enters a proposal, which causes nothing."""
        known = "P" + digest([proposal.kind, proposal.target, proposal.args])[:_DIGITS]
        self.proposals[known] = proposal
        return {"id": known, "proposal": proposal.summary, "arguments": canonical(proposal.args)}


def _unseen(text: str) -> RejectedError:
    return RejectedError(text, hint="look it up first, and name it as the lookup did", detail="not_looked_up")
