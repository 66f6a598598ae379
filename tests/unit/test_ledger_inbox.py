"""Taking messages in: each once, each into its own ticket, nobody into another's thread."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from countersign.domain.outcome import Outcome
from countersign.domain.ticket import Quarantined, TicketRef
from countersign.ledger import SqlLedger
from countersign.ledger.read import timeline
from tests.unit.ledger_cases import (
    ANN,
    NOW,
    accept,
    allowed,
    at,
    carry_out,
    claim,
    claimed,
    message,
    new_ledger,
    new_ticket,
    next_one,
    refund,
    refused,
    reply,
    ruling,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path)
    yield found
    found.close()


def test_first_message_opens_ticket_1001(ledger: SqlLedger) -> None:
    """Ticket numbers begin at 1001 and count up."""
    first, second = accept(ledger, message("m1")), accept(ledger, message("m2"))
    assert (first.ticket, first.turn, first.new, first.continued) == ("CS-1001", 1, True, False)
    assert second.ticket == "CS-1002"
    assert ledger.unfinished() == (TicketRef(id="CS-1001", turn=1), TicketRef(id="CS-1002", turn=1))


def test_same_message_twice_changes_nothing(ledger: SqlLedger) -> None:
    """A message that is delivered again answers its ticket and is not taken again."""
    accept(ledger, message("m1"))
    again = accept(ledger, message("m1"), at(5))
    assert (again.ticket, again.turn, again.new) == ("CS-1001", 1, False)
    assert len(ledger.inbox("CS-1001")) == 1


def test_reply_by_reference_continues_the_ticket(ledger: SqlLedger) -> None:
    """A message that names an earlier message of the same sender joins its ticket in a new turn."""
    accept(ledger, message("m1"))
    joined = accept(ledger, message("m2", references=("<m1@mail.example>",)))
    assert (joined.ticket, joined.turn, joined.continued) == ("CS-1001", 2, True)
    assert [row.turn for row in ledger.inbox("CS-1001")] == [1, 2]
    assert accept(ledger, message("m2", references=("<m1@mail.example>",))).continued


def test_reply_to_our_own_mail_continues_the_ticket(ledger: SqlLedger) -> None:
    """Our mail's Message-ID is made from its key, and an answer to it joins the ticket it left from."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref))
    sent = claimed(ledger, ref)
    joined = accept(ledger, message("m2", references=(f"<{sent.key}@fernhill.example>",)))
    assert (joined.ticket, joined.turn) == ("CS-1001", 2)


@pytest.mark.parametrize("subject", ["Re: [CS-1001] My parcel", "CS-1001", "about CS-1001, again"])
def test_ticket_number_in_subject_continues_the_ticket(ledger: SqlLedger, subject: str) -> None:
    """The ticket's number in the subject is enough for its own sender."""
    accept(ledger, message("m1"))
    assert accept(ledger, message("m2", subject=subject)).ticket == "CS-1001"


@pytest.mark.parametrize("subject", ["XCS-1001", "CS-9999", "CS-1001000000000", "cs 1001"])
def test_other_subjects_open_a_ticket(ledger: SqlLedger, subject: str) -> None:
    """What only looks like a ticket's number joins nothing."""
    accept(ledger, message("m1"))
    assert accept(ledger, message("m2", subject=subject)).ticket == "CS-1002"


@pytest.mark.parametrize("sender", ["mallory@example.net", ""])
def test_foreign_sender_never_joins(ledger: SqlLedger, sender: str) -> None:
    """Whoever quotes another's ticket gets a ticket of their own, and the audit says what was quoted."""
    accept(ledger, message("m1", sender=ANN if sender else ""))
    found = accept(ledger, message("m2", sender, "CS-1001", ("<m1@mail.example>",)))
    assert (found.ticket, found.turn, found.continued) == ("CS-1002", 1, False)
    foreign = [event for event in timeline(ledger, "CS-1002") if event.event == "reference.foreign"]
    assert foreign[0].details["tickets"] == ["CS-1001"]


def test_own_ticket_wins_over_a_foreign_one(ledger: SqlLedger) -> None:
    """Naming somebody else's ticket beside one's own still continues one's own."""
    accept(ledger, message("m1"))
    accept(ledger, message("m2", "bob@example.org"))
    assert accept(ledger, message("m3", subject="CS-1002 and CS-1001")).ticket == "CS-1001"


def test_reference_wins_over_a_number_in_the_subject(ledger: SqlLedger) -> None:
    """What a message answers says more than what its subject names."""
    accept(ledger, message("m1"))
    accept(ledger, message("m2"))
    assert accept(ledger, message("m3", subject="CS-1002", references=("<m1@mail.example>",))).ticket == "CS-1001"


def test_address_on_record_may_continue(ledger: SqlLedger) -> None:
    """The customer's address on record joins the ticket that was written from another address."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, reply(ref), on_record="Ann.Record@example.org"), NOW)
    assert accept(ledger, message("m2", "ann.record@example.org", "CS-1001")).ticket == "CS-1001"


def test_new_message_voids_what_waits(ledger: SqlLedger) -> None:
    """A new message voids open proposals, unused grants and open reviews of earlier turns at once."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref))
    granted = next_one(ledger, ref)
    joined = accept(ledger, message("m2", subject="CS-1001"))
    assert joined.voided == 2
    assert ledger.proposals(ref) == ()
    assert ledger.next_granted(ref) is None
    assert refused(claim(ledger, granted)) == "claim.superseded"


def test_new_message_voids_the_open_review(ledger: SqlLedger) -> None:
    """The question to a person falls with what it asked about, and the ticket has work to do."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    assert ledger.unfinished() == ()
    accept(ledger, message("m2", subject="CS-1001"))
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    assert review.status == "void"
    assert ledger.unfinished() == (TicketRef(id="CS-1001", turn=2),)


def test_new_message_keeps_what_was_done(ledger: SqlLedger) -> None:
    """An effect that was started stays, with its proposal."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref))
    held = claimed(ledger, ref)
    assert accept(ledger, message("m2", subject="CS-1001")).voided == 1
    assert [effect.id for effect in ledger.in_doubt()] == [held.effect]
    assert ledger.proposals(ref) == (refund(),)


def test_new_message_reopens_a_finished_ticket(ledger: SqlLedger) -> None:
    """A finished ticket begins a new turn that remembers the last one."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, reply(ref))
    carry_out(ledger, ref)
    ledger.record_outcome(ref, Outcome(kind="answered", requests=("refund_status",), orders=("FH-10001",)), NOW)
    assert ledger.unfinished() == ()
    accept(ledger, message("m2", subject="CS-1001"))
    assert ledger.unfinished() == (TicketRef(id="CS-1001", turn=2),)
    past = ledger.past_turns("CS-1001")
    assert [(turn.turn, turn.outcome, turn.orders) for turn in past] == [(1, "answered", ("FH-10001",))]


def test_automatic_message_is_attached_and_disturbs_nothing(ledger: SqlLedger) -> None:
    """An auto-reply joins its ticket's current turn; what waits goes on waiting."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    joined = accept(ledger, message("m2", subject="CS-1001", automatic="auto-reply"))
    assert (joined.ticket, joined.turn, joined.continued, joined.voided) == ("CS-1001", 1, True, 0)
    ticket = ledger.ticket("CS-1001")
    assert ticket is not None
    assert ticket.status == "waiting"
    assert len(ledger.inbox("CS-1001")) == 2


def test_automatic_message_does_not_reopen(ledger: SqlLedger) -> None:
    """An auto-reply to our answer leaves a finished ticket finished."""
    ref = new_ticket(ledger)
    ledger.record_outcome(ref, Outcome(kind="closed"), NOW)
    accept(ledger, message("m2", subject="CS-1001", automatic="auto-reply"))
    assert ledger.unfinished() == ()


@pytest.mark.parametrize("subject", ["Out of office", "CS-1001"])
def test_unmatched_automatic_message_opens_a_ticket(ledger: SqlLedger, subject: str) -> None:
    """A bounce from a mail server joins nobody's thread, and is not lost."""
    accept(ledger, message("m1"))
    found = accept(ledger, message("m2", "mailer-daemon@example.net", subject, automatic="bounce"))
    assert (found.ticket, found.continued) == ("CS-1002", False)


def test_order_is_by_arrival_when_the_clock_steps_back(ledger: SqlLedger) -> None:
    """A clock that jumps back an hour changes neither turns nor the order of work."""
    accept(ledger, message("m1"), at(0))
    accept(ledger, message("m2"), at(-60))
    accept(ledger, message("m3", subject="CS-1001"), at(-120))
    assert [row.key for row in ledger.inbox("CS-1001")] == ["m1", "m3"]
    assert ledger.unfinished() == (TicketRef(id="CS-1002", turn=1), TicketRef(id="CS-1001", turn=2))


def test_quarantine_keeps_each_item_once(ledger: SqlLedger) -> None:
    """What can't be taken is kept with its reason, once."""
    item = Quarantined(key="q1", source="\udcff.eml", code="input.charset", reason="unreadable")
    assert ledger.quarantine(item, NOW)
    assert not ledger.quarantine(item, NOW)


def test_half_characters_are_stored_as_question_marks(ledger: SqlLedger) -> None:
    """A lone surrogate in a subject is no reason to lose a message."""
    accept(ledger, message("m1", subject="half \ud800"))
    ticket = ledger.ticket("CS-1001")
    assert ticket is not None
    assert ticket.subject == "half ?"


def test_other_tickets_counts_the_same_sender_since(ledger: SqlLedger) -> None:
    """Only other tickets of that sender, opened since then, count."""
    for number, minutes in enumerate((-100, -10, 0)):
        accept(ledger, message(f"m{number}"), at(minutes))
    accept(ledger, message("m9", "bob@example.org"))
    assert ledger.other_tickets(ANN, "CS-1003", NOW - timedelta(minutes=50)) == 1
    assert ledger.other_tickets(ANN, "CS-1003", NOW - timedelta(minutes=500)) == 2


def test_unknown_ticket_is_none(ledger: SqlLedger) -> None:
    """Asking for what is not there is no error."""
    assert ledger.ticket("CS-1") is None
    assert ledger.inbox("CS-1") == ()
    assert ledger.past_turns("CS-1") == ()
    assert ledger.review("CS-1", 1) is None
