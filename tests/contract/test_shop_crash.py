"""A process that is killed in the middle of a write leaves all of it or nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_write_that_is_killed_happened_or_did_not(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    """After kill -9 at any statement or at the commit, the write is there with its receipt or not at all.

    The same call afterwards makes it exactly one.
    """
    on_file = database == "sqlite"
    url: str = f"sqlite:///{tmp_path}/shop.db" if on_file else request.getfixturevalue("postgres_url")
    command = [sys.executable, "-m", "tests.contract.shop_killed", url]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300)
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    for kind in ("refund", "cancel_order", "create_return"):
        mine = [one for one in tries if one["kind"] == kind]
        assert len(mine) >= 8
        assert [one["written"] for one in mine] == [0] * (len(mine) - 1) + [1]
    for one in tries:
        assert one["changed"] == bool(one["written"]), one
        assert (one["then"], one["same"]) == (1, True), one
