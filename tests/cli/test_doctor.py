"""`doctor`: what is in order, what is not, and the next step."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cli.command import ROOT, countersign
from tests.cli.conftest import Handled

NAMES = (
    "packages", "libraries", "decoding", "sqlite", "settings", "runtime files", "desk", "policy", "templates", "ledger",
    "checkpoints", "shop", "outbox", "traces",
)  # fmt: skip


def problems(var: Path, code: int = 4, **settings: str) -> dict[str, dict[str, Any]]:
    """The checks that found something, by name."""
    finished = countersign("doctor", "--json", var=var, settings=settings)
    assert finished.returncode == code, finished.stderr
    told = json.loads(finished.stdout)
    assert told["ok"] == (code == 0)
    assert set(NAMES) <= {check["name"] for check in told["checks"]} | {"policy"}
    return {check["name"]: check for check in told["checks"] if not check["ok"]}


def test_a_fresh_place_is_in_order_and_stays_empty(tmp_path: Path) -> None:
    """Where nothing was run yet all is well, and looking makes no file."""
    assert problems(tmp_path / "var", code=0) == {}
    drawn = countersign("doctor", var=tmp_path / "var")
    assert "Everything is in order." in drawn.stdout
    assert "\x1b" not in drawn.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_left_is_in_order(handled: Handled) -> None:
    """Ledger, threads, shop and outbox of a real run are sound."""
    assert problems(handled.var, code=0) == {}


def test_a_missing_trigger_is_found(handled: Handled, tmp_path: Path) -> None:
    """A ledger whose law was taken out is a problem with a name."""
    var = shutil.copytree(handled.var, tmp_path / "var")
    with closing(sqlite3.connect(var / "ledger.db")) as ledger:
        ledger.execute("DROP TRIGGER effects_need_a_grant")
    found = problems(var)["ledger"]
    assert "effects_need_a_grant" in found["text"]
    assert found["step"]


def test_an_edited_audit_is_found(handled: Handled, tmp_path: Path) -> None:
    """A row of the audit that was changed by hand breaks the chain."""
    var = shutil.copytree(handled.var, tmp_path / "var")
    with closing(sqlite3.connect(var / "ledger.db")) as ledger:
        law = ledger.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_are_fixed'").fetchone()[0]
        ledger.execute("DROP TRIGGER audit_are_fixed")
        ledger.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 3")
        ledger.execute(law)
        ledger.commit()
    assert "3" in problems(var)["ledger"]["text"]


def test_corrupt_files_are_problems_not_errors(tmp_path: Path) -> None:
    """Ledger, checkpoints and shop that are no databases are three rows, each with its path."""
    for name in ("ledger.db", "checkpoints.db", "shop.db"):
        (tmp_path / name).write_bytes(b"\x00garbage" * 1000)
    found = problems(tmp_path)
    assert {"ledger", "checkpoints", "shop"} == set(found)
    assert str(tmp_path / "ledger.db") in found["ledger"]["text"]
    drawn = countersign("doctor", var=tmp_path)
    assert drawn.returncode == 4
    assert "3 to put right." in drawn.stdout


def test_a_var_that_is_a_file(tmp_path: Path) -> None:
    """Runtime files can't go where a file is, and doctor leaves the file as it is."""
    (tmp_path / "var").write_text("mine")
    assert "runtime files" in problems(tmp_path / "var")
    assert (tmp_path / "var").read_text() == "mine"


def test_a_shop_that_can_not_be_reached(tmp_path: Path) -> None:
    """A shop's fault is a row without its password; so is a shop of one's own that can't be opened."""
    found = problems(tmp_path, COUNTERSIGN_SHOP="postgresql://u:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in json.dumps(found)
    assert set(found) == {"shop"}
    (tmp_path / "faulty.py").write_text("def shop():\n    raise ValueError('broken')\n")
    own = problems(tmp_path / "var", COUNTERSIGN_SHOP="faulty:shop", PYTHONPATH=str(tmp_path))
    assert "ValueError" in own["shop"]["text"]


def test_a_mail_server_that_does_not_answer(tmp_path: Path) -> None:
    """With SMTP as the way out, a closed port is a problem that names the variables."""
    smtp = {"COUNTERSIGN_OUTBOX": "smtp", "COUNTERSIGN_SMTP__HOST": "127.0.0.1", "COUNTERSIGN_SMTP__PORT": "1"}
    assert "COUNTERSIGN_SMTP__PORT" in problems(tmp_path, code=4, **smtp)["outbox"]["step"]


def test_problems_of_a_desk(tmp_path: Path) -> None:
    """A rule without a name and a broken template are told beside everything else."""
    desk = shutil.copytree(ROOT / "desk", tmp_path / "desk")
    policy = desk / "policy.cedar"
    policy.write_text(policy.read_text().replace('@id("own.record")', ""))
    (desk / "replies" / "en" / "cancelled.md").write_text("{{ broken")
    found = problems(tmp_path / "var", COUNTERSIGN_DESK=str(desk))
    assert set(found) == {"policy", "templates"}
    assert "policy.cedar:" in found["policy"]["text"]


def test_an_endpoint_for_spans_that_is_not_there_is_found(tmp_path: Path) -> None:
    """Where nobody listens for spans, the next step names the variable; a key in the address stays out."""
    found = problems(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://me:secret-4711@127.0.0.1:9")["traces"]
    assert "COUNTERSIGN_OTLP_ENDPOINT" in found["step"]
    assert "secret-4711" not in json.dumps(found)
