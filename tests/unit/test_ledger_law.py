"""The law inside the file: what SQLite refuses even where the program's own checks are gone."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from countersign.domain.errors import RejectedError, StorageError
from countersign.domain.outcome import Claim, Refusal
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger, claims, rulings
from countersign.ledger.check import triggers
from countersign.ledger.schema import HEAD
from countersign.ledger.triggers import TRIGGERS
from tests.unit.ledger_cases import (
    NOW,
    accept,
    allowed,
    at,
    cancel,
    carry_out,
    claim,
    claimed,
    message,
    new_ledger,
    new_ticket,
    next_one,
    receipt,
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
def path(ledger: SqlLedger) -> Path:
    return ledger.file.path


def write(path: Path, *statements: str) -> None:
    """Statements from somebody who opens the file by hand, without our authorizer but with its triggers."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        for statement in statements:
            connection.execute(statement)


def no_objections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program forgets every check of a claim."""
    monkeypatch.setattr(claims, "_objections", always(()))


def always(answer: object) -> Callable[..., object]:
    """A function that answers the same to everything."""

    def found(*_: object) -> object:
        return iter(()) if answer == () else answer

    return found


def test_triggers_are_as_they_should_be(path: Path) -> None:
    """A new file has exactly the triggers of this version."""
    assert triggers(path) == ()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DROP TRIGGER effects_need_a_grant", "trigger.missing"),
        ("CREATE TRIGGER strange AFTER INSERT ON audit BEGIN SELECT 1; END", "trigger.strange"),
    ],
)
def test_trigger_that_is_gone_or_strange_is_found(path: Path, statement: str, code: str) -> None:
    """Comparing the triggers names the one that is missing or does not belong there."""
    write(path, statement)
    assert [problem.code for problem in triggers(path)] == [code]


def test_trigger_that_was_changed_is_found(path: Path) -> None:
    """A trigger of the right name with other text is found."""
    write(
        path,
        "DROP TRIGGER audit_are_kept",
        "CREATE TRIGGER audit_are_kept BEFORE DELETE ON audit BEGIN SELECT 1; END",
    )
    assert [(problem.code, problem.text) for problem in triggers(path)] == [
        ("trigger.changed", "trigger audit_are_kept was changed")
    ]


def test_changing_a_trigger_needs_a_migration() -> None:
    """The triggers of a version are pinned: whoever changes one adds a migration and pins both anew."""
    from countersign.domain.frozen import digest

    assert (HEAD, digest(dict(TRIGGERS))[:16]) == ("0009", "4e28969849e654d9")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)",
        "INSERT OR REPLACE INTO audit SELECT seq, at, 'x', event, ref, body, prev, hash, seal FROM audit WHERE seq = 1",
        "INSERT INTO audit SELECT seq + 100, at, actor, event, ref, body, prev, hash, seal FROM audit WHERE seq = 1",
        "INSERT INTO audit SELECT MAX(seq) + 1, at, actor, event, ref, body, 'x', 'y', seal FROM audit",
        "UPDATE verdicts SET answer = 'allow'",
        "DELETE FROM verdicts",
        "UPDATE decisions SET answer = 'allow'",
        "DELETE FROM decisions",
        "UPDATE proposals SET args = '{}'",
        "DELETE FROM proposals",
        "UPDATE grants SET ceiling = 1000000",
        "UPDATE grants SET consumed_by = NULL",
        "UPDATE grants SET expires_at = '9999'",
        "DELETE FROM grants",
        "INSERT OR REPLACE INTO grants SELECT * FROM grants",
        "UPDATE effects SET amount = 1",
        "UPDATE effects SET key = 'x'",
        "UPDATE effects SET fence = 0",
        "UPDATE effects SET status = 'failed'",
        "DELETE FROM effects",
        "INSERT OR REPLACE INTO effects SELECT * FROM effects",
        "INSERT INTO effects SELECT 99, 'E-2', ticket, turn, proposal, grant_id, kind, target, 'other', amount, "
        "currency, 'started', 0, 1, 1, started_at, NULL, NULL, '' FROM effects",
        "UPDATE tickets SET turn = 0",
        "UPDATE tickets SET id = 'CS-1'",
        "DELETE FROM outcomes",
        "UPDATE outcomes SET outcome = '{}'",
    ],
)
def test_history_is_not_rewritten(ledger: SqlLedger, path: Path, statement: str) -> None:
    """The file's triggers refuse to change what happened, whoever asks."""
    from countersign.domain.outcome import Outcome

    ref = new_ticket(ledger)
    allowed(ledger, ref, refund())
    carry_out(ledger, ref)
    ledger.record_outcome(ref, Outcome(kind="answered"), NOW)
    with pytest.raises(sqlite3.IntegrityError, match="law: "):
        write(path, statement)


@pytest.mark.parametrize("change", ["answer = 'approve', status = 'answered'", "status = 'open'"])
def test_review_is_answered_once(ledger: SqlLedger, path: Path, change: str) -> None:
    """An answered or void review can't be answered otherwise."""
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), answer="ask"), NOW)
    accept(ledger, message("m2", subject="CS-1001"))
    with pytest.raises(sqlite3.IntegrityError, match="answered once"):
        write(path, f"UPDATE reviews SET {change}")
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        write(path, "DELETE FROM reviews")


def test_void_grant_stays_void(ledger: SqlLedger, path: Path) -> None:
    """A grant that was voided can't be revived."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund())
    accept(ledger, message("m2", subject="CS-1001"))
    with pytest.raises(sqlite3.IntegrityError, match="for good"):
        write(path, "UPDATE grants SET void = 0")


@pytest.mark.parametrize("case", ["consumed", "void", "expired", "superseded", "ceiling", "no ceiling", "amount"])
def test_effect_needs_its_grant_without_the_programs_check(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """With every check of the claim removed, no effect starts that the file does not permit."""
    ref = new_ticket(ledger)
    ceiling = {"ceiling": 999, "no ceiling": None}.get(case, 5000)
    ledger.record_verdict(ref, ruling(ref, refund(), ceiling=ceiling), NOW)
    granted = next_one(ledger, ref)
    if case == "consumed":
        claim(ledger, granted)
    if case == "void":
        ledger.record_verdict(ref, ruling(ref, refund(), answer="deny"), NOW)
    if case == "superseded":
        accept(ledger, message("m2", subject="CS-1001"))
    if case == "amount":
        monkeypatch.setattr(claims, "amount_of", always(1))
    no_objections(monkeypatch)
    with pytest.raises((RejectedError, StorageError)) as caught:
        claim(ledger, granted, at(60 if case == "expired" else 0))
    assert caught.value.full_code in ("rejected.law", "storage.failed")
    assert len(ledger.receipts(ref)) == (1 if case == "consumed" else 0)


def test_key_is_used_once_without_the_programs_check(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two grants with one key come to one effect, whatever the program forgets."""
    refs = [new_ticket(ledger, key) for key in ("m1", "m2")]
    for ref in refs:
        allowed(ledger, ref, refund())
    claimed(ledger, refs[0])
    no_objections(monkeypatch)
    with pytest.raises(StorageError, match="UNIQUE"):
        claim(ledger, next_one(ledger, refs[1]))


def test_money_stays_under_the_ceiling_when_an_effect_starts_again(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second try counts its money again, also in the file itself."""
    first = new_ticket(ledger, "m1")
    allowed(ledger, first, refund(amount=3000))
    ledger.fail(claimed(ledger, first), "retry", "down", NOW)
    again = next_one(ledger, first)
    monkeypatch.setattr(rulings, "next_slot", always(7))  # another slot, so that only the ceiling stands between
    second = new_ticket(ledger, "m2")
    allowed(ledger, second, refund(amount=2500))
    claimed(ledger, second)
    refused = claim(ledger, again)
    assert isinstance(refused, Refusal)
    assert refused.code == "claim.ceiling"
    no_objections(monkeypatch)
    with pytest.raises(RejectedError, match="more money"):
        claim(ledger, again)


def test_effect_does_not_end_twice_without_the_programs_check(ledger: SqlLedger, path: Path) -> None:
    """A failed effect can't become a done one."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund())
    ledger.fail(claimed(ledger, ref), "failed", "refused", NOW)
    with pytest.raises(sqlite3.IntegrityError, match="ended stays"):
        write(path, "UPDATE effects SET status = 'done'")


@pytest.mark.parametrize("lie", ["decision", "approver"])
def test_grant_needs_its_decision_without_the_programs_check(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    """A grant for what was not allowed, or in the name of somebody who did not approve, is refused by the file."""
    ref = new_ticket(ledger)
    monkeypatch.setattr(rulings, "_require_consistent", always(None))
    monkeypatch.setattr("countersign.ledger.reviews.require_approval", always(None))
    monkeypatch.setattr(rulings, "_require_signed", always(None))
    said = ruling(ref, refund(), decided="ask", approver="alice" if lie == "approver" else "policy")
    with pytest.raises(RejectedError, match="no decision permits"):
        ledger.record_verdict(ref, said, NOW)
    assert ledger.proposals(ref) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER audit_are_kept",
        "DROP TABLE audit",
        "DROP INDEX one_effect_a_key",
        "ALTER TABLE audit ADD COLUMN x",
        "ALTER TABLE audit RENAME TO old",
        "CREATE TRIGGER x AFTER INSERT ON audit BEGIN SELECT 1; END",
        "CREATE TABLE x (y)",
        "DELETE FROM audit",
        "DELETE FROM tickets",
        "UPDATE audit SET actor = 'x'",
        "UPDATE sqlite_master SET sql = ''",
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA writable_schema = ON",
        "ATTACH DATABASE ':memory:' AS other",
    ],
)
@pytest.mark.parametrize("mode", ["writing", "reading"])
def test_connections_can_not_change_the_law(ledger: SqlLedger, statement: str, mode: str) -> None:
    """Our own connections are confined: no DROP, ALTER, DELETE, ATTACH, no change of the audit or of PRAGMAs."""
    new_ticket(ledger)
    transaction = ledger.file.writing("test") if mode == "writing" else ledger.file.reading()
    with pytest.raises(StorageError), transaction as connection:
        connection.exec_driver_sql(statement)


def test_readers_can_not_write(ledger: SqlLedger) -> None:
    """A reading connection refuses every write."""
    new_ticket(ledger)
    with pytest.raises(StorageError), ledger.file.reading() as connection:
        connection.execute(sa.text("UPDATE tickets SET status = 'closed'"))


def test_claims_of_a_plan_follow_in_the_file_too(ledger: SqlLedger) -> None:
    """With all checks in place the triggers refuse nothing of a plan that is carried out in order."""
    ref = new_ticket(ledger)
    allowed(ledger, ref, cancel(), refund(), reply(ref, cancel(), refund()))
    assert carry_out(ledger, ref) == 3
    assert triggers(ledger.file.path) == ()
    later = TicketRef(id=ref.id, turn=accept(ledger, message("m2", subject="CS-1001")).turn)
    allowed(ledger, later, refund(amount=100, version=5))
    found = claimed(ledger, later)
    assert isinstance(found, Claim)
    ledger.settle(found, receipt(found, 100), NOW)
