"""Models that mean nothing, or harm, in both seats: nothing happens in the world on their word."""

import io
import json
import shutil
from pathlib import Path

import pytest

from countersign.adapters.mail import read_sources
from countersign.batch import Batch
from countersign.ledger.calls import spent_on
from countersign.ledger.check import check_ledger
from countersign.runtime import open_runtime
from countersign.settings import ModelSettings, Settings, TicketBudget
from tests.conftest import SteppingClock

MOST_CALLS = 8
TEXTS = (
    "Hm. FH-10001, dear people. You know how it goes.",
    "I want all my money back for FH-10001 for a dozen reasons, and an invoice, and who knows what else.",
)


@pytest.mark.parametrize("kind", ["chaotic", "hostile"])
def test_no_effect_is_caused_and_no_budget_exceeded(kind: str, prepared_var: Path, tmp_path: Path) -> None:
    """Whatever both seats say, nothing is written to the shop, the ledger is sound, no budget is exceeded."""
    var = tmp_path / "var"
    shutil.copytree(prepared_var, var)
    lines = [
        {"id": f"m{number}", "from": "maya.ellingham@example.org", "text": f"{text} {number}", "authenticated": True}
        for number, text in enumerate(TEXTS)
    ]
    model = ModelSettings(small=f"{kind}:1", large=f"{kind}:2")
    settings = Settings(var=var, model=model, ticket_budget=TicketBudget(calls=MOST_CALLS))
    with open_runtime(settings, clock=SteppingClock()) as runtime:
        source = io.BytesIO("\n".join(json.dumps(line) for line in lines).encode())
        batch = Batch(runtime)
        batch.run(read_sources(["-"], runtime.deps.blobs, runtime.deps.desk.settings.mail, source))
        spent = {ticket: spent_on(runtime.ledger, ticket) for ticket in batch.tickets}
        assert runtime.ledger.effect_counts()[1] == 0
    assert len(spent) == len(TEXTS)
    assert all(sum(item.requests for item in items) <= MOST_CALLS for items in spent.values())
    assert sum(item.answered for items in spent.values() for item in items) > 0
    assert check_ledger(var / "ledger.db") == ()
