"""Two people, several processes: one decision, the other is told who and when; a day's limit holds for all of them."""

import shutil
from pathlib import Path

import pytest

from countersign.domain.review import Approve, Close, Reject, Reply, TakeOver
from countersign.intake import take
from countersign.ledger import open_ledger
from countersign.ledger.check import check_ledger
from countersign.runtime import Runtime
from countersign.settings import demonstration_desk
from tests.conftest import SteppingClock
from tests.crash.answering import handled, reply_of, together
from tests.crash.test_kill_points import World, sample, statuses
from tests.graph.reviewing import LOST, SIMON
from tests.messages import message

TENT, CHARGE = "CS-1001", "CS-1002"
"""Two large refunds that wait: 649.00 and 249.00."""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The demonstration desk, where Maria may approve either refund but not both."""
    folder = Path(shutil.copytree(demonstration_desk(), tmp_path / "desk"))
    people = folder / "people.toml"
    people.write_text(people.read_text().replace("refund = 30000", "refund = 80000", 1))
    return folder


@pytest.fixture
def waiting(var: Path, clock: SteppingClock, desk: Path) -> Path:
    """Two questions that wait for a person."""
    tent = message("m1", SIMON, "Basecamp tent lost, FH-10072", LOST)
    handled(var, [tent, *sample("049-*")], clock, desk)
    assert statuses(var) == {TENT: "waiting", CHARGE: "waiting"}
    return var


def digests(var: Path) -> dict[str, str]:
    """What each question showed."""
    ledger = open_ledger(var / "ledger.db")
    found = {ticket: review.digest for ticket in (TENT, CHARGE) if (review := ledger.review(ticket, 1))}
    ledger.close()
    return found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Approve(), Approve()),
        (Approve(), Reject(reason="no")),
        (Reject(reason="no"), Reject(reason="no")),
        (Approve(), TakeOver()),
        (Close(), Approve()),
    ],
    ids=lambda reply: reply.type,
)
def test_two_people_at_once_are_one_decision(
    waiting: Path, clock: SteppingClock, desk: Path, first: Reply, second: Reply
) -> None:
    """In processes of their own, at the same moment: one answer counts, the other person hears whose and when."""
    shown = digests(waiting)[TENT]
    deeds = [reply_of(TENT, first, "ines", shown), reply_of(TENT, second, "maria", shown)]
    said = together(waiting, deeds, clock, desk)
    (refused,) = [one for one in said if one.startswith("rejected.")]
    winner, reply = ("maria", second) if said[0] == refused else ("ines", first)
    assert refused == f"rejected.already_answered: {winner} answered {reply.type} at 2026-11-16T09:00:00+00:00"
    world = World(waiting)
    paid = [("refund", "order/FH-10072", 64900)] if reply.type == "approve" else []
    assert (world.writes, len(world.mails)) == (paid, len(paid))
    assert check_ledger(waiting / "ledger.db") == ()


def test_many_clicks_are_one_decision(waiting: Path, clock: SteppingClock, desk: Path) -> None:
    """The same person answers eight times at once: it counts once, and one refund and one reply leave."""
    shown = digests(waiting)[TENT]
    said = together(waiting, [reply_of(TENT, Approve(), "ines", shown)] * 8, clock, desk)
    assert sum(one.startswith("rejected.already_answered: ines answered approve") for one in said) == 7
    world = World(waiting)
    assert (world.writes, len(world.mails)) == ([("refund", "order/FH-10072", 64900)], 1)


@pytest.mark.parametrize("attempt", range(3))
def test_two_approvals_race_for_one_limit(waiting: Path, clock: SteppingClock, desk: Path, attempt: int) -> None:
    """One person approves two refunds at once, of which the day's limit covers one: exactly one is carried out."""
    shown = digests(waiting)
    said = together(waiting, [reply_of(name, Approve(), "maria", shown[name]) for name in (TENT, CHARGE)], clock, desk)
    assert sorted(one.partition(":")[0] for one in said) == ["answered", "rejected.limit"], attempt
    assert len(World(waiting).writes) == 1
    assert sorted(statuses(waiting).values()) == ["answered", "waiting"]
    assert check_ledger(waiting / "ledger.db") == ()


def test_limit_is_whole_again_the_next_day(waiting: Path, clock: SteppingClock, desk: Path) -> None:
    """What was approved today does not count tomorrow; midnight is UTC."""
    (first,) = together(waiting, [reply_of(TENT, Approve(), "maria")], clock, desk)
    clock.move(hours=14, minutes=59)
    (second,) = together(waiting, [reply_of(CHARGE, Approve(), "maria")], clock, desk)
    clock.move(minutes=1)
    (third,) = together(waiting, [reply_of(CHARGE, Approve(), "maria")], clock, desk)
    assert (first, second.partition(":")[0], third) == ("answered", "rejected.limit", "answered")


def test_approval_and_new_message_race(waiting: Path, clock: SteppingClock, desk: Path) -> None:
    """The customer writes while a person approves: either the approval came first, or it is void; never both."""
    shown = digests(waiting)[TENT]
    more = message("m2", SIMON, "Re: Basecamp tent lost", "It has arrived!", references=("<m1@mail.example>",))

    def write(runtime: Runtime) -> str:
        return runtime.handle(take(more, runtime.deps).ticket).status

    said = together(waiting, [reply_of(TENT, Approve(), "ines", shown), write], clock, desk)
    paid = World(waiting).writes
    if said[0].startswith("rejected.void"):
        assert paid == []
    assert len(paid) <= 1
    assert check_ledger(waiting / "ledger.db") == ()
