"""The audit chain: whoever edits, removes, inserts, reorders or cuts off rows is found out."""

import hmac
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from countersign.domain.frozen import canonical, digest
from countersign.ledger import anchor, open_ledger
from countersign.ledger.anchor import Head, anchor_of
from countersign.ledger.check import check_ledger, verify
from tests.unit.ledger_cases import (
    ANN,
    NOW,
    accept,
    allowed,
    at,
    carry_out,
    message,
    new_ledger,
    new_ticket,
    refund,
    reply,
    ruling,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger's file with a ticket that was answered."""
    ledger = new_ledger(tmp_path)
    ref = new_ticket(ledger)
    allowed(ledger, ref, refund(), reply(ref, refund()))
    carry_out(ledger, ref)
    ledger.close()
    return ledger.file.path


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """The file in the hands of somebody who has taken the triggers off the audit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in ("audit_are_fixed", "audit_are_kept", "audit_is_a_chain"):
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def codes(path: Path) -> set[str]:
    return {problem.code for problem in verify(path)}


def test_untouched_chain_is_whole(path: Path) -> None:
    """What the ledger wrote verifies, and the file has nothing else wrong with it."""
    assert check_ledger(path) == ()


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'x'", "body = '{}'", "at = ''", "event = 'x'", "ref = 'CS-9'", "hash = 'x'", "prev = 'x'",
        "seal = 'x'",
    ],
)  # fmt: skip
def test_edited_row_is_found(path: Path, raw: sqlite3.Connection, change: str) -> None:
    """A change of any column of any row is found, and the row is named."""
    raw.execute(f"UPDATE audit SET {change} WHERE seq = 4")
    found = verify(path)
    assert "audit.edited" in {problem.code for problem in found}
    assert found[0].seq == 4


def test_removed_row_is_found(path: Path, raw: sqlite3.Connection) -> None:
    """A row that is missing in the middle is found."""
    raw.execute("DELETE FROM audit WHERE seq = 3")
    assert codes(path) == {"audit.missing", "audit.order"}


def test_first_rows_removed_are_found(path: Path, raw: sqlite3.Connection) -> None:
    """The chain begins at its first row."""
    raw.execute("DELETE FROM audit WHERE seq < 3")
    assert codes(path) == {"audit.missing", "audit.order"}


def test_inserted_row_is_found(path: Path, raw: sqlite3.Connection) -> None:
    """A row of one's own, pushed between two others, is found."""
    raw.execute("UPDATE audit SET seq = -seq - 1 WHERE seq > 4")
    raw.execute("UPDATE audit SET seq = -seq WHERE seq < 0")
    raw.execute("INSERT INTO audit SELECT 5, at, actor, event, ref, body, hash, 'x', seal FROM audit WHERE seq = 4")
    assert {"audit.edited", "audit.order"} <= codes(path)


def test_reordered_rows_are_found(path: Path, raw: sqlite3.Connection) -> None:
    """Two rows that changed places are found."""
    for one, other in ((3, 1000), (4, 3), (1000, 4)):
        raw.execute(f"UPDATE audit SET seq = {other} WHERE seq = {one}")
    assert {"audit.edited", "audit.order"} <= codes(path)


def test_rows_cut_off_are_found(path: Path, raw: sqlite3.Connection) -> None:
    """A chain that is whole but shorter than the anchor knows was cut off."""
    raw.execute("DELETE FROM audit WHERE seq > 5")
    assert codes(path) == {"audit.truncated"}


def test_everything_removed_is_found(path: Path, raw: sqlite3.Connection) -> None:
    """An empty audit with an anchor was emptied."""
    raw.execute("DELETE FROM audit")
    assert codes(path) == {"audit.truncated"}


def test_rewritten_chain_is_found(path: Path, raw: sqlite3.Connection) -> None:
    """A chain that was changed and hashed anew from there does not end in the anchored head."""
    last = raw.execute("SELECT hash FROM audit WHERE seq = 3").fetchone()[0]
    for row in raw.execute("SELECT seq, at, event, ref, seal FROM audit WHERE seq > 3 ORDER BY seq").fetchall():
        values = [row[0], row[1], "somebody", row[2], row[3], row[4], last]
        changed = (last, new := digest(values), row[0])
        raw.execute("UPDATE audit SET actor = 'somebody', prev = ?, hash = ? WHERE seq = ?", changed)
        last = new
    assert codes(path) == {"audit.rewritten"}


def test_missing_or_damaged_anchor_is_found(path: Path) -> None:
    """Without a readable anchor nobody could tell that rows were cut off."""
    anchor_of(path).write_text("nonsense")
    assert codes(path) == {"audit.anchor"}
    anchor_of(path).unlink()
    assert codes(path) == {"audit.anchor"}


def test_new_file_needs_no_anchor(tmp_path: Path) -> None:
    """A ledger in which nothing has happened is whole."""
    new_ledger(tmp_path).close()
    assert verify(tmp_path / "ledger.db") == ()


def test_lagging_anchor_is_a_prefix(path: Path) -> None:
    """A crash between commit and anchor leaves an older head, which is no problem; the next commit catches up."""
    older = anchor_of(path).read_bytes()
    ledger = open_ledger(path)
    accept(ledger, message("m2"))
    anchor_of(path).write_bytes(older)
    assert verify(path) == ()
    accept(ledger, message("m3"))
    assert anchor_of(path).read_bytes() != older
    assert verify(path) == ()


def test_anchor_never_goes_back(path: Path) -> None:
    """A process that was stopped between commit and anchor does not overwrite a later head."""
    head = anchor.read(path)
    assert head is not None
    anchor.write(path, Head(1, "0" * 64))
    assert anchor.read(path) == head
    assert oct(anchor_of(path).stat().st_mode & 0o777) == "0o600"


def test_hash_is_over_the_canonical_row(path: Path, raw: sqlite3.Connection) -> None:
    """Anybody can recompute the chain from the documented form: seq, at, actor, event, ref, seal, prev."""
    rows = raw.execute("SELECT seq, at, actor, event, ref, seal, prev, hash, body FROM audit ORDER BY seq").fetchall()
    (secret,) = raw.execute("SELECT secret FROM secrets WHERE ref = 'CS-1001'").fetchone()
    assert len(rows) > 5
    for row in rows:
        assert digest(list(row[:7])) == row[7]
        assert canonical(json.loads(row[8])) == row[8]
        assert hmac.new(bytes.fromhex(secret), row[8].encode(), "sha256").hexdigest() == row[5]


def test_emptied_row_is_found(path: Path, raw: sqlite3.Connection) -> None:
    """A body that is gone, and no erasure in the chain says so, was taken away."""
    raw.execute("UPDATE audit SET body = '' WHERE seq = 4")
    assert [(problem.code, problem.seq) for problem in verify(path)] == [("audit.emptied", 4)]


def test_seals_are_keyed_for_each_ticket(tmp_path: Path) -> None:
    """The same words about two tickets leave two seals, and neither is a digest that anybody could make again."""
    ledger = new_ledger(tmp_path)
    for number in (1, 2):
        accept(ledger, message(f"m{number}"))
    with ledger.file.reading() as connection:
        found = "SELECT seal, body FROM audit WHERE event = 'ticket.opened'"
        (one, body), (other, same) = connection.exec_driver_sql(found).all()
    assert body == same
    assert len({one, other, digest(json.loads(body)), hmac.new(b"", body.encode(), "sha256").hexdigest()}) == 4


def test_audit_holds_no_personal_data(tmp_path: Path) -> None:
    """Addresses, subjects, bodies and notes of people never reach the audit."""
    ledger = new_ledger(tmp_path)
    ref = new_ticket(ledger)
    ledger.record_verdict(ref, ruling(ref, refund(), reply(ref, body="Dear Ann"), answer="ask", on_record=ANN), NOW)
    review = ledger.review(ref.id, ref.turn)
    assert review is not None
    ledger.answer_review(review.id, review.digest, "reject", "alice", "Ann rang me", NOW)
    accept(ledger, message("m2", subject="CS-1001 from Ann"))
    with ledger.file.reading() as connection:
        text = "\n".join(connection.exec_driver_sql("SELECT body FROM audit").scalars())
    assert "Ann" not in text
    assert "ann@" not in text
    assert "FH-10001" in text


def test_times_are_noted_but_do_not_order(tmp_path: Path) -> None:
    """A clock that steps back leaves a whole chain in the order in which things happened."""
    ledger = new_ledger(tmp_path)
    for number, minutes in enumerate((0, -60, 30)):
        accept(ledger, message(f"m{number}"), at(minutes))
    assert verify(ledger.file.path) == ()
    with ledger.file.reading() as connection:
        times = connection.exec_driver_sql("SELECT at FROM audit WHERE event = 'ticket.opened' ORDER BY seq")
        kept = list(times.scalars())
    assert kept == [(NOW + timedelta(minutes=m)).isoformat(timespec="microseconds") for m in (0, -60, 30)]
