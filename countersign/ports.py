"""What the desk needs from the outside, as Protocols, and `Deps`: the frozen bundle that nodes are given."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import BaseModel

from countersign.answers import Answers
from countersign.business import Shop as Shop
from countersign.business import ShopReads as ShopReads
from countersign.business import ShopWrites as ShopWrites
from countersign.counts import Counts as Counts
from countersign.counts import History as History
from countersign.domain.desk import Desk
from countersign.domain.facts import Passage
from countersign.domain.model import Engine, Tier
from countersign.domain.outcome import (
    Claim,
    Effect,
    Granted,
    Outcome,
    Outgoing,
    Progress,
    Receipt,
    Refusal,
    Ruling,
)
from countersign.domain.perception import NO_CLUES, Clues, PastTurn, Triage
from countersign.domain.plan import Proposal, ReplyPart
from countersign.domain.resolution import Inquiry, Opinion, Resolution
from countersign.domain.retention import Swept
from countersign.domain.ticket import Accepted, InboxMessage, Message, Quarantined, Ticket, TicketRef
from countersign.domain.verdict import Decision, Judged, Question
from countersign.spans import UNTRACED, Tracer

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T", bound=BaseModel)


class Knowledge(Protocol):
    """The help centre."""

    def search(self, query: str, limit: int = 5) -> tuple[Passage, ...]:
        """Sections nearest to any text, best first; empty where nothing matches."""
        ...


class Replies(Protocol):
    """Reply templates."""

    def render(self, part: ReplyPart, language: str) -> str:
        """The part's text. Raises DeskError where the template is missing or needs a value that is not given."""
        ...

    def letter(self, parts: tuple[str, ...], name: str, ticket: str, language: str) -> str:
        """Greeting, parts and closing as one text."""
        ...


class Outbox(Protocol):
    """Where replies leave."""

    def send(self, key: str, mail: Outgoing) -> Receipt:
        """Hands one mail over. Raises RetryError, FailedError or UnknownOutcomeError like ShopWrites."""
        ...

    def lookup(self, key: str) -> Receipt | None:
        """What was sent under a key. Raises UnknownOutcomeError where the way out can't tell (SMTP)."""
        ...


class Blobs(Protocol):
    """Bytes by content hash (SHA-256, hex)."""

    def put(self, data: bytes) -> str: ...

    def get(self, blob: str) -> bytes:
        """Raises StorageError where it is missing or its content does not match its name."""
        ...

    def sweep(self, needed: Collection[str], before: float, *, dry_run: bool = False) -> Swept:
        """Deletes what is not needed and was last put before then (seconds since 1970)."""
        ...


class TriageModel(Protocol):
    """Predicts requests, or abstains."""

    def predict(self, subject: str, text: str, language: str, clues: Clues = NO_CLUES) -> Triage:
        """One to three intents, or an abstention with its reasons. Never raises on any text."""
        ...


class Models(Protocol):
    """Language models, or what stands in for them, in two seats; off where nothing sits there.

    Within a step every answer is recorded by the digest of its request: a step that runs again asks nothing twice.
    Each call is held to the budgets. Whatever gives no usable answer is a ModelError.
    """

    def engine(self, tier: Tier) -> Engine | None:
        """What sits in the seat; None where nothing does."""
        ...

    def chat(self, tier: Tier) -> "BaseChatModel":
        """The seat as a chat model for an agent: bounded, budgeted and recorded."""
        ...

    def ask(self, tier: Tier, prompt: str, values: Mapping[str, str], answer: type[T]) -> T:
        """One call with a blank to fill: `prompt` names a Markdown file of the desk's prompts, `values` are data."""
        ...


class Resolver(Protocol):
    """The agent for what no playbook finishes, and the model that looks over its shoulder."""

    def resolve(self, inquiry: Inquiry, deps: "Deps") -> Resolution:
        """Investigates with lookups alone and answers a plan; what stops the model is an answer too, never raised."""
        ...

    def second(self, inquiry: Inquiry, resolution: Resolution, deps: "Deps") -> Opinion:
        """What an independent second model says to it; not asked where there is none."""
        ...


class Gate(Protocol):
    """The policy gate."""

    digest: str

    def decide(self, question: Question) -> Decision:
        """Allow, ask or deny; whatever can't be decided cleanly is deny with an alarm. Never raises."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The time now, aware, UTC."""
        ...


class Journal(Protocol):
    """What nodes read, by ticket, step and request digest: a node that runs again reads the same."""

    def recall(self, ticket: str, step: str, request: str) -> str | None:
        """The recorded answer as JSON, or None."""
        ...

    def record(self, ticket: str, step: str, request: str, method: str, answer: str, parts: str = "") -> None:
        """Keeps the first answer; a second for the same request is ignored. `parts` names what was in use."""
        ...


class Ledger(Answers, Counts, Protocol):
    """The law: what was accepted, proposed, decided, granted and done. Every write is one idempotent transaction."""

    def accept(self, message: Message, body: str, subject: str, now: datetime) -> Accepted:
        """Takes a message in before any graph starts; `body` is the blob of its JSON, `subject` its redacted subject.

        The same key twice changes nothing. A reply continues its ticket: the turn counts up, and the turn's open
        proposals, grants and reviews are voided.
        """
        ...

    def quarantine(self, item: Quarantined, now: datetime) -> bool:
        """Keeps what could not be taken; False where it is known already."""
        ...

    def ticket(self, ticket_id: str) -> Ticket | None: ...

    def inbox(self, ticket_id: str) -> tuple[InboxMessage, ...]:
        """The ticket's messages in the order of their arrival."""
        ...

    def past_turns(self, ticket_id: str) -> tuple[PastTurn, ...]:
        """The ticket's finished turns, oldest first."""
        ...

    def unfinished(self) -> tuple[TicketRef, ...]:
        """Tickets in status `received`: what has to run."""
        ...

    def record_verdict(self, ref: TicketRef, ruling: Ruling, now: datetime) -> None:
        """Writes proposals and decisions; grants where the verdict is allow; a review and `waiting` where it is ask.

        The same ruling twice changes nothing; another one takes the place of whatever the last one left open. Raises
        RejectedError and writes nothing: `rejected.superseded` where the turn is no longer the ticket's turn,
        `rejected.ended` where it has its outcome, `rejected.unapproved` where the approver has not approved exactly
        these proposals, `rejected.by_person` where a person rejected them, `rejected.undoing` where the turn has begun
        to undo and would go forward, `rejected.nothing_to_undo` where a step back has no step before it.
        """
        ...

    def proposals(self, ref: TicketRef) -> tuple[Proposal, ...]:
        """The turn's proposals that are not void, in plan order."""
        ...

    def next_granted(self, ref: TicketRef) -> Granted | None:
        """The next proposal of the turn to be carried out, in plan order, the reply last; None where none is left."""
        ...

    def progress(self, ref: TicketRef) -> Progress: ...

    def claim(self, granted: Granted, judged: Judged, now: datetime) -> Claim | Refusal:
        """Consumes the grant and writes the effect as started, if everything still holds.

        `judged` is what policy says to it now, of the record and the contract as they are now.
        """
        ...

    def settle(self, claim: Claim, receipt: Receipt, now: datetime) -> None:
        """Marks the effect done; settling it again with the same receipt changes nothing."""
        ...

    def fail(self, claim: Claim, status: str, problem: str, now: datetime) -> None:
        """Marks the effect `failed` (nothing happened, for good), `unknown` (it may have) or `retry`.

        `retry`: nothing happened in passing, so the same grant may be claimed once more; the third time it is `failed`.
        A claim that was taken over since, or whose effect has ended, raises RejectedError (`rejected.fence`,
        `rejected.ended`) and is noted in the audit, here and in `settle`.
        """
        ...

    def take_over(self, effect: str, now: datetime) -> Claim:
        """A new claim on an effect that is started or unknown: the word of whoever held it before is refused.

        Raises RejectedError (`rejected.ended`) where it has ended.
        """
        ...

    def in_doubt(self) -> tuple[Effect, ...]:
        """Effects that are started or unknown."""
        ...

    def receipts(self, ref: TicketRef) -> tuple[Effect, ...]:
        """The turn's effects, in order."""
        ...

    def record_outcome(self, ref: TicketRef, outcome: Outcome, now: datetime) -> None:
        """Ends the turn: what is open is voided, the status becomes the outcome's kind.

        The turn's first outcome stands. Of a turn that a newer message has ended it is kept for memory alone.
        """
        ...

    def halted(self, kind: str) -> bool:
        """Whether new effects of a kind are stopped."""
        ...


class Gateway(Protocol):
    """The one door through which anything happens in the world."""

    def step(self, ref: TicketRef, deps: "Deps") -> Progress:
        """Carries out the turn's next granted proposal, if any, and says where the turn stands.

        Raises RejectedError (`rejected.busy`) where somebody else is at the ticket's effects for too long.
        """
        ...

    def settle_doubt(self, effect: Effect, deps: "Deps") -> bool:
        """Asks the system of record what became of an effect; False where that can't be told and a person must look.

        Raises as `step` does.
        """
        ...


class Scope(Protocol):
    """Binds deps to one step of one ticket, so that what the step reads is recorded."""

    def __call__(self, deps: "Deps", ref: TicketRef, step: str) -> "Deps": ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Deps:
    """Everything a node may use."""

    desk: Desk
    shop: Shop
    knowledge: Knowledge
    replies: Replies
    outbox: Outbox
    blobs: Blobs
    triage: TriageModel
    models: Models
    resolver: Resolver
    history: History
    gate: Gate
    gateway: Gateway
    ledger: Ledger
    clock: Clock
    scope: Scope
    tracer: Tracer = UNTRACED
    person: str = ""
    """Who is signed in where a server runs this step; empty everywhere else."""
    graph: str = ""
    """Fingerprint of the compiled graph, stamped on grants."""
    on_point: Callable[[str], None] | None = None
    """Called at named points of a run; crash tests kill here."""
