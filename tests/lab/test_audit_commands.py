"""What an auditor types: verify names the row that is wrong, export can be checked, evidence shows the whole chain."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from countersign.ledger.check import verify
from tests.cli.command import countersign, one_line


@pytest.fixture
def own_var(handled_var: Path, tmp_path: Path) -> Path:
    """The handled ledger, for a test to change."""
    var = tmp_path / "var"
    var.mkdir()
    for name in ("ledger.db", "ledger.db.anchor"):
        shutil.copy(handled_var / name, var)
    return var


def change(var: Path, *statements: str) -> None:
    """Somebody writes in the ledger's file who has taken its triggers off."""
    with closing(sqlite3.connect(var / "ledger.db")) as connection, connection:
        for name in ("audit_are_fixed", "audit_are_kept", "audit_is_a_chain"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


FLIP = "UPDATE audit SET body = replace(body, '\"turn\":1', '\"turn\":3') WHERE seq = 4"
CUT = "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)"
SWAP = (
    "UPDATE audit SET seq = -1 WHERE seq = 7",
    "UPDATE audit SET seq = 7 WHERE seq = 8",
    "UPDATE audit SET seq = 8 WHERE seq = -1",
)


@pytest.mark.parametrize(
    ("statements", "named"), [((FLIP,), "row 4 was edited"), ((CUT,), "were cut off"), (SWAP, "row 7 ")]
)
def test_verify_names_the_row(own_var: Path, statements: tuple[str, ...], named: str) -> None:
    """One byte flipped, the last row deleted, two rows in the other order: found, and the row is named."""
    assert verify(own_var / "ledger.db") == ()
    change(own_var, *statements)
    broken = countersign("audit", "verify", var=own_var)
    assert broken.returncode == 4
    assert named in broken.stderr


def test_noted_head_finds_a_history_that_was_made_again(own_var: Path) -> None:
    """Whoever can write the anchor too is found by a head that was noted elsewhere."""
    noted = json.loads(countersign("audit", "verify", "--json", var=own_var).stdout)["head"]
    change(own_var, CUT)
    (own_var / "ledger.db.anchor").write_text(f"{0:020d} {'':64s}\n")
    assert verify(own_var / "ledger.db") == ()
    told = countersign("audit", "verify", "--head", noted, var=own_var)
    assert (told.returncode, "audit.truncated" in told.stderr) == (4, True)
    wrong = countersign("audit", "verify", "--head", "seven", var=own_var)
    assert wrong.returncode == 2
    one_line(wrong, "settings")


def test_export_is_what_the_checker_reads(handled_var: Path, tmp_path: Path) -> None:
    """The export, the shop's file and the outbox are judged by a command that can demand activity."""
    audit = tmp_path / "audit.jsonl"
    assert countersign("audit", "export", "--out", str(audit), var=handled_var).returncode == 0
    files = (str(audit), str(handled_var / "shop.db"), str(handled_var / "outbox"))
    judged = countersign("lab", "check", *files, "--least", "effects=2", "--json")
    assert (judged.returncode, json.loads(judged.stdout)["ok"]) == (0, True)
    assert countersign("lab", "check", *files, "--least", "effects=3").returncode == 4
    one_line(countersign("lab", "check", *files, "--least", "luck=1"), "settings")
    one_line(countersign("lab", "check", files[1], files[0], files[2]), "settings")


def test_evidence_is_the_whole_chain_of_one_effect(handled_var: Path) -> None:
    """From the message to the receipt, with the person, the rules and the audit rows; an unknown effect is named."""
    with closing(sqlite3.connect(handled_var / "ledger.db")) as connection:
        found = connection.execute("SELECT id FROM effects WHERE amount = 64900").fetchone()[0]
    told = json.loads(countersign("evidence", found, "--json", var=handled_var).stdout)
    assert told["signature"]["by"] == told["grant"]["approver"] == "ines"
    assert told["decision"]["rules"] == ["refund.over-50"]
    events = [row["event"] for row in told["audit"]]
    order = ("message.accepted", "review.opened", "review.answered", "grant.given", "effect.started", "effect.done")
    assert [events.index(event) for event in order] == sorted(events.index(event) for event in order)
    drawn = countersign("evidence", found, var=handled_var).stdout
    assert all(text in drawn for text in ("ines", "refund.over-50", told["effect"]["receipt"]["reference"]))
    one_line(countersign("evidence", "E-nothing", var=handled_var), "misuse.effect")
