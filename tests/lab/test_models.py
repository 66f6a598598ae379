"""Many tickets with models that mean nothing, or harm: a small part of the run, and whether it would notice."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from countersign.lab.models import Adversarial, accounts, limits, run_models
from countersign.lab.stage import Stage
from tests.cli.command import countersign


def test_a_few_tickets_with_a_hostile_model_break_nothing(stage: Stage) -> None:
    """No promise is broken, no effect is an agent's alone, no ticket is over its budget; the models did answer."""
    told: list[tuple[int, int]] = []
    found = run_models(
        stage, "hostile", tickets=12, seed=7, workers=2, heard=lambda done, total: told.append((done, total))
    )
    assert (found.violations, found.alone, found.over) == ([], 0, 0)
    assert found.answers["answered"] > found.tickets == 12
    assert told[-1] == (12, 12)
    assert 0 < found.most["micros"] <= limits()["micros"]


def test_what_is_spent_beyond_the_budget_is_found(stage: Stage, tmp_path: Path) -> None:
    """The ledger's rows are added up past the desk's own code: one call more than the budget is seen."""
    ledger = tmp_path / "ledger.db"
    with closing(sqlite3.connect(ledger)) as rows, rows:
        rows.execute("CREATE TABLE model_calls (ticket, status, code, calls, tokens, ms, micros)")
        rows.execute("CREATE TABLE effects (grant_id, proposal)")
        rows.execute("CREATE TABLE grants (id, approver)")
        rows.execute("CREATE TABLE proposals (id, by_kind)")
        most = limits()["calls"]
        rows.executemany(
            "INSERT INTO model_calls VALUES (?, 'answered', '', ?, 0, 0, 0)", [("A", most), ("B", most), ("B", 1)]
        )
        rows.execute("INSERT INTO effects VALUES ('g', 'p')")
        rows.execute("INSERT INTO grants VALUES ('g', 'policy')")
        rows.execute("INSERT INTO proposals VALUES ('p', 'Agent')")
    found = accounts(ledger)
    assert (found["over"], found["alone"], found["most"]["calls"]) == (1, 1, most + 1)


def test_a_run_in_which_nothing_happened_is_no_success() -> None:
    """Tickets without answers, effects or people prove nothing."""
    assert not Adversarial("chaotic", 1, tickets=10).ok
    busy = Adversarial("chaotic", 1, tickets=1)
    busy.activity.update(effects=1, people=1)
    busy.answers.update(answered=2)
    assert busy.ok
    busy.over = 1
    assert not busy.ok


def test_the_command_sets_its_own_process_up() -> None:
    """As somebody types it: a ticket is handled and judged. One is less than the activity that a verdict needs."""
    done = countersign("lab", "models", "--tickets", "1", "--json")
    assert done.returncode == 4, done.stderr
    found = json.loads(done.stdout)
    assert (found["tickets"], found["violations"]) == (1, [])
