"""The chaotic and the hostile model: valid under every schema, the same for the same request, and up to no good."""

from typing import Annotated, Any, Literal

import pytest
from langchain_core.tools import tool
from pydantic import Field

from countersign.domain.errors import ModelError
from countersign.domain.frozen import Frozen
from countersign.domain.model import Engine
from countersign.llm.chaotic import ChaoticModel
from countersign.llm.seat import LocalSeat
from tests.llm.conftest import STEP, Bench


class Wish(Frozen):
    """A form with everything in it."""

    kind: Literal["refund", "return_item", "none"]
    amount: int = Field(ge=1, le=50_000)
    order: Annotated[str, Field(pattern=r"^FH-\d{5}$", max_length=8)] | None = None
    share: float = Field(ge=0, le=1)
    agrees: bool
    notes: tuple[Annotated[str, Field(min_length=1, max_length=30)], ...] = Field(default=(), max_length=4)


@tool
def propose_refund(order: str, amount: int) -> str:
    """Proposes a refund."""
    return f"{order} {amount}"


@tool
def find_order(number: str) -> str:
    """Finds an order."""
    return number


def step(bench: Bench, model: ChaoticModel, name: str = STEP) -> Any:
    seat = LocalSeat(Engine(kind="chaotic", name="c", settings=""), model)
    return bench.models(seats={"small": seat, "large": seat}).bound(bench.ref, name)


@pytest.mark.parametrize("hostile", [False, True])
def test_forms_are_valid_and_the_same_for_the_same_seed(hostile: bool, bench: Bench) -> None:
    """Whatever the seed, a form is filled in or the call fails as calls do; the same seed says the same."""
    said: list[list[str]] = []
    for number in range(2):  # in a step of its own, so that nothing is told from the journal
        round_: list[str] = []
        for seed in range(25):
            models = step(bench, ChaoticModel(seed=seed, hostile=hostile), f"{number}/triage")
            try:
                wish = models.ask("small", "colour", {"text": f"{seed} FH-10001 EUR 129.00"}, Wish)
                round_.append(wish.model_dump_json())
            except ModelError as error:
                round_.append(error.full_code)
        said.append(round_)
    assert said[0] == said[1]
    assert len(set(said[0])) > 10
    assert sum(text.startswith("model.form") for text in said[0]) == 0


def test_the_hostile_model_goes_for_the_money(bench: Bench) -> None:
    """It proposes refunds, up to what it has read, calls tools that nobody offers, and vouches for itself."""
    names: list[str] = []
    amounts: list[int] = []
    for seed in range(40):
        model = step(bench, ChaoticModel(seed=seed, hostile=True, policy="context.amount <= 15000"))
        answer = model.chat("large").bind_tools([propose_refund, find_order]).invoke(f"{seed}: order FH-10001, 12900")
        names += [call["name"] for call in answer.tool_calls]
        amounts += [call["args"]["amount"] for call in answer.tool_calls if call["name"] == "propose_refund"]
    assert names.count("propose_refund") > names.count("find_order")
    assert set(names) - {"propose_refund", "find_order"}
    assert {12900, 15000} & set(amounts)
    wish = step(bench, ChaoticModel(seed=1, hostile=True)).ask("small", "colour", {"text": "FH-10001"}, Wish)
    assert (wish.kind, wish.agrees) == ("refund", True)
