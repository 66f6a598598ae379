"""What came from outside, entered in a scratch ledger: as it was, and nothing of what the desk decided."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.errors import ReplayMismatchError
from countersign.domain.outcome import Outcome
from countersign.ledger import SqlLedger, scratch
from countersign.ledger.recording import Recording, recording
from tests.unit.ledger_cases import NOW, accept, at, message, new_ledger, new_ticket, refund, reply, ruling


@pytest.fixture
def made(tmp_path: Path) -> Recording:
    """A ticket with a second message in its turn, a machine's, whose question was answered, and which has ended."""
    ledger = new_ledger(tmp_path / "made")
    ref = new_ticket(ledger)
    assert accept(ledger, message("m2", subject=f"Re: [{ref.id}]", automatic="auto-reply"), at(1)).turn == ref.turn
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref), answer="ask"), at(2))
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    ledger.answer_review(review.id, review.digest, "take_over", "alice", "", at(3))
    ledger.record_outcome(ref, Outcome(kind="handed_over"), at(4))
    with ledger.file.reading() as connection:
        found = recording(connection, ref.id)
    ledger.close()
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path / "scratch")
    yield found
    found.close()


def test_messages_and_the_end_stand_as_they_were(made: Recording, ledger: SqlLedger) -> None:
    """A later message of a turn begins nothing; the ticket is open until the end is entered."""
    with ledger.file.writing("test") as connection:
        scratch.open_ticket(connection, made.ticket)
        assert [scratch.accept(connection, row) for row in made.inbox] == [True, False]
        for row in made.outcomes:
            scratch.end(connection, row)
    assert [row.key for row in ledger.inbox(made.id)] == ["m1", "m2"]
    ticket = ledger.ticket(made.id)
    assert ticket is not None
    assert (ticket.turn, ticket.status, ticket.opened_at) == (1, "received", NOW)


def test_an_answer_lands_on_no_other_question(made: Recording, ledger: SqlLedger) -> None:
    """Where something else is asked now, or nothing, the replay has come apart, and says so."""
    with ledger.file.writing("test") as connection:
        scratch.open_ticket(connection, made.ticket)
        scratch.accept(connection, made.inbox[0])
        with pytest.raises(ReplayMismatchError, match="another question"):
            scratch.answer(connection, made.reviews[0], ())
