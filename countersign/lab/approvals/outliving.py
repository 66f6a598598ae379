"""Cases: what an approval does not outlive."""

from contextlib import suppress

from countersign.lab.approvals.answers import resume
from countersign.lab.approvals.target import (
    LEAD,
    NOTHING,
    Broken,
    Refused,
    Target,
    happened,
    question,
    refusal,
)


def question_expires(target: Target) -> None:
    """A question that nobody answered for a month can't be approved any more."""
    asked = question(target)
    target.clock.move(days=30)
    refusal(target, asked, "approve")
    happened(target, NOTHING)


def approval_expires(target: Target) -> None:
    """An approval that could not be carried out for two days is asked for again."""
    asked = question(target)
    target.approve_unseen(asked)
    target.clock.move(days=2)
    target.go_on()
    asked_again(target, asked.ticket)


def changed_order_is_asked_again(target: Target) -> None:
    """Somebody else refunds the order while the question waits: approving what was shown before pays nothing."""
    asked = question(target)
    target.change_order()
    with suppress(Refused):
        target.answer(asked, "approve")
    happened(target, NOTHING)


def stricter_policy_wins(target: Target) -> None:
    """The policy becomes stricter while the question waits: what it forbids now is not carried out."""
    asked = question(target)
    target.forbid_refunds()
    with suppress(Refused):
        target.answer(asked, "approve")
    happened(target, NOTHING)


def stricter_policy_wins_after_approval(target: Target) -> None:
    """The policy becomes stricter between approval and execution: it is not carried out."""
    asked = question(target)
    target.approve_unseen(asked)
    target.forbid_refunds()
    target.go_on()
    happened(target, NOTHING)


def revoked_rights_end_an_approval(target: Target) -> None:
    """Whoever approved loses the right before it is carried out: somebody else is asked."""
    asked = question(target)
    target.approve_unseen(asked, LEAD)
    target.revoke(LEAD)
    target.go_on()
    asked_again(target, asked.ticket)


def new_message_voids_the_question(target: Target) -> None:
    """The customer writes again: the old question can't be approved in its thread any more."""
    asked = question(target)
    target.deliver("m2", "Please hurry.")
    resume(target, asked, target.yes())
    happened(target, NOTHING)


def take_over_voids_the_question(target: Target) -> None:
    """A person takes the ticket over: what was proposed can't be approved any more."""
    asked = question(target)
    target.answer(asked, "take_over")
    refusal(target, asked, "approve")
    resume(target, asked, target.yes())
    happened(target, NOTHING)


def closing_voids_the_question(target: Target) -> None:
    """A person closes the ticket: what was proposed can't be approved any more."""
    asked = question(target)
    target.answer(asked, "close")
    refusal(target, asked, "approve")
    resume(target, asked, target.yes())
    happened(target, NOTHING)


def asked_again(target: Target, ticket: str) -> None:
    """Nothing has happened, and a person is asked. Raises Broken."""
    happened(target, NOTHING)
    if target.asked(ticket) is None:
        raise Broken("nobody is asked again")


CASES = (
    question_expires,
    approval_expires,
    changed_order_is_asked_again,
    stricter_policy_wins,
    stricter_policy_wins_after_approval,
    revoked_rights_end_an_approval,
    new_message_voids_the_question,
    take_over_voids_the_question,
    closing_voids_the_question,
)
