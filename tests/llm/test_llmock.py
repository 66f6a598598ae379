"""llmock, a server that this project did not write, judges how our client takes its faults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from countersign.domain.errors import ModelError
from countersign.domain.frozen import Frozen
from countersign.ledger.calls import spent_on
from countersign.runtime import open_runtime
from countersign.settings import ModelSettings, Settings
from tests.conftest import SteppingClock
from tests.llm.conftest import Bench

MAYA = "maya.ellingham@example.org"


class Mock(Protocol):
    """What we use of llmock's handle."""

    requests: list[Any]

    def base_url(self, provider: str = "openai") -> str: ...
    def assert_resilient(self, *, strict: bool = False) -> None: ...
    def __getattr__(self, name: str) -> Any: ...


class Colour(Frozen):
    """A blank to fill."""

    name: str
    sure: bool


FAULTS: dict[str, tuple[Callable[[Mock], object], str]] = {
    "nothing": (lambda mock: mock, ""),
    "busy once": (lambda mock: mock.rate_limit(times=1, retry_after=0.1), ""),
    "busy twice": (lambda mock: mock.rate_limit(times=2, retry_after=0.1), ""),
    "busy for an hour": (lambda mock: mock.rate_limit(times=1, retry_after=3600), "busy"),
    "broken once": (lambda mock: mock.fail(500), ""),
    "overloaded once": (lambda mock: mock.fail(529), ""),
    "an outage": (lambda mock: mock.outage(), "down"),
    "a bad gateway, then slow": (lambda mock: mock.fail(502).delay(0.1), ""),
    "a wrong key": (lambda mock: mock.fail(401), "denied"),
    "no such model": (lambda mock: mock.fail(404), "unknown"),
    "a bad request": (lambda mock: mock.fail(400), "request"),
    "too long": (lambda mock: mock.context_overflow(), "overflow"),
    "no room in the window": (lambda mock: mock.limits(context_window=1), "overflow"),
    "slow": (lambda mock: mock.delay(0.2), ""),
    "slower than the deadline": (lambda mock: mock.delay(3, times=None), "timeout"),
    "a dropped stream": (lambda mock: mock.disconnect(), ""),
    "a cut stream": (lambda mock: mock.truncate(), ""),
    "a corrupt stream": (lambda mock: mock.corrupt(), ""),
    "a stalled stream": (lambda mock: mock.stall(seconds=5), ""),
    "no tokens left this minute": (lambda mock: mock.limits(tpm=1), "busy"),
    "a slow pace": (lambda mock: mock.pace(20), ""),
    "a slow first token": (lambda mock: mock.slow_first_token(5), ""),
}
"""Faults of a stream find none: answers are taken whole, so that no half of one is ever believed."""


def settings(mock: Mock, **given: Any) -> ModelSettings:
    base: dict[str, Any] = {"base_url": mock.base_url("openai"), "timeout": 30.0, "retries": 2}
    return ModelSettings(**(base | given))


@pytest.mark.parametrize("name", FAULTS)
def test_our_client_is_resilient(name: str, llmock: Mock, bench: Bench) -> None:
    """Each fault ends in an answer or in a failure with its code, and llmock finds nothing to say, not even a warning
    but where we are asked to wait longer than anybody may."""
    fault, code = FAULTS[name]
    fault(llmock)
    model = bench.step(settings(llmock, **({"timeout": 1.0} if code == "timeout" else {}))).chat("small")
    if not code:
        assert model.invoke("What is the weather in Oslo?").text
    else:
        with pytest.raises(ModelError) as raised:
            model.invoke("What is the weather in Oslo?")
        assert raised.value.full_code == f"model.{code}"
    llmock.assert_resilient(strict=name not in ("busy for an hour", "no tokens left this minute"))


def test_forms_and_tools_come_back_whole(llmock: Mock, bench: Bench) -> None:
    """A form is filled in, an offered tool is called, and the figures of usage are kept."""
    from langchain_core.tools import tool

    @tool
    def find_order(number: str) -> str:
        """Finds an order."""
        return number

    step = bench.step(settings(llmock))
    assert isinstance(step.ask("small", "colour", {"text": "a red lamp"}, Colour), Colour)
    called = step.chat("small").bind_tools([find_order]).invoke("Where is FH-10001?")
    assert [call["name"] for call in called.tool_calls] == ["find_order"]
    assert bench.spent()[0].tokens_in > 0
    llmock.assert_resilient(strict=True)


def test_a_broken_tool_call_is_a_failure(llmock: Mock, bench: Bench) -> None:
    """Arguments that are no JSON never end an agent with an empty answer."""
    from langchain_core.tools import tool

    @tool
    def find_order(number: str) -> str:
        """Finds an order."""
        return number

    llmock.break_tool_call("malformed_arguments")
    with pytest.raises(ModelError) as raised:
        bench.step(settings(llmock)).chat("small").bind_tools([find_order]).invoke("Where is FH-10001?")
    assert raised.value.full_code == "model.malformed"


def test_a_tool_that_nobody_offered_changes_nothing(llmock: Mock, var: Path) -> None:
    """The agent is told that there is none, goes on, and the ticket ends with a person; llmock finds nothing to say."""
    llmock.break_tool_call("unknown_tool")
    with open_runtime(Settings(var=var, model=settings(llmock, large="openai:mock")), clock=SteppingClock()) as runtime:
        ticket = runtime.ask("Hm. FH-10001, dear people. You know how it goes.", sender=MAYA, authenticated=True)
        assert ticket.status in ("waiting", "handed_over")
        assert runtime.ledger.effect_counts() == (0, 0)
    assert len(llmock.requests) > 1
    llmock.assert_resilient(strict=True)


def test_the_graph_runs_on_it(llmock: Mock, var: Path) -> None:
    """Answers that are valid and mean nothing: the ticket ends with a person, and nothing happens in the world."""
    model = settings(llmock, large="openai:mock", small="openai:mock-small")
    with open_runtime(Settings(var=var, model=model), clock=SteppingClock()) as runtime:
        ticket = runtime.ask("Hm. FH-10001, dear people. You know how it goes.", sender=MAYA, authenticated=True)
        assert ticket.status in ("waiting", "handed_over")
        assert runtime.ledger.effect_counts() == (0, 0)
        assert sum(item.answered for item in spent_on(runtime.ledger, ticket.id)) >= 1
    llmock.assert_resilient(strict=True)
