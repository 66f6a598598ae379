"""The offline planner as a chat model: it reads the same messages as any other, and follows fixed rules.

It is no language model, and says so in every summary. The same messages always have the same answer.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from countersign.domain.frozen import digest
from countersign.domain.model import Engine
from countersign.llm.planner import Call, Case, Results, next_calls

OFFLINE = Engine(kind="offline", name="planner", settings=digest("planner 2"))
"""What sits in the agent's seat where no endpoint is set."""


class OfflineChat(BaseChatModel):
    """Answers an agent's messages with the planner's next calls, as long as they are on offer."""

    @property
    def _llm_type(self) -> str:
        return "offline-planner"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The planner with tools on offer; it calls nothing else."""
        del tool_choice, kwargs
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        offered = frozenset(tool["function"]["name"] for tool in kwargs.get("tools") or ())
        case, results = case_in(messages), results_in(messages)
        calls = [call for call in next_calls(case, results) if call.tool in offered] if case is not None else []
        made = sum(len(message.tool_calls) for message in messages if isinstance(message, AIMessage))
        wanted = [
            {"name": call.tool, "args": call.arguments, "id": f"plan-{place}", "type": "tool_call"}
            for place, call in enumerate(calls, made + 1)
        ]
        text = "" if wanted else "I am the offline planner: fixed rules, no language model. There is nothing I can do."
        message = AIMessage(content=text, tool_calls=wanted)
        return ChatResult(generations=[ChatGeneration(message=message)])


def case_in(messages: Sequence[BaseMessage]) -> Case | None:
    """The case in the first message of a person; None where there is none in it."""
    for message in messages:
        if isinstance(message, HumanMessage):
            found = _read(message.content)
            return found if "message" in found else None
    return None


def results_in(messages: Sequence[BaseMessage]) -> Results:
    """What came of each call so far, in the order in which they were made; a refused call has an empty answer."""
    answers = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    found: list[tuple[Call, dict[str, Any]]] = []
    for message in messages:
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            answer = answers.get(call["id"] or "")
            fine = answer is not None and answer.status != "error"
            read = _read(answer.content) if answer is not None and fine else {}
            found.append((Call(call["name"], call["args"]), read))
    return found


def _read(content: object) -> dict[str, Any]:
    try:
        found: object = json.loads(content) if isinstance(content, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]  JSON
