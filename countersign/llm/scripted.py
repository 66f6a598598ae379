"""A model that says what a script has it say: for tests, and to try a desk without an endpoint."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field, JsonValue, PrivateAttr, TypeAdapter, ValidationError

from countersign.domain.errors import ModelError, SettingsError
from countersign.domain.exchange import Called
from countersign.domain.frozen import Frozen


class Line(Frozen):
    """One answer of a script: the first that is unused and whose `when` stands in the messages is given."""

    when: str = ""
    text: str = ""
    calls: tuple[Called, ...] = ()
    value: dict[str, JsonValue] | None = None
    """A form, filled in."""
    fails: str = ""
    """The detail of a ModelError: `timeout`, `truncated`."""
    repeats: bool = False
    """It may be given any number of times."""


_LINES = TypeAdapter(tuple[Line, ...])


class ScriptedModel(BaseChatModel):
    """Gives a script's lines in order. Raises ModelError where a line says so, or none is left (`model.script`)."""

    lines: tuple[Line, ...] = Field(default=())
    _used: set[int] = PrivateAttr(default_factory=set[int])
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Runnable[Any, Any]:
        """The same model: a script knows what it calls."""
        del tools, tool_choice, kwargs
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager, kwargs
        line = self._next("\n".join(str(message.text) for message in messages))
        if line.fails:
            raise ModelError("the script has the model fail", detail=line.fails)
        text = line.text if line.value is None else json.dumps(line.value)
        calls = [
            ToolCall(name=call.name, args=dict[str, Any](call.args), id=f"call_{place}", type="tool_call")
            for place, call in enumerate(line.calls)
        ]
        message = AIMessage(content=text, tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _next(self, said: str) -> Line:
        with self._lock:
            for place, line in enumerate(self.lines):
                if line.when in said and (line.repeats or place not in self._used):
                    self._used.add(place)
                    return line
        raise ModelError("the script has no line for this", detail="script")


def read_script(path: Path) -> ScriptedModel:
    """The script in a JSON file: a list of lines. Raises SettingsError naming the file and the field."""
    hint = 'write a list such as [{"when": "parcel", "text": "..."}]'
    try:
        return ScriptedModel(lines=_LINES.validate_json(path.read_bytes()))
    except OSError as error:
        raise SettingsError(f"the script can't be read: {error.strerror}", where=str(path), hint=hint) from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, fault["loc"]))
        raise SettingsError(f"{field or 'the script'}: {fault['msg']}", where=str(path), hint=hint) from None
