"""Endpoints that are busy, down or slow: repeats within one deadline, the breaker, the other seat."""

import subprocess
import sys
import time

import pytest

from countersign.domain.errors import ModelError, SettingsError
from countersign.llm.breaker import FAILURES, SECONDS, Breaker
from countersign.llm.seats import Seats
from countersign.settings import ModelSettings
from tests.llm.conftest import Bench
from tests.llm.odd_server import KEY, OddServer, completion, failed


def test_passing_faults_are_repeated(odd: OddServer, bench: Bench) -> None:
    """A busy and a broken answer, then a good one: one answered call, three requests."""
    odd.answers = [failed(429, retry_after_ms="10"), failed(503, retry_after="0"), completion()]
    assert bench.step(odd.settings(retries=2)).chat("small").invoke("Hello?").text == "Hello."
    (spent,) = bench.spent()
    assert (spent.answered, spent.failed, spent.requests) == (1, 0, 3)


def test_a_wait_that_is_asked_for_is_kept(odd: OddServer, bench: Bench) -> None:
    """Not a request before the time that Retry-After names."""
    odd.answers = [failed(429, retry_after="0.3"), completion()]
    start = time.monotonic()
    bench.step(odd.settings(retries=1)).chat("small").invoke("Hello?")
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("wait", ["3600", "30", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_wait_beyond_the_deadline_is_not_begun(wait: str, odd: OddServer, bench: Bench) -> None:
    """No worker is held for an hour, nor to the deadline for nothing."""
    odd.answers = [failed(429, retry_after=wait), completion()]
    with pytest.raises(ModelError) as raised:
        bench.step(odd.settings(retries=2)).chat("small").invoke("Hello?")
    assert raised.value.full_code == "model.busy"
    assert bench.spent()[0].ms < 4000
    assert len(odd.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_final_fault_is_not_repeated(status: int, odd: OddServer, bench: Bench) -> None:
    odd.answers = [failed(status), completion()]
    with pytest.raises(ModelError):
        bench.step(odd.settings(retries=5)).chat("small").invoke("Hello?")
    assert len(odd.asked) == 1


def test_the_breaker_opens_lets_one_try_and_shuts() -> None:
    """After FAILURES in a row nothing passes for SECONDS, then one call does; a success lets all pass again."""
    now = 0.0
    breaker = Breaker(lambda: now)
    for _ in range(FAILURES):
        assert breaker.lets_through()
        breaker.note(failed=True)
    assert not breaker.lets_through()
    now = SECONDS
    assert [breaker.lets_through(), breaker.lets_through()] == [True, False]
    breaker.note(failed=False)
    assert breaker.lets_through()


def test_an_endpoint_that_fails_is_left_alone(odd: OddServer, bench: Bench) -> None:
    """The calls after the breaker opened send nothing and cost nothing."""
    odd.answers = [failed(500)]
    step = bench.step(odd.settings())
    codes: list[str] = []
    for number in range(FAILURES + 2):
        with pytest.raises(ModelError) as raised:
            step.chat("small").invoke(f"Hello {number}?")
        codes.append(raised.value.full_code)
    assert codes == ["model.down"] * FAILURES + ["model.circuit"] * 2
    assert len(odd.asked) == FAILURES


def test_a_rate_is_kept(odd: OddServer, bench: Bench) -> None:
    """At 300 requests a minute the third one leaves 0.4 seconds after the first at the earliest."""
    odd.answers = [completion()]
    step, start = bench.step(odd.settings(rate=300)), time.monotonic()
    for number in range(3):
        step.chat("small").invoke(f"Hello {number}?")
    assert time.monotonic() - start >= 0.4


def test_no_variable_but_ours_decides_where_a_ticket_goes(
    odd: OddServer, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses and keys of other programs are not used."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "LANGSMITH_GATEWAY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-else")
    odd.answers = [completion()]
    assert bench.step(odd.settings()).chat("small").invoke("Hello?").text == "Hello."


def test_the_key_is_shown_nowhere(odd: OddServer) -> None:
    """Neither settings nor seats, written out, hold it."""
    settings = odd.settings()
    seat = Seats("").seat("small", "openai:odd", settings)
    assert seat is not None
    assert KEY not in f"{settings!r} {seat!r} {seat.engine!r} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "name", ["gpt-5", "openai:", "anthropic:claude", "scripted:", "chaotic:x", "scripted:/no/file"]
)
def test_what_can_sit_in_no_seat_is_said(name: str) -> None:
    """The error names the setting or the file, and the next step."""
    with pytest.raises(SettingsError) as raised:
        Seats("").seat("large", name, ModelSettings())
    assert raised.value.where
    assert raised.value.hint


def test_the_client_is_imported_with_the_first_call() -> None:
    """A desk without a call never loads the client's libraries."""
    program = (
        "import sys; from countersign.llm.seats import Seats; from countersign.settings import ModelSettings; "
        "Seats('').seat('small', 'openai:m', ModelSettings()); "
        "sys.exit(bool({'openai', 'langchain_openai', 'genai_prices'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
