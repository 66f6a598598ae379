"""What the desk's figures say of tickets that really ran."""

from countersign.domain.review import Approve
from countersign.domain.stats import Observed
from countersign.ledger.stats import stats
from countersign.runtime import Runtime
from tests.conftest import SteppingClock
from tests.graph.reviewing import lost_tent, say


def test_a_countersigned_refund_is_told_by_route_person_and_action(runtime: Runtime, clock: SteppingClock) -> None:
    """A person took twenty minutes: the ticket is not the desk's alone, its effects are done, all is on record."""
    asked = lost_tent(runtime)
    waiting = stats(runtime.ledger, None, clock.now(), 7)
    assert (waiting.settled.waiting, waiting.questions.open, waiting.questions.answered) == (1, 1, 0)
    assert waiting.actions == ()
    clock.move(minutes=20)
    say(runtime, asked, Approve())
    found = stats(runtime.ledger, None, clock.now(), 7)
    (route,) = found.routes
    assert (route.planner, route.turns, route.countersigned, route.alone) == ("playbook", 1, 1, 0)
    assert (found.settled.tickets, found.settled.settled, found.settled.by_person) == (1, 0, 1)
    assert found.questions.by_answer == {"approve": 1}
    assert (found.questions.time.count, found.questions.time.p50) == (1, 20 * 60_000)
    assert (found.decision.p50, found.answer.count) == (0, 0)
    assert {(one.kind, one.done, one.failed) for one in found.actions} == {("refund", 1, 0), ("send_reply", 1, 0)}
    assert found.observed[0] == Observed(what="turns", observed=1, begun=1)
    assert found.observed[2] == Observed(what="effects", observed=2, begun=2)


def test_what_failed_and_what_nobody_knows_are_told_apart(runtime: Runtime, clock: SteppingClock) -> None:
    """An effect that may or may not have happened is no success, has its code, and is not observed."""
    from countersign.domain.errors import UnknownOutcomeError

    def unsure(*_: object, **__: object) -> None:
        raise UnknownOutcomeError("the line went dead", detail="timeout")

    asked = lost_tent(runtime)
    shop = type(runtime.deps.shop)
    refund = shop.refund
    try:
        shop.refund = unsure  # pyright: ignore[reportAttributeAccessIssue]  the shop's line goes dead
        say(runtime, asked, Approve())
    finally:
        shop.refund = refund
    found = stats(runtime.ledger, None, clock.now(), 7)
    (action,) = found.actions
    assert (action.kind, action.done, action.unknown) == ("refund", 0, 1)
    assert [(one.code, one.where) for one in found.failures] == [("unknown.timeout", "effect")]
    assert found.observed[2] == Observed(what="effects", observed=0, begun=1)
