"""The one way a person's answer gets into the ledger, whichever screen it was given on."""

from countersign.domain.desk import Person
from countersign.domain.errors import RejectedError
from countersign.domain.frozen import digest
from countersign.domain.outcome import Review
from countersign.domain.review import (
    Approve,
    Asked,
    Close,
    Edit,
    OwnAnswer,
    Permit,
    Reject,
    Reply,
    TakeOver,
)
from countersign.domain.state import TicketState
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from nodes.act.editing import edited_by, late_answer_of, own_answer_of
from nodes.act.planned import undoing
from tools.judge import approval


def write_answer(state: TicketState | None, review: Review, shown: str, said: Reply, person: str, deps: Deps) -> Review:
    """Writes a person's answer to what they were shown, if they may give it.

    `state` is the thread's, which an edit and an answer of one's own are made from. Raises RejectedError, and the
    question stays open: `rejected.unknown_person`, `rejected.not_permitted`, `rejected.limit`, `rejected.policy` where
    policy would refuse the edit, `rejected.arguments`, and what `ports.Ledger.answer_review` raises.
    """
    who = known_person(review.id, person, deps)
    now, permit = deps.clock.now(), permit_of(who, deps)
    match said:
        case Approve():
            return deps.ledger.answer_review(review.id, shown, "approve", who.id, said.note, now, permit=permit)
        case Reject():
            return deps.ledger.answer_review(review.id, shown, "reject", who.id, said.reason, now, permit=permit)
        case TakeOver() | Close():
            return deps.ledger.answer_review(review.id, shown, said.type, who.id, said.note, now, permit=permit)
        case Edit() | OwnAnswer():
            return _write_edit(state, review, shown, said, who, deps)


def write_late_answer(state: TicketState, said: OwnAnswer | TakeOver | Close, person: str, deps: Deps) -> None:
    """Writes a person's answer to a ticket that has ended in the state's turn; their own words begin the next turn.

    Raises RejectedError, and nothing has changed: what `write_answer` raises, `rejected.open` and
    `rejected.superseded` where the ticket is not at its end, or not at this one.
    """
    ref, now = state["ticket"], deps.clock.now()
    who = known_person(ref.id, person, deps)
    if isinstance(said, OwnAnswer):
        name = "R-" + digest([ref, who.id, said.text])[:16]
        edited, asked = late_answer_of(said, state, name, who, deps)
        review = deps.ledger.answer_ended(ref, who.id, now, permit=permit_of(who, deps), edited=edited, asked=asked)
        deps.tracer.begin(TicketRef(id=ref.id, turn=review.turn))
    else:
        status = "closed" if isinstance(said, Close) else "handed_over"
        deps.ledger.settle_ended(ref, status, who.id, said.note, now)


def known_person(about: str, person: str, deps: Deps) -> Person:
    """The person of the desk with that id. Raises RejectedError (`rejected.unknown_person`), which the audit keeps.

    `about` is the review or the ticket that they wanted to answer.
    """
    found = deps.desk.people.get(person)
    if found is None:
        error = RejectedError("the desk knows no such person", hint="people stand in the desk's people.toml",
                              detail="unknown_person")  # fmt: skip
        deps.ledger.refuse_person(about, person, error.full_code, deps.clock.now())
        raise error
    return found


def permit_of(person: Person, deps: Deps) -> Permit:
    """Asks the policy whether this person may approve a proposal, with what is left of today's limit."""

    def permit(asked: Asked, spent: int) -> int:
        kind, limit = asked.proposal.kind, person.limits.get(asked.proposal.kind)
        # A question of an earlier version was asked before policy was told where proposals come from.
        context = asked.proposal.provenance.model_dump(mode="json") | asked.context
        context |= {"own_edit": True} if asked.editor == person.id else {}
        decision = approval(person.id, asked.proposal, context, deps, spent)
        money = money_at_stake(asked)
        if decision.answer == "allow":
            return money
        why = f"{', '.join(decision.rules)}: {decision.reason}" if decision.reason else ", ".join(decision.rules)
        over = limit is not None and money > limit - spent
        text = f"{person.name} may not approve {kind} on {asked.proposal.target}: {why}"
        raise RejectedError(text, hint="another person may", detail="limit" if over else "not_permitted")

    return permit


def money_at_stake(asked: Asked) -> int:
    """The money that a proposal moves or costs, minor units, as the policy saw it; 0 where it is none."""
    context = asked.context
    match asked.proposal.kind:
        case "refund":
            amount = context.get("amount")
        case "cancel_subscription":
            amount = context.get("price") if context.get("refund_fee") else 0
        case "send_replacement":
            amount = context.get("value")
        case _:
            amount = 0
    return amount if isinstance(amount, int) else 0


def _write_edit(
    state: TicketState | None, review: Review, shown: str, said: Edit | OwnAnswer, who: Person, deps: Deps
) -> Review:
    if state is None or state["ticket"].turn != review.turn:
        raise RejectedError("the thread is not at this question", hint="run countersign resume, then try again",
                            detail="thread")  # fmt: skip
    if undoing(state):
        hint = "reject it, then answer in your own words"
        raise RejectedError("a step back is approved or rejected as it is", hint=hint, detail="undoing")
    if isinstance(said, Edit):
        (edited, asked), text = edited_by(said, state, review.id, who, deps), said.note
    else:
        (edited, asked), text = own_answer_of(said, state, review.id, who, deps), ""
    return deps.ledger.answer_review(
        review.id, shown, said.type, who.id, text, deps.clock.now(), permit=permit_of(who, deps), edited=edited,
        asked=asked,
    )  # fmt: skip
