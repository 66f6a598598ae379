"""The checker believes an honest run, and finds each kind of harm in what a run left behind."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from mailbox import mbox
from pathlib import Path
from typing import Any

import pytest

from countersign.lab.checker import PROMISES, Report, check
from countersign.lab.evidence import canonical, digest, seal
from tests.lab.conftest import Left

Rows = list[dict[str, Any]]
LEAST = {"tickets": 4, "effects": 2, "mails": 2, "people": 2, "decisions": 4}


def judged(left: Left, least: dict[str, int] | None = None) -> Report:
    return check(left.audit, left.provider, left.outbox, least)


def broken(left: Left) -> set[str]:
    return {violation.promise for violation in judged(left).violations}


def rewrite(left: Left, change: Callable[[Rows], None]) -> None:
    """Changes the export as somebody would who can make the whole chain again."""
    rows: Rows = [json.loads(line) for line in left.audit.read_text(encoding="utf-8").splitlines()]
    change(rows)
    last = ""
    for seq, row in enumerate(rows, 1):
        row |= {"seq": seq, "prev": last}
        row["seal"] = seal(row["secret"], row["body"])
        named = [row[name] for name in ("seq", "at", "actor", "event", "ref", "seal")]
        last = row["hash"] = digest([*named, row["prev"]])
    left.audit.write_text("".join(canonical(row) + "\n" for row in rows), encoding="utf-8")


def sql(left: Left, *statements: str) -> None:
    """Writes in the provider's books, without its guards."""
    with closing(sqlite3.connect(left.provider)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)


def test_honest_run_is_believed(left: Left) -> None:
    """Nothing is broken, and enough happened."""
    report = judged(left, LEAST)
    assert (report.ok, report.violations) == (True, ())


def test_run_in_which_nothing_happened_proves_nothing(left: Left) -> None:
    """Without the demanded activity there is no judgement."""
    report = judged(left, {"effects": 100})
    assert [violation.promise for violation in report.violations] == ["enough happened"]


def test_checker_loads_nothing_but_itself(left: Left) -> None:
    """In a process of its own it comes to the same report, without any module of the application or a library."""
    probe = (
        "import sys; from countersign.lab import checker; code = checker.main();"
        "ours = sorted(name for name in sys.modules if name.partition('.')[0] == 'countersign');"
        "assert ours == ['countersign', *(f'countersign.lab{n}' for n in ('', '.checker', '.evidence'))], ours;"
        "others = {'graphs', 'nodes', 'tools', 'checkpoints', 'pydantic', 'sqlalchemy'} & set(sys.modules);"
        "assert not others, others; sys.exit(code)"
    )
    words = [sys.executable, "-c", probe, str(left.audit), str(left.provider), str(left.outbox), "--least", "mails=2"]
    finished = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout)["ok"] is True


def test_mails_are_read_from_an_mbox_too(left: Left, tmp_path: Path) -> None:
    """A mail sink's one file counts like a Maildir, and what it accepted twice counts twice."""
    box = mbox(tmp_path / "sent")
    texts = [path.read_bytes() for path in sorted((left.outbox / "new").iterdir())]
    for text in texts:
        box.add(text)
    box.flush()
    sunk = Left(left.audit, left.provider, tmp_path / "sent")
    assert judged(sunk, LEAST).ok
    box.add(texts[0])
    box.flush()
    box.close()
    assert broken(sunk) == {"nothing happened twice"}


@pytest.mark.parametrize("change", ["edit", "delete", "insert", "swap"])
def test_changed_export_is_found(left: Left, change: str) -> None:
    """A row that was edited, left out, put in or moved breaks the chain, and the row is named."""
    lines = left.audit.read_text(encoding="utf-8").splitlines()
    if change == "edit":
        lines[4] = lines[4].replace('"at":"2026', '"at":"2025')
    elif change == "delete":
        del lines[4]
    elif change == "insert":
        lines.insert(4, lines[3])
    else:
        lines[4], lines[5] = lines[5], lines[4]
    left.audit.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = [violation for violation in judged(left).violations if violation.promise == "the audit is whole"]
    assert found
    assert found[0].seq in (4, 5, 6)


def _first(rows: Rows, event: str, **body: object) -> int:
    return next(n for n, row in enumerate(rows) if row["event"] == event and body.items() <= row["body"].items())


def _without(event: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        del rows[_first(rows, event)]

    return change


def _set(event: str, **values: object) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[_first(rows, event)]["body"] |= values

    return change


def _repeat(event: str, **values: object) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        number = _first(rows, event)
        rows.insert(number + 1, {**rows[number], "body": rows[number]["body"] | values})

    return change


def _stop(rows: Rows) -> None:
    start = rows[_first(rows, "effect.started")]
    rows.insert(0, {**start, "event": "kind.halted", "ref": "refund", "actor": "ines", "body": {}})


def _by_another(rows: Rows) -> None:
    rows[next(n for n, row in enumerate(rows) if row["event"] == "grant.given" and row["actor"] == "ines")]["actor"] = (
        "maria"
    )


def _void(rows: Rows) -> None:
    start = rows[_first(rows, "effect.started")]
    rows.insert(rows.index(start), {**start, "event": "grant.void", "body": {"grant": start["body"]["grant"]}})


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (_without("effect.started"), "nothing unknown happened"),
        (_set("proposal.recorded", slot=7), "nothing unknown happened"),
        (_without("grant.given"), "every effect was granted"),
        (_set("grant.given", arguments="0" * 64), "every effect was granted"),
        (_set("grant.given", expires="2026-01-01"), "every effect was granted"),
        (_void, "every effect was granted"),
        (_repeat("effect.started", effect="E-other"), "every effect was granted"),
        (_set("verdict.recorded", decisions=[]), "every effect was granted"),
        (_by_another, "people's names are theirs"),
        (_repeat("review.answered", answer="approve"), "one answer a question"),
        (_without("effect.done"), "every effect has its end"),
        (_stop, "nothing starts while stopped"),
        (_without("outcome.recorded"), "no ticket is lost"),
    ],
)  # fmt: skip
def test_harm_in_the_audit_is_found(left: Left, change: Callable[[Rows], None], promise: str) -> None:
    """Each promise is broken by a change of the records alone, the chain made again."""
    rewrite(left, change)
    assert promise in broken(left)


REFUND = "(SELECT key FROM writes WHERE kind = 'refund' LIMIT 1)"


@pytest.mark.parametrize(
    ("statements", "promise"),
    [
        ((f"UPDATE writes SET key = 'elsewhere' WHERE key = {REFUND}",), "nothing unknown happened"),
        ((f"UPDATE writes SET arguments = '{{\"amount\":1}}' WHERE key = {REFUND}",), "done as granted"),
        ((f"UPDATE receipts SET amount = amount - 1 WHERE key = {REFUND}",), "done as granted"),
        ((f"UPDATE receipts SET amount = amount + 90000 WHERE key = {REFUND}",), "never more than was paid"),
        ((f"DELETE FROM receipts WHERE key = {REFUND}", f"DELETE FROM writes WHERE key = {REFUND}"),
         "every effect has its end"),
        (("INSERT INTO writes SELECT 'again', kind, target, arguments, digest, at FROM writes LIMIT 1",),
         "nothing unknown happened"),
    ],
)  # fmt: skip
def test_harm_in_the_world_is_found(left: Left, statements: tuple[str, ...], promise: str) -> None:
    """What the business's own books say is held against what was granted."""
    sql(left, *statements)
    assert promise in broken(left)


def test_mail_that_left_twice_is_found(left: Left) -> None:
    """Two files of one mail are two mails."""
    sent = next((left.outbox / "new").iterdir())
    shutil.copy(sent, left.outbox / "cur" / "copy.eml")
    assert broken(left) == {"nothing happened twice"}


def test_failed_effect_that_happened_is_found(left: Left) -> None:
    """An effect that is told as failed has no record in the world."""

    def change(rows: Rows) -> None:
        rows[_first(rows, "effect.done")]["event"] = "effect.failed"

    rewrite(left, change)
    assert "every effect has its end" in broken(left)


def test_every_promise_was_broken_once() -> None:
    """The cases above name every promise there is."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert all(promise in text for promise in PROMISES)
