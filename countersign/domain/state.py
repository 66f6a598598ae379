"""The graph's state: a hint about what to compute next. The ledger is the law."""

from typing import TypedDict

from pydantic import JsonValue

from countersign.domain import facts, model, outcome, perception, plan, resolution, review, ticket, undo, verdict
from countersign.domain.money import Money
from countersign.domain.outcome import Dossier, Outcome, Progress, Review
from countersign.domain.perception import Memory, Perception, Sender, Triage
from countersign.domain.plan import Draft, Plan
from countersign.domain.resolution import Opinion, Resolution
from countersign.domain.review import Edited
from countersign.domain.ticket import InboxMessage, TicketRef
from countersign.domain.undo import Undo
from countersign.domain.verdict import Finding, Verdict


class Channels(TypedDict, total=False):
    """One channel per node that writes it; `receive` also clears the last turn's."""

    inbox: tuple[InboxMessage, ...]
    """receive: the messages that are not answered yet, by reference."""
    perception: Perception | None
    """redact"""
    sender: Sender | None
    """recall"""
    memory: Memory | None
    """recall"""
    triage: Triage | None
    """triage"""
    plans: tuple[Plan, ...]
    """playbook"""
    resolution: Resolution | None
    """resolve: what the agent came back with"""
    opinion: Opinion | None
    """second: what an independent model says to it"""
    draft: Draft | None
    """draft"""
    findings: tuple[Finding, ...]
    """check"""
    undo: Undo | None
    """authorize"""
    verdict: Verdict | None
    """authorize"""
    resumed: JsonValue
    """review: what the thread was woken with, which says nothing by itself"""
    review: Review | None
    """record_review: the person's answer as the ledger has it"""
    edit: Edited | None
    """record_review: the last edit, which holds until the turn ends"""
    refusal: str
    """record_review: why an answer that came with the wake-up was not taken"""
    progress: Progress | None
    """execute"""
    dossier: Dossier | None
    """hand_over"""
    outcome: Outcome | None
    """record_outcome"""


class TicketState(Channels):
    """What a node is given."""

    ticket: TicketRef
    """Input, and written by receive: the turn being handled."""


class Update(Channels, total=False):
    """What a node answers: the channels that it writes."""

    ticket: TicketRef


STATE_TYPES: tuple[type, ...] = (
    ticket.TicketRef, ticket.InboxMessage,
    perception.Incoming, perception.Entities, perception.Perception, perception.Sender, perception.PastTurn,
    perception.Memory, perception.Intent, perception.Triage,
    facts.Fact, facts.Passage, Money,
    plan.Principal, plan.Provenance, plan.Proposal, plan.ReplyPart, plan.Plan, plan.Promise, plan.Draft,
    undo.UndoStep, undo.Undo, model.Engine, resolution.Lookup, resolution.Resolution, resolution.Opinion,
    review.Edited,
    verdict.Finding, verdict.Decision, verdict.Judged, verdict.Verdict,
    outcome.Progress, outcome.Dossier, outcome.Outcome, outcome.Review,
)  # fmt: skip
"""The serializer's allow-list: these module paths are a storage format."""
