"""Reviews: what a person is shown, and the one way their answer enters, from whichever screen.

`shown` and `answer` belong together: an answer counts for exactly what `shown` said, by its digest.
"""

from collections.abc import Sequence
from datetime import datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING

from pydantic import JsonValue

from countersign.domain.errors import RejectedError
from countersign.domain.facts import Fact
from countersign.domain.frozen import Frozen
from countersign.domain.frozen import digest as digest_of
from countersign.domain.money import Money
from countersign.domain.outcome import Effect, Review
from countersign.domain.perception import Incoming, PastTurn, Sender
from countersign.domain.plan import Draft, Kind, Proposal
from countersign.domain.review import Asked, Close, OwnAnswer, Reply, TakeOver
from countersign.domain.state import TicketState
from countersign.domain.ticket import Ticket, TicketRef
from countersign.domain.verdict import Finding
from countersign.ledger import labels
from nodes.act.answer import known_person, money_at_stake, write_answer, write_late_answer
from nodes.act.planned import drafted, planned
from tools.catalog import contract

if TYPE_CHECKING:
    from countersign.runtime import Runtime

_PATIENCE, _PAUSE = 10.0, 0.02
"""Seconds to wait for a ticket that another process has, and between two tries; then it is left to that process."""


class ShownProposal(Frozen):
    """One thing to approve."""

    id: str
    kind: Kind
    target: str
    args: dict[str, JsonValue]
    title: str
    summary: str
    undo: str
    """How a person can take it back; empty where it can't be undone."""
    taken_back: str
    """What the desk does by itself to take it back when a later step of its plan fails; empty where it can't."""
    answer: str
    """What policy says to it: allow, or ask."""
    rules: tuple[str, ...]
    reason: str
    done: bool
    """It has happened already."""


class Shown(Frozen):
    """Everything that a person needs for an answer; texts are redacted."""

    ticket: Ticket
    review: Review | None
    """The turn's latest question; None where nothing was asked."""
    digest: str
    """What an answer has to name; empty where nothing can be answered yet."""
    deadline: datetime | None
    """Until when the question can be answered; None where it can't be any more."""
    risk: Money | None
    """The most money that one of the proposals moves."""
    sender: Sender | None
    messages: tuple[Incoming, ...]
    history: tuple[PastTurn, ...]
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    proposals: tuple[ShownProposal, ...]
    """All but the reply."""
    draft: Draft | None
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    """What contradicts the request that triage named, or why it named none."""


def shown(runtime: "Runtime", ticket_id: str) -> Shown:
    """A ticket as a person reviews it; a thread that a crash left short of its question is brought there first.

    Raises StorageError where there is no such ticket.
    """
    ticket = runtime.ticket(ticket_id)
    state = _thread(runtime, ticket)
    review = runtime.ledger.review(ticket.id, ticket.turn)
    is_open = review is not None and review.status == "open"
    asked = runtime.ledger.asked(TicketRef(id=ticket.id, turn=ticket.turn))
    perception, plans, triaged = state.get("perception"), planned(state), state.get("triage")
    return Shown(
        ticket=ticket,
        review=review,
        digest=_end(ticket) or (review.digest if review else ""),
        deadline=review.deadline if review and is_open else None,
        risk=_risk(asked),
        sender=state.get("sender"),
        messages=perception.messages if perception else (),
        history=runtime.ledger.past_turns(ticket.id),
        facts=tuple(fact for plan in plans for fact in plan.facts),
        notes=tuple(dict.fromkeys(note for plan in plans for note in plan.notes)),
        proposals=_proposals(runtime, ticket, asked, review, state),
        draft=drafted(state),
        findings=state.get("findings", ()),
        reasons=review.reasons if review else (),
        doubts=triaged.reasons if triaged else (),
    )


def answer(
    runtime: "Runtime", ticket_id: str, said: Reply, person: str, digest: str, requests: Sequence[str] = ()
) -> Ticket:
    """Writes a person's answer to what they were shown, wakes the thread, and answers how the ticket stands then.

    A ticket that has ended takes an answer of one's own, which begins its next turn, a take-over and a close.
    `requests` is what the message asks in that person's eyes: with an answer that counts, it is kept as a label.
    Raises RejectedError, and nothing has changed: `rejected.already_answered` (who, what and when),
    `rejected.unknown_person`, `rejected.limit`, `rejected.not_permitted`, `rejected.digest`, `rejected.not_asked`,
    `rejected.void`, `rejected.expired`, `rejected.policy`, `rejected.arguments`; SettingsError for an unknown request.
    StorageError for an unknown ticket.
    """
    from countersign.labelling import prepared

    ticket = runtime.ticket(ticket_id)
    label = prepared(runtime, ticket_id, requests, person, 0, "review") if requests else None
    review = runtime.ledger.review_shown(ticket.id, digest)
    if review is not None:
        _answer_review(runtime, ticket, review, said, person)
    elif digest == _end(ticket) and isinstance(said, OwnAnswer | TakeOver | Close):
        write_late_answer(_thread(runtime, ticket), said, person, runtime.deps)
    else:
        _refuse(runtime, ticket, digest, said, person)
    if label is not None:
        labels.add(runtime.ledger, label)
    return _woken(runtime, ticket.id)


def _answer_review(runtime: "Runtime", ticket: Ticket, review: Review, said: Reply, person: str) -> None:
    state = _thread(runtime, ticket) if review.status == "open" else None
    try:
        write_answer(state, review, review.digest, said, person, runtime.deps)
    except RejectedError as error:
        if error.detail == "expired":
            runtime.handle(ticket.id)
        raise


def _refuse(runtime: "Runtime", ticket: Ticket, digest: str, said: Reply, person: str) -> None:
    """Says why there is nothing to answer: somebody did, it is too late, or nobody was asked."""
    review = runtime.ledger.review(ticket.id, ticket.turn)
    hint = f"see countersign review {ticket.id}"
    if digest != _end(ticket):
        raise RejectedError(f"{ticket.id} is not what was shown any more", hint=hint, detail="digest")
    if review is None:
        raise RejectedError(f"{ticket.id} asks nobody anything", hint=hint, detail="not_asked")
    write_answer(None, review, review.digest, said, person, runtime.deps)


def _woken(runtime: "Runtime", ticket_id: str) -> Ticket:
    """Runs what an answer set going; somebody who only looks at the ticket may have it for a moment."""
    patience = monotonic() + _PATIENCE
    while (ticket := runtime.handle(ticket_id)).status == "received" and monotonic() < patience:
        sleep(_PAUSE)
    return ticket


def _end(ticket: Ticket) -> str:
    """What is shown of a ticket that has ended; nothing an answer could name where it has not."""
    return "" if ticket.status in ("received", "waiting") else digest_of(["ended", ticket.id, ticket.turn])


def expire(runtime: "Runtime", now: datetime) -> tuple[str, ...]:
    """Hands over every ticket whose question nobody answered in time; answers their ids."""
    late = runtime.ledger.expire_reviews(now)
    for ticket_id in late:
        runtime.handle(ticket_id)
    return late


def reopen(runtime: "Runtime", ticket_id: str, person: str, why: str) -> Ticket:
    """Begins another turn of a ticket that has ended, with its last messages, in the same thread.

    Raises RejectedError: `rejected.unknown_person`, `rejected.open` where the ticket has not ended.
    """
    ticket = runtime.ticket(ticket_id)
    who = known_person(ticket.id, person, runtime.deps)
    ref = TicketRef(id=ticket.id, turn=ticket.turn)
    runtime.deps.tracer.begin(runtime.ledger.reopen(ref, who.id, why, runtime.deps.clock.now()))
    return _woken(runtime, ticket.id)


def _thread(runtime: "Runtime", ticket: Ticket) -> TicketState:
    """The thread's state in the ticket's turn; nothing but the ticket where the thread is elsewhere."""
    if ticket.status == "waiting":
        with runtime.locks.held(ticket.id) as ours:
            if ours:
                runtime.drive_to_review(ticket.id)
    ref = TicketRef(id=ticket.id, turn=ticket.turn)
    values = runtime.state(ticket.id)
    return values if values is not None and values.get("ticket") == ref else TicketState(ticket=ref)


def _proposals(
    runtime: "Runtime", ticket: Ticket, asked: tuple[Asked, ...], review: Review | None, state: TicketState
) -> tuple[ShownProposal, ...]:
    undo = state.get("undo")
    backs = {step.proposal: step.by.summary for step in undo.steps} if undo else {}
    effects = runtime.ledger.receipts(TicketRef(id=ticket.id, turn=ticket.turn))
    found = [
        _proposal(item, position, review, effects, backs.get(item.id, ""))
        for position, item in enumerate(asked)
        if item.proposal.kind != "send_reply"
    ]
    return tuple(found)


def _proposal(
    item: Asked, position: int, review: Review | None, effects: tuple[Effect, ...], taken_back: str
) -> ShownProposal:
    proposal: Proposal = item.proposal
    terms = contract(proposal.kind)
    decision = review.decisions[position] if review and position < len(review.decisions) else None
    return ShownProposal(
        id=item.id, kind=proposal.kind, target=proposal.target, args=proposal.args, title=terms.title,
        summary=proposal.summary, undo=terms.undo, taken_back=taken_back, answer=decision.answer if decision else "",
        rules=decision.rules if decision else (), reason=decision.reason if decision else "",
        done=any(effect.proposal == item.id and effect.status == "done" for effect in effects),
    )  # fmt: skip


def _risk(asked: tuple[Asked, ...]) -> Money | None:
    stakes = [(money_at_stake(item), str(item.proposal.args.get("currency") or "EUR")) for item in asked]
    most = max(stakes, default=(0, "EUR"))
    return Money(amount=most[0], currency=most[1]) if most[0] else None
