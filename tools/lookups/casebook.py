"""What one investigation has seen. What is not in the casebook can be neither cited nor proposed about."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextvars import copy_context
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from countersign.domain.errors import CountersignError, FailedError, RejectedError, RetryError
from countersign.domain.facts import Fact, FactKind
from countersign.domain.frozen import Json, canonical, digest
from countersign.domain.plan import Principal, Proposal
from countersign.domain.resolution import Inquiry, Lookup
from countersign.domain.shop import Address, Customer, Order, Subscription
from countersign.ports import Deps
from tools.lookups.answers import Answer

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
    """One tool in an agent's hand: its contract. It reads or it proposes; neither changes anything to be taken back."""

    name: str
    says: str
    """What the model is told of it."""
    takes: type[Input]
    gives: type[Answer]
    call: Callable[["Casebook", Any], Found]
    effect: Literal["lookup", "proposal"] = "lookup"
    timeout: float = 20.0
    """Seconds until the model is told that there was no answer; what comes later is not in the casebook."""
    attempts: int = 2
    """How often it is tried where the fault was a passing one."""

    def use(self, book: "Casebook", given: Input) -> Found:
        """Calls it and notes in the casebook that it was called. Raises what the call raises.

        FailedError: `failed.timeout`, `failed.answer` where what was found is more than a model may be told.
        """
        before, problem = len(book.facts), ""
        try:
            with book.deps.tracer.span("tool", self.name):
                return self._tried(book, given)
        except CountersignError as error:
            problem = error.full_code
            raise
        finally:
            about = ", ".join(str(value) for value in given.model_dump(exclude={"because"}).values() if value)
            found = len(book.facts) - before
            book.lookups.append(Lookup(tool=self.name, about=about[:_LONGEST_ABOUT], found=found, problem=problem))

    def plain(self) -> dict[str, Json]:
        """As JSON values, with the schemas of its arguments, as a model is given them, and of its answer."""
        return {
            "name": self.name, "description": self.says, "effect": self.effect, "timeout": self.timeout,
            "attempts": self.attempts, "parameters": self.takes.model_json_schema(),
            "answer": self.gives.model_json_schema(),
        }  # fmt: skip

    def _tried(self, book: "Casebook", given: Input) -> Found:
        for _ in range(self.attempts - 1):
            try:
                return self._in_time(book, given)
            except RetryError:
                continue
        return self._in_time(book, given)

    def _in_time(self, book: "Casebook", given: Input) -> Found:
        """One try, on a copy of the casebook that counts only where the answer came in time and fits."""
        pool, page = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name), book.page()
        try:
            found = pool.submit(copy_context().run, self.call, page, given).result(timeout=self.timeout)
            self.gives.model_validate(found)
        except NotInTime:
            raise FailedError("no answer in time", where=self.name, detail="timeout") from None
        except ValidationError:
            raise FailedError("more was found than may be told", where=self.name, detail="answer") from None
        finally:
            pool.shutdown(wait=False)
        book.turn_to(page)
        return found


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

    def page(self) -> Self:
        """A copy in which anything may be entered before it counts."""
        page = copy(self)
        page.facts, page.orders, page.addresses = dict(self.facts), dict(self.orders), dict(self.addresses)
        page.proposals = dict(self.proposals)
        return page

    def turn_to(self, page: Self) -> None:
        """Adds all that was entered in a copy; what another call entered meanwhile stays, for a model may ask many."""
        self.facts |= page.facts
        self.orders |= page.orders
        self.addresses |= page.addresses
        self.proposals |= page.proposals
        self.membership, self.account = page.membership or self.membership, page.account or self.account

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
