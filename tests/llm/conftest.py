"""An odd server, a ledger with one ticket, and the models of one of its steps."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from countersign.domain.model import Budget, Spent, Tier
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger
from countersign.ledger.calls import SqlCalls, spent_on
from countersign.llm.bound import Parts, StepModels
from countersign.llm.cassette import Cassette
from countersign.llm.loop import Loop
from countersign.llm.models import SeatedModels
from countersign.llm.seat import Seat
from countersign.llm.seats import Seats
from countersign.settings import ModelSettings
from tests.conftest import SteppingClock
from tests.llm.odd_server import OddServer, odd_server
from tests.unit.ledger_cases import new_ledger, new_ticket

STEP = "3/triage"


@dataclass
class Bench:
    """One ticket's models, over a real ledger."""

    ledger: SqlLedger
    ref: TicketRef
    clock: SteppingClock
    folder: Path
    loops: list[Loop] = field(default_factory=list[Loop])

    def models(
        self,
        settings: dict[Tier, ModelSettings] | None = None,
        *,
        seats: dict[Tier, Seat] | None = None,
        budgets: tuple[Budget, Budget] = (Budget(), Budget()),
        cassette: Cassette | None = None,
    ) -> SeatedModels:
        """Endpoints named `odd` as set, or the given seats; no budget where none is given."""
        maker = Seats("")
        self.loops.append(maker.loop)
        how = settings or {}
        taken: dict[Tier, Seat] = dict(seats or {})
        for tier, found in how.items():
            taken[tier] = cast("Seat", maker.seat(tier, "openai:odd", found))
        return SeatedModels(
            Parts(
                seats=taken,
                book=SqlCalls(self.ledger),
                budgets=budgets,
                clock=self.clock,
                prompts={"colour": "Name the colour that the text is about."},
                cassette=cassette,
            )
        )

    def step(self, settings: ModelSettings, **more: Any) -> StepModels:
        """The models of one step, with one endpoint in the small seat."""
        return self.models({"small": settings}, **more).bound(self.ref, STEP)

    def spent(self) -> tuple[Spent, ...]:
        return spent_on(self.ledger, self.ref.id)


@pytest.fixture
def odd() -> Iterator[OddServer]:
    with odd_server() as server:
        yield server


@pytest.fixture(scope="session")
def with_a_ticket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ledger that holds one ticket; copied, never opened again."""
    folder = tmp_path_factory.mktemp("ledger")
    ledger = new_ledger(folder)
    new_ticket(ledger)
    ledger.close()
    return folder


@pytest.fixture
def bench(with_a_ticket: Path, tmp_path: Path, clock: SteppingClock) -> Iterator[Bench]:
    folder = shutil.copytree(with_a_ticket, tmp_path / "ledger")
    ledger = new_ledger(folder)
    found = Bench(ledger, TicketRef(id="CS-1001", turn=1), clock, folder)
    yield found
    for loop in found.loops:
        loop.close()
    ledger.close()
