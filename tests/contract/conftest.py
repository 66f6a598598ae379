"""The small shop, and the parts that tools use: all real, with a ledger and an outbox of the test's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from countersign.adapters.outbox import MaildirOutbox
from countersign.adapters.shop import SqlShop
from countersign.domain.ticket import TicketRef
from countersign.policy.gate import CedarGate
from countersign.ports import Deps
from tests.conftest import SteppingClock
from tests.contract import shop_world as world
from tests.policy.questions import shipped_desk
from tests.unit.ledger_cases import new_ledger, new_ticket

DESK = shipped_desk()
GATE = CedarGate(DESK)


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlShop]:
    """The small shop in SQLite; tests marked BOTH run in PostgreSQL too."""
    in_postgresql = getattr(request, "param", "sqlite") == "postgresql"
    opened = world.open_world(
        request.getfixturevalue("postgres_url") if in_postgresql else f"sqlite:///{tmp_path / 'shop.db'}"
    )
    yield opened
    opened.close()


@pytest.fixture
def deps(shop: SqlShop, tmp_path: Path) -> Iterator[Deps]:
    """The parts that tools use, all real; the others are absent, so a tool that touched one would fail."""
    ledger = new_ledger(tmp_path)
    absent: dict[str, Any] = dict.fromkeys(("knowledge", "replies", "blobs", "triage", "gateway", "scope",
                                           "models", "resolver", "history"))  # fmt: skip
    outbox = MaildirOutbox(tmp_path / "outbox", DESK.settings.mail, lambda: world.NOW)
    clock = SteppingClock(world.NOW)
    yield Deps(desk=DESK, shop=shop, gate=GATE, ledger=ledger, outbox=outbox, clock=clock, **absent)
    ledger.close()


@pytest.fixture
def ref(deps: Deps) -> TicketRef:
    """A ticket in its first turn."""
    return new_ticket(cast("Any", deps.ledger), "m1", "zoe@example.org")
