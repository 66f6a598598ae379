"""A seat as a langchain chat model, so that an agent can sit on it."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from countersign.domain.exchange import Answer, Kept
from countersign.domain.model import Tier
from countersign.llm.bound import StepModels
from countersign.llm.request import Request

_OPTIONS = ("tool_choice", "parallel_tool_calls", "response_format")


class SeatChat(BaseChatModel):
    """Every call is recorded under its step, and held to the budgets. Raises ModelError."""

    tier: Tier
    models: StepModels

    @property
    def _llm_type(self) -> str:
        return "countersign"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        engine = self.models.engine(self.tier)
        return {"model_name": engine.name if engine else "", "tier": self.tier}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools on offer; `tool_choice` is `auto`, `required` (or `any`), `none`, or a tool's name."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        choice = "required" if tool_choice == "any" else tool_choice
        return self.bind(tools=offered, tool_choice=choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager
        options = {name: kwargs.get(name) for name in _OPTIONS}
        request = Request.of(self.tier, messages, kwargs.get("tools") or (), stop=stop, **options)
        question = Kept(parts=request.parts)
        work = lambda: self.models.exchange(self.tier, request)  # noqa: E731  one expression, used once
        answer = self.models.told("models.chat", self.tier, question, work)
        return ChatResult(generations=[ChatGeneration(message=message_of(answer, question.request))])


def message_of(answer: Answer, request: str) -> AIMessage:
    """The answer as langchain has it, with ids of ours: a server may repeat its own."""
    calls = [
        ToolCall(name=call.name, args=dict[str, Any](call.args), id=f"call_{request[:12]}_{place}", type="tool_call")
        for place, call in enumerate(answer.calls)
    ]
    usage = answer.usage
    engine = answer.engine.model_dump() if answer.engine else {}
    return AIMessage(
        content=answer.text,
        tool_calls=calls,
        id=f"answer-{request[:24]}",
        response_metadata={"engine": engine, "model_name": engine.get("name", "")},
        usage_metadata={
            "input_tokens": usage.read, "output_tokens": usage.written, "total_tokens": usage.read + usage.written,
        },
    )  # fmt: skip
