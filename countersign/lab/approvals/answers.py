"""Cases: whose answer counts, for what, and how often."""

from contextlib import suppress
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from countersign.lab.approvals.target import (
    AMOUNT,
    LEAD,
    NOTHING,
    ONCE,
    REVIEWER,
    Asked,
    Broken,
    Refused,
    Target,
    happened,
    question,
    refusal,
)

GARBAGE: tuple[object, ...] = (
    {}, "", 0, None, "yes", ["approve"], {"0" * 32: "approve"}, {"decisions": []}, {"decisions": "approve"},
    {"bogus": 1}, {"decisions": [{"type": "allow"}] * 2},
)  # fmt: skip
"""What a screen, a script or an attacker may resume a thread with."""


def approve_runs_it_once(target: Target) -> None:
    """What a person approves happens, once, and the customer is told once."""
    target.answer(question(target), "approve")
    happened(target, ONCE)


def reject_does_not_run_it(target: Target) -> None:
    """What a person rejects does not happen."""
    target.answer(question(target), "reject")
    happened(target, NOTHING)


def reject_holds_against_a_jump(target: Target) -> None:
    """A rejected call does not run by a jump to the node that acts, nor by a yes at the question's old checkpoint."""
    asked = question(target)
    target.answer(asked, "reject")
    resume(target, asked, target.yes())
    happened(target, NOTHING, "after a late yes at the old checkpoint")
    jump(target, asked)
    happened(target, NOTHING, "after a jump")


def stale_answer_lands_nowhere_else(target: Target) -> None:
    """An answer to a question that was replaced never lands on the question that replaced it."""
    asked = question(target)
    target.deliver("m2", "One more thing about order FH-10049: you charged my card twice, please refund 249 EUR.")
    refusal(target, asked, "approve")
    happened(target, NOTHING)


def second_click_is_told(target: Target) -> None:
    """A second click changes nothing and is told that the question was answered."""
    asked = question(target)
    target.answer(asked, "approve")
    refusal(target, asked, "approve")
    happened(target, ONCE)


def second_reviewer_is_told_who_and_when(target: Target) -> None:
    """A second reviewer is told who answered, what and when."""
    asked = question(target)
    target.answer(asked, "approve")
    said = refusal(target, asked, "reject", REVIEWER)
    if LEAD not in said or "2026-11-16T09:00" not in said:
        raise Broken(f"the second reviewer is told only: {said}")
    happened(target, ONCE)


def approve_and_reject_at_once(target: Target) -> None:
    """Approved and rejected at the same moment in two processes: one of the two counts, and the other person hears."""
    told = target.together(question(target), [("approve", LEAD), ("reject", REVIEWER)])
    if sum(not one for one in told) != 1:
        raise Broken(f"{sum(not one for one in told)} of two opposite answers were taken")
    happened(target, NOTHING if told[0] else ONCE)


def fifty_reviewers_at_once(target: Target) -> None:
    """Fifty people approve at once: one decision, forty-nine are told, one refund and one mail."""
    told = target.together(question(target), [("approve", LEAD)] * 50, threads=True)
    if sum(not one for one in told) != 1:
        raise Broken(f"{sum(not one for one in told)} of fifty answers were taken")
    happened(target, ONCE)


def pending_checkpoint_resumed_twice(target: Target) -> None:
    """The same waiting thread resumed with yes by two processes past every screen: once, or what is left is asked."""
    asked = question(target)
    target.resumed_together(asked)
    target.go_on()
    left = target.asked(asked.ticket)
    if left is not None:
        target.answer(left, "approve")
    happened(target, ONCE)


def invoking_with_nothing_answers_nothing(target: Target) -> None:
    """To invoke a waiting thread with None is no answer: it still waits."""
    asked = question(target)
    invoke(target, None, target.config(asked.ticket))
    waits(target, asked)


def resuming_an_unknown_ticket_starts_nothing(target: Target) -> None:
    """Nothing starts where a ticket is resumed that nobody knows, and the one that waits goes on waiting."""
    asked = question(target)
    config = target.signed_in(target.config("CS-9999"))
    invoke(target, Command(resume=target.yes()), config)
    happened(target, NOTHING)
    if any(target.graph.get_state(config).values.values()):
        raise Broken("a thread has begun that nobody knows")
    waits(target, asked)


def garbage_answers_nothing(target: Target) -> None:
    """Whatever is no answer is none: the question waits, and a real answer afterwards is carried out."""
    asked = question(target)
    for value in GARBAGE:
        invoke(target, Command(resume=value), target.config(asked.ticket))
        waits(target, asked, f"after {value!r}")
    target.answer(asked, "approve")
    happened(target, ONCE)


def unknown_person_is_refused(target: Target) -> None:
    """Nobody answers whom the desk does not know."""
    asked = question(target)
    target.revoke(REVIEWER)
    refusal(target, asked, "approve", REVIEWER)
    waits(target, asked)


def edit_meets_the_other_actions_policy(target: Target) -> None:
    """To edit a refund into another action is to ask for that action: nobody gets around its own question."""
    with suppress(Refused):
        target.edit(question(target), "change_email", {"email": "thief@example.net"}, REVIEWER)
    happened(target, NOTHING)


def edited_amount_is_decided_anew(target: Target) -> None:
    """An edited amount that the policy would never allow is refused, whoever edits."""
    with suppress(Refused):
        target.edit(question(target), "refund", {"amount": 3 * AMOUNT, "currency": "EUR", "reason": "duplicate_charge"})
    happened(target, NOTHING)


def misspelled_action_is_denied(target: Target) -> None:
    """A rule that names the action wrongly permits nothing: it is refused before anything runs under it."""
    with suppress(Refused):
        target.misspell()
    target.deliver("m2")
    happened(target, NOTHING)


def unlisted_action_is_denied(target: Target) -> None:
    """An action that no rule speaks of is denied."""
    with suppress(Refused):
        target.forget()
    target.deliver("m2")
    happened(target, NOTHING)


def resume(target: Target, asked: Asked, value: object) -> None:
    """Resumes the thread at the checkpoint where the question was asked, as a server would that knows the lead."""
    invoke(target, Command(resume=value), target.signed_in(asked.config))


def jump(target: Target, asked: Asked) -> None:
    """Sends the thread straight to the node that acts, with a state that pretends that all is approved."""
    invoke(target, Command(goto=target.act, update=target.forged()), target.config(asked.ticket))


def invoke(target: Target, value: Any, config: RunnableConfig) -> None:
    """Runs the thread; what that raises is its business, what counts is what has happened."""
    with suppress(Exception):
        target.graph.invoke(value, config, durability="sync")  # pyright: ignore[reportUnknownMemberType]  generics left open


def waits(target: Target, asked: Asked, when: str = "") -> None:
    """The same question still waits, and nothing has happened. Raises Broken."""
    happened(target, NOTHING, when)
    now = target.asked(asked.ticket)
    if now is None or now.shown != asked.shown:
        raise Broken(f"the question does not wait any more {when}".strip())


CASES = (
    approve_runs_it_once,
    reject_does_not_run_it,
    reject_holds_against_a_jump,
    stale_answer_lands_nowhere_else,
    second_click_is_told,
    second_reviewer_is_told_who_and_when,
    approve_and_reject_at_once,
    fifty_reviewers_at_once,
    pending_checkpoint_resumed_twice,
    invoking_with_nothing_answers_nothing,
    resuming_an_unknown_ticket_starts_nothing,
    garbage_answers_nothing,
    unknown_person_is_refused,
    edit_meets_the_other_actions_policy,
    edited_amount_is_decided_anew,
    misspelled_action_is_denied,
    unlisted_action_is_denied,
)
