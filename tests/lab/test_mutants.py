"""The tests of the tests: with a check taken out of the design, the lab must find the harm."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from countersign.lab.chaos import run_chaos
from countersign.lab.stage import Stage, stage
from tests.lab.mutants import MUTANTS

pytestmark = pytest.mark.mutants
BATCH, MOST = 20, 10
"""Episodes at a time, and how many times, until the harm is found."""


def unheard(_done: int, _all: int) -> None:
    """Nobody watches the progress."""


@pytest.fixture(scope="module")
def ready() -> Iterator[Stage]:
    """One prepared desk for all of them."""
    with stage() as prepared:
        yield prepared


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_found(ready: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Chaos, judged from the outside, finds a broken promise."""
    mutant = MUTANTS[name]
    copytree(ready.folder / "prepared", tmp_path / "prepared", symlinks=True)
    mutant.drop_triggers(tmp_path / "prepared" / "ledger.db")
    mutant.change(monkeypatch)
    mutated = replace(ready, folder=tmp_path)
    for number in range(MOST):
        first = number * BATCH + 1
        found = run_chaos(mutated, episodes=BATCH, seed=7, workers=2, heard=unheard, first=first)
        if found.violations:
            print(f"{name}: {found.violations[0]['promise']}, after at most {first + BATCH - 1} episodes")
            return
    pytest.fail(f"nobody noticed: {name}")
