"""Cases: what can be done to a thread and its past, and causes nothing."""

from contextlib import suppress

from countersign.lab.approvals.answers import invoke, jump, resume, waits
from countersign.lab.approvals.target import (
    AMOUNT,
    NOTHING,
    ONCE,
    Asked,
    Broken,
    Refused,
    Target,
    happened,
    question,
)


def replay_does_nothing_again(target: Target) -> None:
    """After all is done, the thread is run again from each of its checkpoints: nothing happens again."""
    asked = question(target)
    target.answer(asked, "approve")
    past = [state.config for state in target.graph.get_state_history(target.config(asked.ticket))]
    for config in past:
        invoke(target, None, config)
    target.go_on()
    happened(target, ONCE)


def fork_with_another_amount_pays_nothing_else(target: Target) -> None:
    """A fork whose refund was doubled, then approved in the thread: no amount leaves that nobody saw."""
    asked = question(target)
    with suppress(Exception):
        forked = target.graph.update_state(asked.config, target.other_amount(asked.config))
        resume(target, Asked(asked.ticket, asked.shown, forked), target.yes())
    other = [amount for _, amount in target.world().changes if amount != AMOUNT]
    if other:
        raise Broken(f"{other[0] / 100:.2f} left, and nobody approved that")


def thread_copy_pays_once(target: Target) -> None:
    """A copy of the thread, both approved: one refund and one mail."""
    asked = question(target)
    copied = target.copy(asked.ticket)
    target.answer(asked, "approve")
    resume(target, Asked(asked.ticket, asked.shown, copied), target.yes())
    happened(target, ONCE)


def goto_gets_around_nothing(target: Target) -> None:
    """A jump from the question straight to the node that acts: nothing happens."""
    jump(target, question(target))
    happened(target, NOTHING)


def update_state_approves_nothing(target: Target) -> None:
    """A state in which the waiting node says yes, written from outside: nothing happens."""
    asked = question(target)
    config = target.config(asked.ticket)
    with suppress(Exception):
        target.graph.update_state(config, target.forged(), as_node=target.ask)
    invoke(target, None, config)
    target.go_on()
    happened(target, NOTHING)


def stateless_run_does_nothing(target: Target) -> None:
    """A run in a thread that nobody knows, begun at the node that acts: nothing happens."""
    asked = question(target)
    jump(target, Asked("nobody-knows-it", asked.shown, asked.config))
    waits(target, asked)


def redelivery_asks_nothing_again(target: Target) -> None:
    """The same message again, while the question waits and when all is done: nothing is asked or done again."""
    asked = question(target)
    target.deliver()
    now = target.asked(asked.ticket)
    if now is None or now.shown != asked.shown:
        raise Broken("another question took its place")
    target.answer(now, "approve")
    target.deliver()
    if target.asked(asked.ticket) is not None:
        raise Broken("the same refund is asked about once more")
    happened(target, ONCE)


def clock_set_back_loses_nothing(target: Target) -> None:
    """The clock goes back an hour between question and answer: it happens once, however often the thread is woken."""
    asked = question(target)
    target.set_clock_back()
    with suppress(Refused):
        target.answer(asked, "approve")
    with suppress(Refused):
        target.answer(asked, "approve")
    target.go_on()
    happened(target, ONCE)


def renamed_node_loses_no_ticket(target: Target) -> None:
    """A deploy renames the node that waits: the question still waits or its answer is refused with a reason."""
    asked = question(target)
    target.rename_ask()
    target.go_on()
    try:
        target.answer(asked, "approve")
    except Refused:
        return
    happened(target, ONCE, "and no error says so")


CASES = (
    replay_does_nothing_again,
    fork_with_another_amount_pays_nothing_else,
    thread_copy_pays_once,
    goto_gets_around_nothing,
    update_state_approves_nothing,
    stateless_run_does_nothing,
    redelivery_asks_nothing_again,
    clock_set_back_loses_nothing,
    renamed_node_loses_no_ticket,
)
