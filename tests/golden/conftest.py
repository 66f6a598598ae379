"""The databases in this folder, in a var folder that can be opened, and what replaying them comes to."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from countersign.replay.found import Replayed
from countersign.replay.replayer import Replayer
from countersign.replaying import open_replayer
from countersign.settings import Settings
from tests.golden.make import unpack


@pytest.fixture(scope="session")
def golden(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never to be written to: copy it first."""
    var = tmp_path_factory.mktemp("golden") / "var"
    shutil.copytree(prepared_var, var)
    for name in ("ledger.db", "ledger.db.anchor", "checkpoints.db"):
        (var / name).unlink(missing_ok=True)
    unpack(var)
    return var


@pytest.fixture(scope="session")
def replayer(golden: Path) -> Generator[Replayer]:
    """Replays under today's desk."""
    with open_replayer(Settings(var=golden), asks=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def replayed(replayer: Replayer) -> dict[str, Replayed]:
    """Every ticket, replayed once."""
    return {one.ticket: one for one in replayer.replay_all()}
