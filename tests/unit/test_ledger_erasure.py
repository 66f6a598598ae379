"""The law of erasing: only what has ended goes, only as a whole, and the audit's chain stays as it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from countersign.domain.errors import RejectedError, StorageError
from countersign.domain.outcome import Outcome
from countersign.domain.ticket import Quarantined, TicketRef
from countersign.ledger import SqlLedger, erasure, retention
from countersign.ledger.check import check_ledger, head, verify
from countersign.ledger.read import why
from tests.unit.ledger_cases import (
    NOW,
    accept,
    allowed,
    carry_out,
    claimed,
    message,
    new_ledger,
    new_ticket,
    next_one,
    refund,
    reply,
    ruling,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path)
    yield found
    found.close()


@pytest.fixture
def ref(ledger: SqlLedger) -> TicketRef:
    """A ticket that was answered, with a refund."""
    found = new_ticket(ledger)
    allowed(ledger, found, refund(), reply(found, refund()))
    carry_out(ledger, found)
    ledger.record_outcome(found, Outcome(kind="answered"), NOW)
    return found


def write(ledger: SqlLedger, statement: str) -> None:
    """A statement from somebody who opens the file by hand: its triggers hold."""
    with closing(sqlite3.connect(ledger.file.path)) as connection, connection:
        connection.execute(statement)


def rows(ledger: SqlLedger, query: str) -> list[tuple[object, ...]]:
    with ledger.file.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def erase(ledger: SqlLedger, *refs: str) -> None:
    erasure.begin(ledger, refs, "hanne", NOW)
    erasure.destroy(ledger, refs, NOW)
    erasure.finish(ledger, refs, NOW)


def test_rows_bodies_and_secrets_are_destroyed(ledger: SqlLedger, ref: TicketRef) -> None:
    """The ticket's number and the mail's identity stay; every hash of the chain is what it was."""
    chain = rows(ledger, "SELECT seq, at, actor, event, ref, seal, prev, hash FROM audit")
    noted = head(ledger.file.path)
    erase(ledger, ref.id)
    for table in ("proposals", "decisions", "verdicts", "grants", "effects", "outcomes", "journal"):
        assert rows(ledger, f"SELECT * FROM {table}") == []
    assert rows(ledger, "SELECT key, message_id, sender, body, raw FROM inbox") == [("m1", "", "", "", "")]
    assert rows(ledger, "SELECT subject, sender, customer, on_record, status FROM tickets") == [("",) * 4 + ("closed",)]
    assert rows(ledger, "SELECT secret FROM secrets") == [("",)]
    assert rows(ledger, "SELECT event FROM audit WHERE body <> ''") == [("data.erased",)]
    assert rows(ledger, "SELECT seq, at, actor, event, ref, seal, prev, hash FROM audit")[: len(chain)] == chain
    assert verify(ledger.file.path, noted) == check_ledger(ledger.file.path) == ()
    assert why(ledger, ref.id)["turns"] == []


def test_doing_it_again_changes_nothing(ledger: SqlLedger, ref: TicketRef) -> None:
    """Whatever a crash left between two steps, the same steps come to the same."""
    erasure.begin(ledger, [ref.id], "hanne", NOW)
    assert erasure.unfinished(ledger) == (ref.id,)
    assert [problem.code for problem in check_ledger(ledger.file.path)] == ["erasure.unfinished"]
    for _ in range(2):
        erasure.destroy(ledger, [ref.id], NOW)
    erasure.finish(ledger, [ref.id], NOW)
    erasure.finish(ledger, [ref.id], NOW)
    assert rows(ledger, "SELECT COUNT(*) FROM audit WHERE event = 'data.erased'") == [(1,)]
    assert erasure.unfinished(ledger) == ()
    assert verify(ledger.file.path) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET body = '' WHERE seq = 2",
        "UPDATE secrets SET secret = ''",
        "DELETE FROM secrets",
        "DELETE FROM tickets",
        "DELETE FROM inbox",
        "DELETE FROM signatures",
        "DELETE FROM quarantine",
        "INSERT INTO erasures (ref, by, effects, begun_at) VALUES ('CS-1001', 'x', 2, 'now')",
    ],
)
def test_nothing_goes_without_an_erasure(ledger: SqlLedger, ref: TicketRef, statement: str) -> None:
    """The triggers let nothing go of a ticket that nobody erases, and none be erased that was not closed for it."""
    ledger.quarantine(Quarantined(key="q", source="file", code="input.empty", reason="empty"), NOW)
    asked = new_ticket(ledger, "m2")
    ledger.record_verdict(asked, ruling(asked, refund("FH-2"), answer="ask"), NOW)
    review = ledger.review(asked.id, 1)
    assert review is not None
    ledger.answer_review(review.id, review.digest, "reject", "alice", "", NOW)
    with pytest.raises(sqlite3.IntegrityError, match="law: "):
        write(ledger, statement)
    assert ref.id == "CS-1001"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET hash = 'x' WHERE seq = 2",
        "UPDATE audit SET body = '{}' WHERE seq = 2",
        "DELETE FROM audit",
        "UPDATE secrets SET secret = 'ab'",
        "UPDATE tickets SET status = 'received'",
        "UPDATE tickets SET turn = 2",
        "UPDATE erasures SET done_at = NULL",
        "UPDATE erasures SET effects = 0",
        "DELETE FROM erasures",
        "INSERT INTO outcomes (ticket, turn, outcome, at) VALUES ('CS-1001', 1, '{}', 'now')",
        "INSERT INTO journal (ticket, step, request, method, answer, parts) VALUES ('CS-1001', '', '', '', '', '')",
    ],
)
def test_what_was_erased_stays_so(ledger: SqlLedger, ref: TicketRef, statement: str) -> None:
    """An erasure permits what it is for and no more: it does not switch the law off, and it can't be taken back."""
    erase(ledger, ref.id)
    with pytest.raises(sqlite3.IntegrityError, match="law: "):
        write(ledger, statement)


def test_open_things_are_void_first(ledger: SqlLedger) -> None:
    """A question and a grant that nobody used give way; a next try of what failed is given up."""
    asked, granted, failed = (new_ticket(ledger, f"m{n}", f"x{n}@example.org") for n in range(3))
    ledger.record_verdict(asked, ruling(asked, refund("FH-1"), answer="ask"), NOW)
    allowed(ledger, granted, refund("FH-2"))
    allowed(ledger, failed, refund("FH-3"))
    ledger.fail(claimed(ledger, failed), "retry", "down", NOW)
    erase(ledger, asked.id, granted.id, failed.id)
    assert ledger.unfinished() == ()
    assert ledger.in_doubt() == ()
    assert verify(ledger.file.path) == ()


def test_effect_under_way_is_in_the_way(ledger: SqlLedger) -> None:
    """What was started has to end first; what is unknown for good may be given up by whoever says so."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund())
    claim = claimed(ledger, ref)
    assert erasure.in_doubt(ledger, [ref.id]) == ((claim.effect, "started"),)
    with pytest.raises(RejectedError, match="only what has ended"):
        erasure.begin(ledger, [ref.id], "hanne", NOW)
    assert rows(ledger, "SELECT COUNT(*) FROM erasures") == [(0,)]
    ledger.fail(claim, "unknown", "no answer", NOW)
    assert erasure.in_doubt(ledger, [ref.id]) == ((claim.effect, "unknown"),)
    erase(ledger, ref.id)
    assert ledger.in_doubt() == ()


def test_kept_ticket_is_in_the_way(ledger: SqlLedger, ref: TicketRef) -> None:
    """The file itself refuses to erase what a person marked to be kept."""
    retention.keep(ledger, ref.id, "ines", "a lawyer asks", NOW)
    assert erasure.kept(ledger, [ref.id]) == (ref.id,)
    with pytest.raises(RejectedError, match="only what has ended"):
        erasure.begin(ledger, [ref.id], "hanne", NOW)


def test_same_mail_is_no_new_ticket(ledger: SqlLedger, ref: TicketRef) -> None:
    """A mail that is delivered once more is known, and one that answers the ticket opens another."""
    erase(ledger, ref.id)
    again = accept(ledger, message())
    assert (again.ticket, again.new) == (ref.id, False)
    later = accept(ledger, message("m2", subject="Re: CS-1001", references=("<m1@mail.example>",)))
    assert (later.ticket, later.continued) == ("CS-1002", False)


def test_numbers_of_erased_effects_stay_used(ledger: SqlLedger, ref: TicketRef) -> None:
    """The next effect on the same target has a key that was never used."""
    before = {row[0] for row in rows(ledger, "SELECT key FROM effects")}
    erase(ledger, ref.id)
    again = new_ticket(ledger, "m2")
    allowed(ledger, again, refund())
    assert next_one(ledger, again).grant.key not in before
    assert rows(ledger, "SELECT slot FROM proposals") == [(3,)]


def test_items_in_quarantine_go(ledger: SqlLedger) -> None:
    """An item and its secret are gone, and the others stay."""
    for name in "ab":
        ledger.quarantine(Quarantined(key=name, source=name, code="input.empty", reason="empty", raw=name * 64), NOW)
    assert erasure.traces(ledger, ["Q-1"]).raw == ("a" * 64,)
    erase(ledger, "Q-1")
    assert rows(ledger, "SELECT seq, source FROM quarantine") == [(2, "b")]
    assert check_ledger(ledger.file.path) == ()
    ledger.quarantine(Quarantined(key="a", source="a", code="input.empty", reason="empty"), NOW)
    assert erasure.quarantined(ledger)[-1][0] == "Q-3"


def test_nobody_is_not_everybody(ledger: SqlLedger, ref: TicketRef) -> None:
    """An empty id or address, as a ticket without a customer has, finds nothing."""
    assert erasure.tickets_of(ledger, [""], [""]) == ()
    assert erasure.tickets_of(ledger, [], ["ann@example.org", ""]) == (ref.id,)


def test_retention_leaves_what_was_erased_alone(ledger: SqlLedger, ref: TicketRef) -> None:
    """There is nothing left to prune."""
    erase(ledger, ref.id)
    assert retention.due(ledger, NOW + timedelta(days=400)) == ()


def test_scrubbing_waits_for_readers(ledger: SqlLedger, ref: TicketRef, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody reads an older state, the log can't be emptied, and that is said; afterwards it can."""
    monkeypatch.setattr("countersign.ledger.file.SCRUB_MILLISECONDS", 50)
    with closing(sqlite3.connect(ledger.file.path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM tickets").fetchall()
        erase(ledger, ref.id)
        with pytest.raises(StorageError) as caught:
            ledger.file.scrub()
        assert caught.value.full_code == "storage.busy"
        other.execute("ROLLBACK")
    ledger.file.scrub()
    log = ledger.file.path.with_name("ledger.db-wal")
    assert not log.exists() or log.stat().st_size == 0
