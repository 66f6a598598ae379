"""Answers are part of the journal, and calls are held to budgets, counted and paid for in the ledger."""

from decimal import Decimal

import pytest

from countersign.domain.errors import MisuseError, ModelError
from countersign.domain.frozen import Frozen
from countersign.domain.model import Budget
from countersign.ledger.calls import SqlCalls
from countersign.llm.bound import StepModels
from countersign.llm.seat import LocalSeat, Seat
from countersign.settings import ModelSettings
from tests.llm.conftest import STEP, Bench
from tests.llm.odd_server import OddServer, called, completion, failed


class Colour(Frozen):
    """A blank to fill."""

    name: str
    sure: float


RED = '{"name": "red", "sure": 0.9}'


def test_a_step_that_runs_again_asks_nothing_twice(odd: OddServer, bench: Bench) -> None:
    """The same request in the same step is told the recorded answer, ids and all; it costs nothing and is counted."""
    odd.answers = [called("find", '{"order": "FH-10001"}'), completion({"content": "another answer"})]
    first = bench.step(odd.settings()).chat("small").invoke("Where is it?")
    again = bench.step(odd.settings()).chat("small").invoke("Where is it?")
    assert first == again
    assert len(odd.asked) == 1
    (spent,) = bench.spent()
    assert (spent.node, spent.engine, spent.answered, spent.recorded) == ("triage", "endpoint odd", 1, 1)
    assert (spent.requests, spent.tokens_in, spent.tokens_out) == (1, 11, 3)


def test_another_step_another_turn_or_another_request_is_asked(odd: OddServer, bench: Bench) -> None:
    """What is recorded belongs to the request, the step and the turn."""
    odd.answers = [completion()]
    models = bench.models({"small": odd.settings()})
    for turn, step, text in ((1, STEP, "a"), (1, "4/triage", "a"), (2, STEP, "a"), (1, STEP, "b")):
        models.bound(bench.ref.model_copy(update={"turn": turn}), step).chat("small").invoke(text)
    assert len(odd.asked) == 4


def test_a_failure_is_recorded_too(odd: OddServer, bench: Bench) -> None:
    """Whoever went on without the model goes on without it when the step runs again."""
    odd.answers = [failed(503), completion()]
    for _ in range(2):
        with pytest.raises(ModelError) as raised:
            bench.step(odd.settings()).chat("small").invoke("Hello?")
        assert raised.value.full_code == "model.down"
    assert len(odd.asked) == 1


def test_a_form_is_recorded_as_a_whole(odd: OddServer, bench: Bench) -> None:
    """A question with a blank is asked once, however many requests it took."""
    odd.answers = [completion({"content": "Red, I think."}), completion({"content": RED})]
    for _ in range(2):
        said = bench.step(odd.settings(structured="text")).ask("small", "colour", {"text": "a red lamp"}, Colour)
        assert said == Colour(name="red", sure=0.9)
    assert len(odd.asked) == 2


def test_outside_a_step_nothing_is_asked(odd: OddServer, bench: Bench) -> None:
    """An answer that no step asked for would be recorded nowhere."""
    models = bench.models({"small": odd.settings()})
    assert models.engine("small") is not None
    assert models.engine("large") is None
    with pytest.raises(MisuseError):
        models.chat("small")
    with pytest.raises(MisuseError):
        models.ask("small", "colour", {}, Colour)
    with pytest.raises(ModelError) as raised:
        models.bound(bench.ref, STEP).chat("large").invoke("Hello?")
    assert raised.value.full_code == "model.none"


def _ask_on(step: StepModels) -> None:
    for number in range(50):
        step.chat("small").invoke(f"Hello {number}?")


BUDGETS = {
    "calls": Budget(calls=3),
    "tokens": Budget(tokens=3 * (14 + 200)),
    "ms": Budget(ms=500),
    "micros": Budget(micros=1000),
}


@pytest.mark.parametrize("figure", BUDGETS)
@pytest.mark.parametrize("whose", [0, 1])
def test_a_budget_is_never_exceeded(figure: str, whose: int, odd: OddServer, bench: Bench) -> None:
    """Calls are made while their worst case fits, of the ticket as of the day; then none is, and the reason is said."""
    odd.answers = [completion()]
    budgets = (BUDGETS[figure], Budget()) if whose == 0 else (Budget(), BUDGETS[figure])
    settings = odd.settings(max_output=100, price_input=Decimal(2), price_output=Decimal(8), timeout=0.45)
    step = bench.step(settings, budgets=budgets)
    with pytest.raises(ModelError) as raised:
        _ask_on(step)
    if raised.value.full_code != "model.timeout":  # what is left of the seconds may cut a call off
        assert raised.value.full_code == "model.budget"
        assert ("ticket", "day")[whose] in raised.value.message
    spent = sum(getattr(item, {"calls": "requests"}.get(figure, figure), 0) for item in bench.spent())
    limit = getattr(BUDGETS[figure], figure)
    assert spent <= limit
    if figure == "calls":
        assert len(odd.asked) == 3


def test_yesterday_does_not_count(odd: OddServer, bench: Bench) -> None:
    """The day's budget begins anew at midnight, UTC; the ticket's does not."""
    odd.answers = [completion()]
    step = bench.step(odd.settings(), budgets=(Budget(calls=2), Budget(calls=1)))
    step.chat("small").invoke("one")
    with pytest.raises(ModelError, match="day"):
        step.chat("small").invoke("two")
    bench.clock.move(days=1)
    step.chat("small").invoke("three")
    bench.clock.move(days=1)
    with pytest.raises(ModelError, match="ticket"):
        step.chat("small").invoke("four")


def test_a_call_that_a_crash_cut_off_counts_as_its_worst_case(odd: OddServer, bench: Bench) -> None:
    """What was reserved and never finished stays spent."""
    from countersign.domain.model import Cost, Engine, ModelCall

    engine = Engine(kind="endpoint", name="odd", settings="")
    call = ModelCall(ticket=bench.ref.id, turn=1, step=STEP, tier="small", engine=engine, request="r")
    SqlCalls(bench.ledger).reserve(call, Cost(calls=3, tokens=500), (Budget(), Budget()), bench.clock.now())
    with pytest.raises(ModelError, match="budget of 3 model calls"):
        bench.step(odd.settings(), budgets=(Budget(calls=3), Budget())).chat("small").invoke("Hello?")
    (spent,) = bench.spent()
    assert (spent.failed, spent.codes) == (1, ("cut off",))


def test_money_is_priced_by_setting_or_by_the_table(odd: OddServer, bench: Bench) -> None:
    """11 tokens read and 3 written, at 2 and 8 dollars for a million; a known model's from the table; else nothing."""
    odd.answers = [completion()]
    bench.step(odd.settings(price_input=Decimal(2), price_output=Decimal(8))).chat("small").invoke("Hello?")
    assert bench.spent()[0].micros == 11 * 2 + 3 * 8

    from countersign.domain.exchange import Usage
    from countersign.llm.prices import price_of

    known = price_of("gpt-5-mini", ModelSettings())
    assert known is not None
    assert known(Usage(read=1_000_000)) == 250_000
    assert known(Usage(read=1_000_000, cached=1_000_000)) == 25_000
    assert price_of("my-own-model", ModelSettings()) is None


def test_a_server_that_does_not_count_is_charged_the_most(odd: OddServer, bench: Bench) -> None:
    """Without usage, a request counts as many tokens as it has bytes."""
    odd.answers = [completion(usage=None)]
    bench.step(odd.settings()).chat("small").invoke("Hello?")
    assert bench.spent()[0].tokens_in > len("Hello?")


def test_a_script_sits_in_a_seat_like_any_model(bench: Bench) -> None:
    """Its answers are recorded and counted as calls; they cost no tokens."""
    from countersign.domain.model import Engine
    from countersign.llm.scripted import Line, ScriptedModel

    script = ScriptedModel(lines=(Line(when="lamp", value={"name": "red", "sure": 1}), Line(fails="timeout")))
    seat: Seat = LocalSeat(Engine(kind="scripted", name="s", settings=""), script)
    step = bench.models(seats={"small": seat}).bound(bench.ref, STEP)
    assert step.ask("small", "colour", {"text": "lamp"}, Colour).name == "red"
    assert step.ask("small", "colour", {"text": "lamp"}, Colour).name == "red"
    with pytest.raises(ModelError) as raised:
        step.ask("small", "colour", {"text": "shoe"}, Colour)
    assert raised.value.full_code == "model.timeout"
    assert (bench.spent()[0].answered, bench.spent()[0].recorded, bench.spent()[0].failed) == (1, 1, 1)


def test_what_is_kept_of_a_call_are_digests(odd: OddServer, bench: Bench) -> None:
    """Prompt and request stand in the ledger as digests beside the model's name and settings."""
    odd.answers = [completion({"content": RED})]
    bench.step(odd.settings()).ask("small", "colour", {"text": "the secret lamp"}, Colour)
    assert b"the secret lamp" not in (bench.folder / "ledger.db").read_bytes()
