"""Questions with a blank to fill: one form, asked for in the way that the server takes, and checked here."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import NoReturn, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ValidationError

from countersign.domain.errors import DeskError, ModelError
from countersign.domain.exchange import Answer, Kept
from countersign.domain.frozen import canonical, digest
from countersign.domain.model import Tier
from countersign.llm.bound import StepModels
from countersign.llm.request import Request
from countersign.llm.sound import require_usable

T = TypeVar("T", bound=BaseModel)
_REFUSING = ("request", "down", "unknown", "malformed")
"""How servers answer to a way of asking that they do not know: one with a 400, another with a 500."""
_FENCE = re.compile(r"\A\s*(?:<think>.*?</think>)?\s*(?:```(?:json)?)?\s*", re.DOTALL)


def filled_in(models: StepModels, tier: Tier, prompt: str, values: Mapping[str, str], form: type[T]) -> T:
    """The form as the model filled it in; one mistake may be mended. Raises ModelError; DeskError for the prompt.

    The prompt is the system's word, the values are a JSON object in the user's: what they say gives no orders.
    """
    text = _prompt(models, prompt)
    schema = form.model_json_schema()
    parts = {"tier": digest(tier), f"prompt {prompt}": digest(text), f"form {form.__name__}": digest(schema)}
    question = Kept(
        parts=parts | {f"value {name}": digest(value) for name, value in values.items()}, prompt=digest(text)
    )
    messages: tuple[BaseMessage, ...] = (
        SystemMessage(f"{text.strip()}\n\n{_instruction('form').replace('SCHEMA', canonical(schema))}"),
        HumanMessage(canonical(dict(values))),
    )
    asked = _Asked(models, tier, question.prompt, form, schema)
    answer = models.told(f"models.ask {prompt}", tier, question, lambda: asked.answer(messages))
    return form.model_validate_json(answer.text)


def _prompt(models: StepModels, name: str) -> str:
    text = models.parts.prompts.get(name)
    if text is None:
        raise DeskError("the prompt is missing", where=f"prompts/{name}.md", hint="copy it from a fresh desk (init)")
    return text


class _Asked:
    """One form, on its way to being filled in."""

    def __init__(self, models: StepModels, tier: Tier, prompt: str, form: type[BaseModel], schema: object) -> None:
        self._tier: Tier = tier
        self._models, self._prompt, self._form, self._schema = models, prompt, form, schema
        self._seat = models.parts.seats.get(tier)

    def answer(self, messages: tuple[BaseMessage, ...]) -> Answer:
        """An answer whose text is the form, valid; the way of asking that the server took is remembered."""
        ways = self._seat.ways if self._seat else ("text",)
        for way in ways:
            try:
                answer = self._valid(way, messages)
            except ModelError as error:
                if way == ways[-1] or error.detail not in _REFUSING:
                    raise
            else:
                if self._seat:
                    self._seat.took(way)
                return answer
        raise ModelError("the server takes no way of asking for a form", detail="form")

    def _valid(self, way: str, messages: tuple[BaseMessage, ...]) -> Answer:
        """The form, after one repeat that names the mistakes where the first answer had some."""
        first = self._models.exchange(self._tier, self._request(way, messages), self._prompt)
        said = _said(first)
        try:
            return _formed(first, self._form)
        except ModelError as error:
            if error.detail not in ("form", "not_finite"):
                raise
            again = _instruction("again").replace("MISTAKE", error.message)
        repeat = (*messages, AIMessage(said[:4000]), HumanMessage(again))
        return _formed(self._models.exchange(self._tier, self._request(way, repeat), self._prompt), self._form)

    def _request(self, way: str, messages: tuple[BaseMessage, ...]) -> Request:
        name = self._form.__name__
        if way == "schema":
            wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": self._schema}}
            return Request.of(self._tier, messages, response_format=wanted)
        if way == "tools":
            tool = {"type": "function", "function": {"name": name, "parameters": self._schema}}
            return Request.of(self._tier, messages, (tool,), tool_choice="required", parallel_tool_calls=False)
        return Request.of(self._tier, messages)


def _formed(answer: Answer, form: type[BaseModel]) -> Answer:
    """The answer with the form as its text. Raises ModelError (`form`) naming the mistakes, without the values."""
    value = _json(_said(answer))
    require_usable(value)
    try:
        filled = form.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)[:5]
        text = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'the form'}: {fault['type']}" for fault in faults)
        raise ModelError(f"the model did not fill in the form: {text}", detail="form") from None
    return answer.model_copy(update={"text": filled.model_dump_json(), "calls": ()})


def _said(answer: Answer) -> str:
    """The form's text: the arguments of the first tool call, or what was written."""
    return json.dumps(answer.calls[0].args) if answer.calls else answer.text


def _json(text: str) -> object:
    """The first JSON value in a text, whatever stands around it."""
    start = _FENCE.match(text)
    begin = text.find("{", start.end() if start else 0)
    decoder = json.JSONDecoder(parse_constant=_not_finite)
    try:
        return decoder.raw_decode(text, max(begin, 0))[0]
    except (ValueError, RecursionError):
        raise ModelError("the model did not fill in the form: it holds no JSON object", detail="form") from None


def _not_finite(_: str) -> NoReturn:
    raise ModelError("the model's answer holds a number that is not finite", detail="not_finite")


def _instruction(name: str) -> str:
    return files("countersign.llm").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
