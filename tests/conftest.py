"""What every test may use: required services, a fixed clock, public data."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from countersign.settings import Settings

if TYPE_CHECKING:
    from countersign.runtime import Runtime

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # crash tests fork: no threads beside theirs

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background, where a shell ignores Ctrl-C: the commands that tests start must hear it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)

POSTGRES = os.environ.get("COUNTERSIGN_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


def require(service: str, present: bool, why: str) -> None:
    """Skips with a named reason where a service is missing, or fails where COUNTERSIGN_REQUIRE names it."""
    if present:
        return
    if service in os.environ.get("COUNTERSIGN_REQUIRE", "").split(","):
        pytest.fail(f"{service} is required: {why}")
    pytest.skip(f"needs {service}: {why}")


def _reachable(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A URL of a PostgreSQL database whose search path is a schema of this test's own, dropped afterwards."""
    require("postgres", _reachable("127.0.0.1", 5432), "no server at 127.0.0.1:5432")
    import sqlalchemy as sa

    schema = f"test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
        connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of public data sets, where there is one beside the checkout."""
    here = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("COUNTERSIGN_DATA", here.parent / "shared" / "data"))
    require("data", folder.is_dir(), "no folder of public data beside the checkout")
    return folder


@dataclass
class SteppingClock:
    """A clock that stands still until it is moved."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.time

    def move(self, **amounts: float) -> None:
        self.time += timedelta(**amounts)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


_PREPARE = """
import sys
from pathlib import Path
from countersign.runtime import open_runtime
from countersign.settings import Settings
from tests.conftest import SteppingClock
with open_runtime(Settings(var=Path(sys.argv[1])), clock=SteppingClock()):
    pass
"""


@pytest.fixture(scope="session")
def prepared_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var folder with the seeded shop and the trained triage model, made once for all test workers; never run in."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "prepared-var"
    with (shared.parent / "prepared-var.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "ready").exists():
            # A process of its own: training leaves threads behind that a forking test must not inherit.
            subprocess.run([sys.executable, "-c", _PREPARE, str(shared)], check=True, cwd=Path(__file__).parents[1])
            (shared / "ready").touch()
    return shared


@pytest.fixture
def var(prepared_var: Path, tmp_path: Path) -> Path:
    """A var folder of this test's own, ready to run in."""
    folder = tmp_path / "var"
    shutil.copytree(prepared_var, folder)
    return folder


@pytest.fixture
def runtime(var: Path, clock: SteppingClock) -> "Iterator[Runtime]":
    """An open desk on files of this test's own, at a fixed time."""
    from countersign.runtime import open_runtime

    with open_runtime(Settings(var=var), clock=clock) as opened:
        yield opened
