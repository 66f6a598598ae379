"""What came of it: effects with receipts, progress, and the outcome of a turn."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from countersign.domain.frozen import Frozen
from countersign.domain.perception import Sender
from countersign.domain.plan import Kind, Proposal
from countersign.domain.review import Edited
from countersign.domain.verdict import POLICY, Decision, Verdict

EffectStatus = Literal["started", "done", "failed", "unknown"]
MOST_ATTEMPTS = 3
"""How often the ledger lets an effect be tried, each time nothing having happened; a contract may say less."""
OutcomeKind = Literal["answered", "handed_over", "closed"]
ReviewAnswer = Literal["approve", "reject", "edit", "answer", "take_over", "close"]


class Grant(Frozen):
    """A single-use permission for exactly one proposal."""

    id: str
    proposal: str
    key: str
    """The idempotency key: digest of kind, target and slot."""
    slot: int
    arguments_digest: str
    version: str
    rules: tuple[str, ...]
    policy: str
    graph: str
    approver: str
    """`policy`, or the id of the person whose review gave it."""
    expires_at: datetime
    ceiling: int | None = None
    contract: str = ""
    """Digest of the tool's contract that was granted."""


class Granted(Frozen):
    """A proposal with its grant: the gateway's next step."""

    ticket: str
    turn: int
    proposal_id: str
    proposal: Proposal
    sender: Sender
    grant: Grant


class Claim(Frozen):
    """The right to cause one effect now; `fence` tells a zombie's attempt from the living one's."""

    effect: str
    key: str
    fence: int
    attempt: int = 1
    """Which try it is: only what is known not to have happened has a second."""


class Refusal(Frozen):
    """A claim that was not given, and why: a stable code and one sentence."""

    code: str
    text: str


class Receipt(Frozen):
    """Proof of one effect, as the system of record wrote it."""

    key: str
    reference: str
    at: datetime
    amount: int | None = None
    currency: str | None = None
    details: dict[str, JsonValue] = {}


class Effect(Frozen):
    """The ledger's row of one effect."""

    id: str
    ticket: str
    turn: int
    proposal: str
    kind: Kind
    target: str
    key: str
    status: EffectStatus
    fence: int
    started_at: datetime
    receipt: Receipt | None = None
    problem: str = ""


class Progress(Frozen):
    """Where the execution of a turn stands after one step of the gateway."""

    done: int
    remaining: int
    problem: str = ""
    """Why it can't go on without a person; empty where it can."""


class Dossier(Frozen):
    """What a person needs to take over: nothing they would have to look up again."""

    reason: str
    requests: tuple[str, ...]
    notes: tuple[str, ...]
    suggestions: tuple[str, ...] = ()


class Outcome(Frozen):
    """How a turn ended."""

    kind: OutcomeKind
    category: str = ""
    requests: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    customer: str = ""
    asked: str = ""
    """The clarifying question's template, where the turn ended with one."""
    reason: str = ""
    dossier: Dossier | None = None


class Ruling(Frozen):
    """What `record_verdict` writes in one transaction; the reply is the last of the proposals."""

    proposals: tuple[Proposal, ...]
    verdict: Verdict
    """`judged` holds one entry for each proposal, in the same order."""
    sender: Sender
    graph: str
    """Fingerprint of the compiled graph."""
    grants_expire_at: datetime
    review_deadline: datetime
    approver: str = POLICY
    """The person whose review made the verdict allow."""
    category: str = ""
    requests: tuple[str, ...] = ()
    """What the turn is about, for the lists of what waits."""
    edit: str = ""
    """The review whose edit made these proposals; empty where a playbook or an agent did."""


class Outgoing(Frozen):
    """One mail as it leaves: to one address, plain text."""

    to: str
    subject: str
    body: str
    ticket: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


class Review(Frozen):
    """The ledger's row of one question to a person; `digest` binds exactly what is shown."""

    id: str
    ticket: str
    turn: int
    digest: str
    status: Literal["open", "answered", "void", "expired"]
    reasons: tuple[str, ...]
    decisions: tuple[Decision, ...] = ()
    opened_at: datetime
    deadline: datetime
    answer: ReviewAnswer | Literal[""] = ""
    by: str = ""
    at: datetime | None = None
    text: str = ""
    signed: str = ""
    """What the answer approves: the bound digest of those proposals; empty where it approves nothing."""
    edited: Edited | None = None
