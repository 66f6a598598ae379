"""Waiting has a limit, old questions are over, what wakes a thread says nothing, and an ended ticket can go on."""

import contextlib

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from countersign.batch import Batch
from countersign.domain.errors import RejectedError
from countersign.domain.review import Approve, Close, OwnAnswer, Reject
from countersign.ledger.read import timeline, waiting
from countersign.review import Shown, answer, expire, reopen, shown
from countersign.runtime import Runtime, thread_config
from tests.conftest import SteppingClock
from tests.graph.reviewing import deliver, lost_tent, refunds, say

GARBAGE: tuple[object, ...] = (
    {}, "", 0, [], ["approve"], "yes", "approve", True, 1.5, {"bogus": 1}, {"decisions": []}, {"decisions": "approve"},
    {"decisions": [{"type": "approve"}]}, {"decisions": [{"type": "approve"}] * 3},
    {"decisions": [{"type": "allow"}] * 2},
    {"decisions": [{"type": "approve", "by": "ines"}] * 2}, {"decisions": [None, None]},
    {"decisions": [{"type": "edit"}, {"type": "approve"}]}, {"0" * 32: "approve"}, {"type": "approve"},
)  # fmt: skip
"""What a screen, a script or an attacker may resume a thread with; `{}` and unknown ids langgraph itself drops."""
OWN = "Hello, a colleague will write to you."
YES = {"decisions": [{"type": "approve"}, {"type": "approve"}]}


@pytest.fixture
def asked(runtime: Runtime) -> Shown:
    """A large refund that waits for a person, as the person sees it."""
    return lost_tent(runtime)


def signed_in(config: RunnableConfig, person: str) -> RunnableConfig:
    """The config that a server makes for a caller whom it knows."""
    return RunnableConfig(configurable=config.get("configurable", {}) | {"langgraph_auth_user_id": person})


def resume(runtime: Runtime, asked: Shown, value: object, person: str = "") -> str:
    """Resumes the thread as a server would that knows its caller; answers what the question says afterwards."""
    config = signed_in(thread_config(asked.ticket.id), person)
    state = runtime.graph.get_state(config)
    wake: Command[object] = Command(resume={state.interrupts[0].id: value})
    runtime.graph.invoke(wake, config, durability="sync")  # pyright: ignore[reportUnknownMemberType]
    interrupts = runtime.graph.get_state(config).interrupts
    return interrupts[0].value["action_requests"][0]["description"] if interrupts else ""


def still_open(runtime: Runtime, asked: Shown) -> bool:
    """Whether the same question waits, and nothing has happened."""
    review = runtime.ledger.review_shown(asked.ticket.id, asked.digest)
    ticket = runtime.ticket(asked.ticket.id)
    return (review is not None and review.status == "open", ticket.status, refunds(runtime)) == (True, "waiting", [])


@pytest.mark.parametrize("person", ["", "ines"])
@pytest.mark.parametrize("value", GARBAGE, ids=repr)
def test_garbage_answers_nothing(runtime: Runtime, asked: Shown, value: object, person: str) -> None:
    """Whatever is no answer is refused, whoever is signed in, and the question waits."""
    resume(runtime, asked, value, person)
    assert still_open(runtime, asked)


@pytest.mark.parametrize("value", [None, {}], ids=repr)
def test_waking_with_nothing_answers_nothing(runtime: Runtime, asked: Shown, value: object) -> None:
    """A resume without a value, not addressed to the question, leaves it as it is."""
    config = thread_config(asked.ticket.id)
    wake: Command[object] = Command(resume=value)
    with contextlib.suppress(Exception):  # langgraph raises what it likes here; what counts is what did not happen
        runtime.graph.invoke(wake, config, durability="sync")  # pyright: ignore[reportUnknownMemberType]
    assert still_open(runtime, asked)


@pytest.mark.parametrize(
    ("person", "why"),
    [("", "nobody is signed in"), ("nobody", "rejected.unknown_person"), ("maria", "rejected.limit")],
)
def test_answer_through_the_thread_needs_a_person_who_may(
    runtime: Runtime, asked: Shown, person: str, why: str
) -> None:
    """An answer that came with the wake-up passes the same checks; the question says why it was not taken."""
    assert why in resume(runtime, asked, YES, person)
    assert still_open(runtime, asked)


def test_answer_through_the_thread_counts_as_the_signed_in_persons(runtime: Runtime, asked: Shown) -> None:
    """What the server's authenticated user says is written in the ledger as theirs, and carried out."""
    resume(runtime, asked, YES, "ines")
    review = runtime.ledger.review(asked.ticket.id, 1)
    assert review is not None
    assert (review.status, review.answer, review.by) == ("answered", "approve", "ines")
    assert (runtime.ticket(asked.ticket.id).status, refunds(runtime)) == ("answered", [64900])


@pytest.mark.parametrize(
    ("decisions", "answer", "end"),
    [
        ([{"type": "reject", "message": "no"}, {"type": "approve"}], "reject", "handed_over"),
        ([{"type": "approve"}, {"type": "respond", "message": OWN}], "answer", "answered"),
    ],
)  # fmt: skip
def test_one_no_is_a_no_to_everything(
    runtime: Runtime, asked: Shown, decisions: list[dict[str, str]], answer: str, end: str
) -> None:
    """A screen answers each action; one rejection rejects the plan, an answer of one's own replaces it."""
    resume(runtime, asked, {"decisions": decisions}, "ines")
    review = runtime.ledger.review(asked.ticket.id, 1)
    assert review is not None
    assert (review.answer, runtime.ticket(asked.ticket.id).status, refunds(runtime)) == (answer, end, [])


def test_edit_through_the_thread(runtime: Runtime, asked: Shown) -> None:
    """A screen edits amount and text: the edited version is carried out, as that person's."""
    assert asked.draft is not None
    args = asked.proposals[0].args | {"amount": 30000}
    reply = {"to": asked.draft.to, "subject": asked.draft.subject, "body": asked.draft.body.replace("649.00", "300.00")}
    decisions = [
        {"type": "edit", "edited_action": {"name": "refund", "args": args}},
        {"type": "edit", "edited_action": {"name": "send_reply", "args": reply}},
    ]
    resume(runtime, asked, {"decisions": decisions}, "ines")
    assert (runtime.ticket(asked.ticket.id).status, refunds(runtime)) == ("answered", [30000])


def test_answer_to_a_question_that_a_new_message_voided(runtime: Runtime, asked: Shown, clock: SteppingClock) -> None:
    """The customer wrote again: the old question can't be answered, at the command line or in its thread."""
    deliver(runtime, "m2", "Please hurry.", references=("<m1@mail.example>",))
    with pytest.raises(RejectedError) as caught:
        say(runtime, asked, Approve())
    assert caught.value.full_code == "rejected.void"
    assert refunds(runtime) == []
    assert runtime.ticket(asked.ticket.id).status == "waiting"


def test_resuming_an_old_checkpoint_answers_nothing(runtime: Runtime, asked: Shown) -> None:
    """After a rejection, a yes at the old checkpoint is too late: what was rejected stays rejected."""
    config = thread_config(asked.ticket.id)
    old = runtime.graph.get_state(config)
    say(runtime, asked, Reject(reason="no"))
    wake: Command[object] = Command(resume=YES)
    past = signed_in(old.config, "ines")
    runtime.graph.invoke(wake, past, durability="sync")  # pyright: ignore[reportUnknownMemberType]
    assert refunds(runtime) == []
    assert runtime.ledger.effect_counts() == (0, 0)
    review = runtime.ledger.review(asked.ticket.id, 1)
    assert review is not None
    assert review.answer == "reject"


def test_answer_at_the_deadline_is_too_late(runtime: Runtime, asked: Shown, clock: SteppingClock) -> None:
    """An answer at the deadline is refused; the ticket goes to a person's queue, marked expired."""
    assert asked.deadline is not None
    clock.time = asked.deadline
    with pytest.raises(RejectedError) as caught:
        say(runtime, asked, Approve())
    assert caught.value.full_code == "rejected.expired"
    ended = runtime.ticket(asked.ticket.id)
    assert (ended.status, refunds(runtime)) == ("handed_over", [])
    assert ended.reason == "expired: nobody answered by 19 Nov 09:00 UTC"


def test_expiry_needs_nobody(runtime: Runtime, asked: Shown, clock: SteppingClock) -> None:
    """What nobody answers in time is handed over at the next start of anything, and never carried out."""
    clock.move(hours=71, minutes=59)
    assert expire(runtime, clock.now()) == ()
    assert still_open(runtime, asked)
    clock.move(minutes=1)
    batch = Batch(runtime)
    batch.run(())
    assert batch.reconciled.expired == (asked.ticket.id,)
    (found,) = waiting(runtime.ledger)
    assert (found.status, found.expired, refunds(runtime)) == ("handed_over", True, [])
    assert found.deadline == asked.deadline
    assert expire(runtime, clock.now()) == ()


def test_deadline_is_that_of_the_most_urgent_kind(runtime: Runtime, asked: Shown, clock: SteppingClock) -> None:
    """Each kind of action has its deadline in the desk's settings."""
    hours = runtime.deps.desk.settings.deadlines["refund"]
    assert asked.deadline is not None
    assert (asked.deadline - clock.now()).total_seconds() == hours * 3600


def test_reopened_ticket_asks_again_in_the_same_thread(runtime: Runtime, asked: Shown, clock: SteppingClock) -> None:
    """What expired is taken up again: the same messages, another turn, a fresh question, the same thread."""
    clock.move(hours=80)
    expire(runtime, clock.now())
    again = reopen(runtime, asked.ticket.id, "ines", "the customer called")
    assert (again.id, again.turn, again.status) == (asked.ticket.id, 2, "waiting")
    seen = shown(runtime, again.id)
    assert seen.messages[0].text == asked.messages[0].text
    assert [turn.outcome for turn in seen.history] == ["handed_over"]
    assert say(runtime, seen, Approve()).status == "answered"
    assert refunds(runtime) == [64900]
    assert "ticket.reopened" in [event.event for event in timeline(runtime.ledger, again.id)]


def test_rejected_is_never_allowed_by_policy_alone(runtime: Runtime, asked: Shown) -> None:
    """After a no, the same thing is asked about again, with who said no and when."""
    say(runtime, asked, Reject(reason="not lost"))
    reopen(runtime, asked.ticket.id, "maria", "once more")
    seen = shown(runtime, asked.ticket.id)
    assert "review.rejected-before" in seen.proposals[0].rules
    assert "ines rejected the same on 2026-11-16" in seen.proposals[0].reason


@pytest.mark.parametrize(("person", "code"), [("nobody", "unknown_person"), ("ines", "open")])
def test_reopening_needs_a_person_and_an_end(runtime: Runtime, asked: Shown, person: str, code: str) -> None:
    """Nobody unknown reopens; a ticket that waits is answered instead."""
    with pytest.raises(RejectedError) as caught:
        reopen(runtime, asked.ticket.id, person, "why not")
    assert caught.value.detail == code
    assert still_open(runtime, asked)


def test_ticket_that_asks_nothing_takes_no_answer(runtime: Runtime) -> None:
    """There is nothing to approve where nothing was asked."""
    ticket = deliver(runtime, "x1", "I will take legal action against you.")
    with pytest.raises(RejectedError) as caught:
        answer(runtime, ticket.id, Approve(), "ines", shown(runtime, ticket.id).digest)
    assert caught.value.full_code == "rejected.not_asked"


def test_handed_over_ticket_is_answered_by_a_person(runtime: Runtime) -> None:
    """What nobody but a person could handle is answered by that person, through both gates, in the same thread."""
    ticket = deliver(runtime, "x1", "I will take legal action against you.")
    assert ticket.status == "handed_over"
    text = "Hello,\n\nthank you for your message. I have passed it to our legal department."
    ended = answer(runtime, ticket.id, OwnAnswer(text=text), "tomas", shown(runtime, ticket.id).digest)
    assert (ended.status, ended.turn) == ("answered", 2)
    assert runtime.ledger.effect_counts() == (1, 0)


def test_handed_over_ticket_is_closed_by_a_person(runtime: Runtime) -> None:
    """What is done elsewhere leaves the queue."""
    ticket = deliver(runtime, "x1", "I will take legal action against you.")
    ended = answer(runtime, ticket.id, Close(note="rang them"), "tomas", shown(runtime, ticket.id).digest)
    assert (ended.status, ended.reason) == ("closed", "tomas closed it: rang them")
    assert waiting(runtime.ledger) == ()
