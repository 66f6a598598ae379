"""What every test may use: required services, a fixed clock, public data."""

import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
os.environ["LANGSMITH_TRACING"] = "false"

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
