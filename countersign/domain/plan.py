"""Plans: what a playbook or an agent would like to happen. A plan causes nothing."""

from collections.abc import Iterable
from typing import Literal

from pydantic import JsonValue

from countersign.domain.facts import Fact, Origin
from countersign.domain.frozen import Frozen, digest

Kind = Literal[
    "send_reply",
    "refund",
    "cancel_order",
    "change_address",
    "create_return",
    "send_replacement",
    "pause_subscription",
    "cancel_subscription",
    "change_email",
    "close_account",
    "export_data",
    "send_login_link",
]
"""Every kind of effect there is; each has one contract in `tools.catalog` and a pair of Cedar actions."""

PrincipalKind = Literal["Playbook", "Agent", "Person"]


class Principal(Frozen):
    """Who proposes or approves, as policy sees them."""

    kind: PrincipalKind
    id: str


UNDO = Principal(kind="Playbook", id="undo")
"""Who proposes what takes a step back because a later one failed; policy rules may name it."""

NamedBy = Literal["desk", "model"]
"""Who named the request: triage, an answered question or a person (`desk`), or a language model."""


class Provenance(Frozen):
    """Where a proposal comes from, as policy sees it. What is said here can only make the answer stricter."""

    grounds: Origin = "record"
    """The least trusted source that its arguments, or the reason for it, were taken from."""
    named_by: NamedBy = "desk"
    seconded: bool = False
    """An independent second model agrees."""


class Proposal(Frozen):
    """One effect that somebody asks for; the same content in the same turn is the same proposal."""

    kind: Kind
    target: str
    """What it acts on: `order/FH-10001`, `customer/C-00001`, `subscription/S-00001`, `ticket/CS-1001`."""
    args: dict[str, JsonValue]
    """Validated by the kind's contract; amounts are integer minor units."""
    by: Principal
    summary: str
    """One sentence for the person who may have to approve it."""
    version: str = ""
    """Version of the facts it was made from: `FH-10001@3`; empty where nothing can go stale."""
    provenance: Provenance = Provenance()

    @property
    def arguments_digest(self) -> str:
        """What a grant binds: kind, target and canonical arguments."""
        return digest([self.kind, self.target, self.args])

    def id_in(self, ticket: str, turn: int) -> str:
        """The proposal's id within one turn of one ticket."""
        origin = [] if self.provenance == Provenance() else [self.provenance]
        return "P-" + digest([ticket, turn, self.arguments_digest, self.version, *origin])[:16]


def bound_digest(proposals: Iterable[tuple[str, Proposal]]) -> str:
    """What an approval permits: exactly these proposals, by id, with exactly these arguments."""
    return digest([[name, proposal.arguments_digest] for name, proposal in proposals])


class ReplyPart(Frozen):
    """One plan's share of the reply: a template and the facts that fill it."""

    template: str
    values: dict[str, str | list[str]] = {}
    """Texts for the template, by name; every one that states something is also a Fact's value."""


class Plan(Frozen):
    """What one request comes to."""

    request: str
    category: str
    facts: tuple[Fact, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    reply: ReplyPart | None = None
    asks: bool = False
    """The reply is a clarifying question."""
    complex: str = ""
    """Why this needs a person or an agent; empty where the playbook handled it."""
    notes: tuple[str, ...] = ()
    """What the playbook noticed, for the person who may take over and for `why`."""
    named_by: NamedBy = "desk"


class Promise(Frozen):
    """Something the reply says was done: it must have a receipt before the reply leaves."""

    kind: Kind
    target: str
    amount: int | None = None
    currency: str | None = None


class Draft(Frozen):
    """The one reply of a turn, complete and ready to be checked."""

    to: str
    subject: str
    body: str
    language: str
    templates: tuple[str, ...]
    promises: tuple[Promise, ...] = ()
    citations: tuple[str, ...] = ()
    worded_by: str = ""
    """The model that put it into other words; empty where the words are a template's, an agent's or a person's."""
    account_facts: bool = True
    """False: free of account facts, so it may go to an unverified sender."""
