"""What `doctor --model` asks of the models in the seats: a few short questions, and what to set by their answers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast, get_args

from countersign.cli.checkup import Check
from countersign.domain.errors import CountersignError
from countersign.domain.model import Tier
from countersign.settings import Settings

if TYPE_CHECKING:
    from countersign.llm.endpoint import Endpoint
    from countersign.llm.seat import Heard

_TOOL = {
    "type": "function",
    "function": {
        "name": "find_order",
        "description": "Finds an order by its number.",
        "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
    },
}
_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}, "sure": {"type": "boolean"}},
    "required": ["colour", "sure"],
    "additionalProperties": False,
}
_FORMAT = {"type": "json_schema", "json_schema": {"name": "Colour", "schema": _SCHEMA}}


def model_checks(settings: Settings) -> tuple[Check, ...]:
    """What each seat's model can do; none raises. It costs a few hundred tokens for each endpoint."""
    from countersign.desk import load_desk
    from countersign.llm.seats import Seats

    seats = Seats(load_desk(settings.desk_folder).policy)
    try:
        return tuple(
            check for tier in cast("tuple[Tier, ...]", get_args(Tier)) for check in _seat(tier, seats, settings)
        )
    finally:
        seats.loop.close()


def _seat(tier: Tier, seats: Any, settings: Settings) -> Iterator[Check]:
    from countersign.llm.endpoint import Endpoint

    name, how = getattr(settings.model, tier), settings.seat(tier)
    try:
        seat = seats.seat(tier, name, how)
    except CountersignError as error:
        yield Check(name=tier, ok=False, text=f"{error.where}: {error.message}", step=error.hint, code=error.full_code)
        return
    if not isinstance(seat, Endpoint):
        what = f"{seat.engine.kind} {seat.engine.name}: it needs no endpoint" if seat else "no endpoint is set"
        yield Check(name=tier, ok=True, text=f"{what}; set COUNTERSIGN_MODEL__{tier.upper()}=openai:NAME for one")
        return
    heard = _asked(seat, tier, how.timeout, "Say hello in three words.")
    yield _chat(tier, seat, heard, how.base_url)
    if heard.answer:
        yield _tools(tier, _asked(seat, tier, how.timeout, "Where is order FH-10001? Call the tool.", tool=_TOOL))
        yield _schema(tier, _asked(seat, tier, how.timeout, "Which colour is a tomato? Answer as JSON.", form=_FORMAT))
        yield _usage(tier, heard)
        yield _price(tier, seat)


def _asked(seat: "Endpoint", tier: Tier, seconds: float, text: str, tool: Any = None, form: Any = None) -> "Heard":
    from langchain_core.messages import HumanMessage

    from countersign.llm.request import Request

    options = {"tool_choice": "required", "parallel_tool_calls": False} if tool else {}
    request = Request.of(tier, (HumanMessage(text),), (tool,) if tool else (), response_format=form, **options)
    return seat.call(request, seconds)


def _chat(tier: Tier, seat: "Endpoint", heard: "Heard", base_url: str) -> Check:
    name = f"{tier} chat"
    if heard.answer:
        repeats = f" after {heard.requests - 1} repeats" if heard.requests > 1 else ""
        place = base_url.rpartition("@")[2]  # an address may hold a password
        return Check(name=name, ok=True, text=f"{seat.engine.name} at {place} answers in {heard.ms} ms{repeats}")
    return _failed(name, heard, "check the address, the key and the model's name")


def _tools(tier: Tier, heard: "Heard") -> Check:
    name = f"{tier} tools"
    if heard.answer and heard.answer.calls and heard.answer.calls[0].name == "find_order":
        return Check(name=name, ok=True, text="calls the tool that it is offered")
    if heard.answer:
        step = "seat a model that calls tools in `large`; short questions do without"
        return Check(name=name, ok=tier == "small", text="answers without calling the tool", step=step)
    return _failed(name, heard, "seat a model that calls tools in `large`; short questions do without")


def _schema(tier: Tier, heard: "Heard") -> Check:
    """A server without schemas is no problem: forms are asked for in another way."""
    import json

    name, variable = f"{tier} schema", f"COUNTERSIGN_{tier.upper()}__STRUCTURED"
    if heard.answer is None:
        code = heard.failure.full_code if heard.failure else ""
        text = f"refuses a JSON schema ({code}); forms are asked for in another way"
        return Check(name=name, ok=True, text=text, step=f"set {variable}=tools to spare the try")
    try:
        filled = json.loads(heard.answer.text)
    except ValueError:
        filled = None
    if isinstance(filled, dict) and set(cast("dict[str, object]", filled)) == {"colour", "sure"}:
        return Check(name=name, ok=True, text="keeps to a JSON schema")
    return Check(name=name, ok=True, text="ignores the JSON schema; answers are checked and asked for again")


def _usage(tier: Tier, heard: "Heard") -> Check:
    usage = heard.answer.usage if heard.answer else None
    if usage is None or usage.counted:
        text = f"counts tokens: {usage.read} read, {usage.written} written" if usage else "unknown"
        return Check(name=f"{tier} usage", ok=True, text=text)
    text = "does not count tokens: each request is charged the most that it can have been"
    return Check(name=f"{tier} usage", ok=True, text=text, step="raise the budgets' tokens accordingly")


def _price(tier: Tier, seat: "Endpoint") -> Check:
    from countersign.domain.exchange import Usage

    if seat.prices:
        million = 1_000_000
        read, written = seat.prices(Usage(read=million)), seat.prices(Usage(written=million))
        text = f"{read / million:g} dollars for a million tokens read, {written / million:g} written"
        return Check(name=f"{tier} price", ok=True, text=text)
    step = f"set COUNTERSIGN_{tier.upper()}__PRICE_INPUT and __PRICE_OUTPUT; 0 where it costs nothing"
    return Check(name=f"{tier} price", ok=True, text="not known: the money budget counts nothing", step=step)


def _failed(name: str, heard: "Heard", step: str) -> Check:
    error = heard.failure
    text = error.message if error else "there was no answer"
    return Check(
        name=name,
        ok=False,
        text=text,
        step=(error.hint if error else "") or step,
        code=error.full_code if error else "",
    )
