"""aimock, another server that this project did not write: answers, chaos, and the whole graph on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from countersign.domain.errors import ModelError
from countersign.domain.frozen import Frozen
from countersign.ledger.calls import spent_on
from countersign.runtime import open_runtime
from countersign.settings import ModelSettings, Settings
from tests.conftest import SteppingClock
from tests.llm.conftest import Bench
from tests.llm.mock_servers import Aimock, aimock

MAYA = "maya.ellingham@example.org"
VAGUE = "Hm. FH-10001, dear people. You know how it goes."


class Colour(Frozen):
    """A blank to fill."""

    name: str
    sure: bool


@pytest.fixture(scope="module")
def mock() -> Iterator[Aimock]:
    with aimock() as server:
        yield server


def settings(mock: Aimock, **given: Any) -> ModelSettings:
    base: dict[str, Any] = {"base_url": mock.url, "timeout": 30.0, "retries": 0}
    return ModelSettings(**(base | given))


def test_answers_forms_and_repeats(mock: Aimock, bench: Bench) -> None:
    """A text, a form, an answer after a busy one, and half an answer that does not count."""
    step = bench.step(settings(mock, retries=1))
    assert step.chat("small").invoke("Please say hello").text == "Hello from aimock."
    assert step.ask("small", "colour", {"text": "a red lamp"}, Colour) == Colour(name="red", sure=True)
    assert step.chat("small").invoke("This is flaky").text == "At last."
    with pytest.raises(ModelError) as raised:
        step.chat("small").invoke("This is cut off")
    assert raised.value.full_code == "model.truncated"


CHAOS = {
    "drop": ({"dropRate": 1}, "down"),
    "malformed": ({"malformedRate": 1}, "malformed"),
    "disconnect": ({"disconnectRate": 1}, "unreachable"),
    "rate limit": ({"rateLimitRate": 1}, "busy"),
    "latency": ({"latencyMs": 5000}, "timeout"),
}


@pytest.mark.parametrize("name", CHAOS)
def test_chaos_has_a_code(name: str, mock: Aimock, bench: Bench) -> None:
    """Each kind of chaos, always on, ends in a failure with its code; afterwards all is well."""
    chaos, code = CHAOS[name]
    mock.control("/chaos", chaos)
    try:
        with pytest.raises(ModelError) as raised:
            bench.step(settings(mock, timeout=0.5 if code == "timeout" else 30.0)).chat("small").invoke("say hello")
    finally:
        mock.control("/chaos")
    assert raised.value.full_code == f"model.{code}"
    assert bench.models({"small": settings(mock)}).bound(bench.ref, "9/x").chat("small").invoke("say hello").text


def test_chaos_now_and_then_is_lived_with(mock: Aimock, bench: Bench) -> None:
    """With a fifth of all answers dropped, every question is answered or has its code, and the desk goes on."""
    mock.control("/chaos", {"dropRate": 0.2})
    codes: set[str] = set()
    try:
        for number in range(12):
            try:
                bench.step(settings(mock, retries=3)).chat("small").invoke(f"say hello {number}")
            except ModelError as error:
                codes.add(error.full_code)
    finally:
        mock.control("/chaos")
    assert codes <= {"model.down"}
    assert sum(spent.answered for spent in bench.spent()) >= 6


def test_the_graph_runs_on_it(mock: Aimock, var: Path) -> None:
    """The agent looks the order up, hands the case back, the playbook answers, and a second opinion is heard."""
    model = settings(mock, large="openai:gpt-5", price_input=1, price_output=1)
    with open_runtime(Settings(var=var, model=model), clock=SteppingClock()) as runtime:
        ticket = runtime.ask(VAGUE, sender=MAYA, authenticated=True)
        assert (ticket.requests, ticket.status) == (("where_is_my_order",), "answered")
        spent = spent_on(runtime.ledger, ticket.id)
    assert [(item.node, item.answered, item.failed) for item in spent] == [("resolve", 2, 0), ("second", 1, 0)]
    assert all(item.micros > 0 for item in spent)
