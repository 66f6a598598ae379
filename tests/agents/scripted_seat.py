"""Seats for tests: a chat model that plays a script over the real tools, and a critic with a fixed judgement."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel

from countersign.domain.errors import FailedError, ModelError
from countersign.domain.model import Engine, Tier

Play = Callable[[list[BaseMessage]], AIMessage]
"""One answer of the model, made from the messages so far."""
FIRST = Engine(kind="scripted", name="first", settings="1")
SECOND = Engine(kind="scripted", name="second", settings="2")


class ScriptedChat(BaseChatModel):
    """Plays one answer after the other; beyond the end of the script it repeats the last one."""

    plays: Any
    seen: Any
    offered: Any

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        del kwargs
        self.offered[:] = [str(getattr(tool, "name", None) or tool["function"]["name"]) for tool in tools]
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager, kwargs
        self.seen.append(messages)
        play = cast("Play", self.plays[min(len(self.seen), len(self.plays)) - 1])
        return ChatResult(generations=[ChatGeneration(message=play(messages))])


@dataclass
class ScriptedModels:
    """`ports.Models` with a script in the agent's seat, and perhaps a critic in the other."""

    plays: list[Play]
    critic: dict[str, Any] | None = None
    second: Engine = SECOND
    seen: list[list[BaseMessage]] = field(default_factory=list[list[BaseMessage]])
    offered: list[str] = field(default_factory=list[str])
    asked: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])

    def engine(self, tier: Tier) -> Engine | None:
        if tier == "large":
            return FIRST
        return self.second if self.critic is not None else None

    def chat(self, tier: Tier) -> BaseChatModel:
        if tier == "small":
            raise_error: Play = refuse
            return ScriptedChat(plays=[raise_error], seen=[], offered=[])
        return ScriptedChat(plays=self.plays, seen=self.seen, offered=self.offered)

    def ask(self, tier: Tier, prompt: str, values: Mapping[str, str], answer: type[BaseModel]) -> Any:
        if prompt != "critic" or self.critic is None:
            raise ModelError("no answer", where=tier, detail="test")
        self.asked.append(values)
        return answer.model_validate(self.critic)


def refuse(messages: list[BaseMessage]) -> AIMessage:
    """A model that fails for good."""
    del messages
    raise FailedError("no answer", detail="test")


def call(*calls: tuple[str, dict[str, Any]]) -> Play:
    """Calls tools, all at once."""
    return lambda messages: AIMessage(
        content="",
        tool_calls=[
            {"name": name, "args": args, "id": f"{len(messages)}-{place}", "type": "tool_call"}
            for place, (name, args) in enumerate(calls)
        ],
    )


def because(tool: str, *what: str, **given: Any) -> Play:
    """Calls a tool for the facts whose name begins with one of some words; a callable argument is made from the run."""

    def play(messages: list[BaseMessage]) -> AIMessage:
        made = {name: value(messages) if callable(value) else value for name, value in given.items()}
        return call((tool, made | {"because": facts(messages, *what)}))(messages)

    return play


def of(*what: str) -> Callable[[list[BaseMessage]], list[str]]:
    """The ids of facts by the beginnings of their names, once they were looked up."""
    return lambda messages: facts(messages, *what)


def silent(messages: list[BaseMessage]) -> AIMessage:
    """A model that answers nothing at all."""
    del messages
    return AIMessage(content="")


def plan(**fields: Any) -> Play:
    """Hands in a plan; a callable field is made from the messages so far."""
    ordinary: dict[str, Any] = {"summary": "A test's plan.", "confidence": "low"}

    def play(messages: list[BaseMessage]) -> AIMessage:
        made = {name: value(messages) if callable(value) else value for name, value in fields.items()}
        return call(("FinalPlan", ordinary | made))(messages)

    return play


def answers(messages: Sequence[BaseMessage]) -> Iterator[dict[str, Any]]:
    """What the tools answered."""
    for message in messages:
        if isinstance(message, ToolMessage) and message.status != "error" and str(message.content).startswith("{"):
            yield json.loads(str(message.content))


def refusals(messages: Sequence[BaseMessage]) -> list[str]:
    """What the tools refused."""
    return [str(one.content) for one in messages if isinstance(one, ToolMessage) and one.status == "error"]


def facts(messages: Sequence[BaseMessage], *what: str) -> list[str]:
    """Ids of facts whose name begins with one of some words."""
    found = [fact for answer in answers(messages) for fact in answer.get("facts", [])]
    return [fact["id"] for fact in found if fact["what"].startswith(what)]


def proposed(messages: Sequence[BaseMessage]) -> list[str]:
    """Ids of the proposals so far."""
    return [answer["id"] for answer in answers(messages) if "proposal" in answer]
