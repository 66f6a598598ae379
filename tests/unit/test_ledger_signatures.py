"""A person's word on each proposal: what it counts for, what the file itself refuses, how it is remembered."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from countersign.domain.errors import RejectedError
from countersign.domain.outcome import Outcome, Review
from countersign.domain.plan import Draft, Proposal
from countersign.domain.review import Asked, Edited, Permit
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger
from tests.unit.ledger_cases import ANN, NOW, at, new_ledger, new_ticket, next_one, nobody_may, refund, reply, ruling


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path)
    yield found
    found.close()


def ask(ledger: SqlLedger, ref: TicketRef, *proposals: Proposal, now: datetime = NOW) -> Review:
    """A question about these proposals."""
    ledger.record_verdict(ref, ruling(ref, *proposals, answer="ask", now=now), now)
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    assert review.status == "open"
    return review


def limited(limit: int) -> Permit:
    """A person who may approve so much a day."""

    def permit(asked: Asked, spent: int) -> int:
        amount = asked.proposal.args.get("amount", 0)
        assert isinstance(amount, int)
        if spent + amount > limit:
            raise RejectedError(f"only {limit - spent} left", detail="limit")
        return amount

    return permit


def approve(ledger: SqlLedger, review: Review, now: datetime = NOW, limit: int = 5000, by: str = "alice") -> Review:
    """Alice, who has a limit, approves."""
    return ledger.answer_review(review.id, review.digest, "approve", by, "", now, permit=limited(limit))


def left(ledger: SqlLedger, now: datetime, by: str = "alice", order: str = "FH-10099") -> int:
    """How much a person has approved that day so far."""
    seen: list[int] = []

    def permit(_asked: Asked, spent: int) -> int:
        seen.append(spent)
        raise RejectedError("only looking", detail="limit")

    review = ask(ledger, new_ticket(ledger, f"look-{now.timestamp()}-{by}"), refund(order), now=now)
    with pytest.raises(RejectedError):
        ledger.answer_review(review.id, review.digest, "approve", by, "", now, permit=permit)
    return seen[0]


def test_approvals_of_a_day_add_up(ledger: SqlLedger) -> None:
    """Over tickets, by person, and within one plan: what was approved before counts."""
    first = ask(ledger, new_ticket(ledger, "m1"), refund("FH-10001", 3000))
    assert approve(ledger, first).signed
    ref = new_ticket(ledger, "m2")
    second = ask(ledger, ref, refund("FH-10002", 1500), refund("FH-10003", 600))
    with pytest.raises(RejectedError, match="only 500 left"):
        approve(ledger, second)
    kept = ledger.review(ref.id, ref.turn)
    assert kept == second
    assert approve(ledger, second, by="bob").by == "bob"
    assert (left(ledger, NOW), left(ledger, NOW, "bob")) == (3000, 2100)


def test_refused_approval_is_in_the_audit(ledger: SqlLedger) -> None:
    """Nothing is written but that somebody tried; the question is as open as before."""
    review = ask(ledger, new_ticket(ledger), refund(amount=5001))
    with pytest.raises(RejectedError):
        approve(ledger, review)
    with ledger.file.reading() as connection:
        rows = connection.exec_driver_sql("SELECT event, actor FROM audit ORDER BY seq DESC LIMIT 1").all()
    assert [tuple(row) for row in rows] == [("review.refused", "alice")]


def test_day_ends_at_midnight_utc(ledger: SqlLedger) -> None:
    """The last microsecond of a day counts for it, the first of the next for the next."""
    midnight = NOW.replace(hour=0) + (at(24 * 60) - NOW)
    approve(ledger, ask(ledger, new_ticket(ledger), refund("FH-10001", 3000)))
    assert left(ledger, midnight.replace(microsecond=0) - (at(0.001) - NOW)) == 3000
    assert left(ledger, midnight, order="FH-10098") == 0


def test_same_thing_approved_again_counts_once(ledger: SqlLedger) -> None:
    """The record changed, a person approved once more: only one refund can happen, so it counts once, at its most."""
    ref = new_ticket(ledger)
    approve(ledger, ask(ledger, ref, refund(amount=3000, version=3)))
    approve(ledger, ask(ledger, ref, refund(amount=2000, version=4), now=at(1)), at(2))
    assert left(ledger, at(3)) == 3000


def test_approval_of_another_version_is_none(ledger: SqlLedger) -> None:
    """What was approved of a record in one version is not granted of another, by program or file."""
    ref = new_ticket(ledger)
    approve(ledger, ask(ledger, ref, refund(), reply(ref)))
    said = ruling(ref, refund(), reply(ref), decided="ask", approver="alice")
    judged = (said.verdict.judged[0].model_copy(update={"version": "order/FH-10001@4"}), said.verdict.judged[1])
    changed = said.model_copy(update={"verdict": said.verdict.model_copy(update={"judged": judged})})
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(ref, changed, at(1))
    assert caught.value.full_code == "rejected.changed"
    ledger.record_verdict(ref, said, at(1))
    assert next_one(ledger, ref).grant.approver == "alice"


def test_file_refuses_a_grant_that_nobody_signed(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the program forgets to ask: no grant in a person's name without their signature on that version."""
    ref = new_ticket(ledger)
    approve(ledger, ask(ledger, ref, refund()))
    monkeypatch.setattr("countersign.ledger.rulings._require_signed", _nothing)
    monkeypatch.setattr("countersign.ledger.reviews.require_approval", _nothing)
    for other in (refund(amount=1001), refund("FH-10002")):
        with pytest.raises(RejectedError, match="no decision permits"):
            ledger.record_verdict(ref, ruling(ref, other, decided="ask", approver="alice"), at(1))


def _nothing(*_: object) -> None:
    """A check that was forgotten."""


_SIGN = (
    "INSERT INTO signatures (review, ticket, proposal, kind, target, key, arguments_digest, version, answer, by, "
    "amount, at) SELECT id, ticket, 'P-x', 'refund', 'order/FH-10001', 'k', 'd', 'v', {}, {}, 0, {} FROM reviews"
)


@pytest.mark.parametrize(
    "statement",
    [
        _SIGN.format("'approve'", "'bob'", "at"),
        _SIGN.format("'reject'", "by", "at"),
        _SIGN.format("'approve'", "by", "'2026-01-01'"),
        "UPDATE signatures SET amount = 0",
        "DELETE FROM signatures",
        "UPDATE reviews SET signed = 'other'",
        "UPDATE reviews SET edited = '{}'",
    ],
)
def test_file_keeps_signatures_as_they_were_given(ledger: SqlLedger, tmp_path: Path, statement: str) -> None:
    """Nobody signs for another, says otherwise, or changes a signature later: SQLite refuses."""
    approve(ledger, ask(ledger, new_ticket(ledger), refund()))
    _refused(tmp_path, statement)


def test_file_takes_no_signature_before_the_answer(ledger: SqlLedger, tmp_path: Path) -> None:
    """An open question is signed by nobody."""
    ask(ledger, new_ticket(ledger), refund())
    _refused(tmp_path, _SIGN.format("'approve'", "'alice'", "opened_at"))


def _refused(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "ledger.db")) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


@pytest.mark.parametrize("first", ["reject", "approve"])
def test_latest_word_on_a_thing_is_remembered(ledger: SqlLedger, first: str) -> None:
    """A no holds in later turns until somebody says yes to the same kind of effect on the same record."""
    ref = new_ticket(ledger)
    review = ask(ledger, ref, refund(), reply(ref))
    ledger.answer_review(review.id, review.digest, "reject", "alice", "no", NOW)
    assert [(one.kind, one.target, one.by) for one in ledger.rejections(ref.id)] == [
        ("refund", "order/FH-10001", "alice")
    ]
    ledger.record_outcome(ref, Outcome(kind="handed_over"), NOW)
    later = ledger.reopen(ref, "alice", "again", at(1))
    with pytest.raises(RejectedError) as caught:
        ledger.record_verdict(later, ruling(later, refund(amount=900)), at(2))
    assert caught.value.full_code == "rejected.by_person"
    if first == "approve":
        again = ask(ledger, later, refund(amount=900), now=at(3))
        approve(ledger, again, at(4))
        assert ledger.rejections(ref.id) == ()


@pytest.mark.parametrize("act", ["reopen", "close", "take over"])
def test_ended_ticket_is_taken_up_once(ledger: SqlLedger, act: str) -> None:
    """Two people at the same ended ticket: the second is told that it has moved on."""
    ref = new_ticket(ledger)
    ledger.record_outcome(ref, Outcome(kind="handed_over"), NOW)
    acts: dict[str, Callable[[], object]] = {
        "reopen": lambda: ledger.reopen(ref, "alice", "again", at(1)),
        "close": lambda: ledger.settle_ended(ref, "closed", "alice", "", at(1)),
        "take over": lambda: ledger.settle_ended(ref, "handed_over", "alice", "", at(1)),
    }
    ledger.reopen(ref, "bob", "first", at(1))
    ledger.record_outcome(TicketRef(id=ref.id, turn=2), Outcome(kind="answered"), at(1))
    with pytest.raises(RejectedError) as caught:
        acts[act]()
    assert caught.value.full_code == "rejected.superseded"


def test_expiry_closes_what_is_late_and_nothing_else(ledger: SqlLedger) -> None:
    """At the deadline, to the microsecond; the ticket has work to do; a second time there is nothing left."""
    late, early = new_ticket(ledger, "m1"), new_ticket(ledger, "m2")
    deadline = ask(ledger, late, refund()).deadline
    ask(ledger, early, refund("FH-10002"), now=at(1))
    assert ledger.expire_reviews(deadline - (at(0.001) - NOW)) == ()
    assert ledger.expire_reviews(deadline) == (late.id,)
    assert ledger.expire_reviews(deadline) == ()
    assert ledger.unfinished() == (late,)


def test_ended_ticket_is_not_answered_by_who_may_not(ledger: SqlLedger) -> None:
    """Nothing of the answer is kept, and the ticket stays ended."""
    ref = new_ticket(ledger)
    ledger.record_outcome(ref, Outcome(kind="handed_over"), NOW)
    words = reply(TicketRef(id=ref.id, turn=2))
    draft = Draft(to=ANN, subject="Re: My parcel", body="Hello", language="en", templates=())
    said = Edited(review="R-own", by="alice", own=True, proposals=(), draft=draft)
    asked = (Asked(id=words.id_in(ref.id, 2), proposal=words, version="", context={}),)

    with pytest.raises(RejectedError, match="not you"):
        ledger.answer_ended(ref, "alice", at(1), permit=nobody_may, edited=said, asked=asked)
    kept = ledger.ticket(ref.id)
    assert kept is not None
    assert (kept.turn, kept.status) == (1, "handed_over")
