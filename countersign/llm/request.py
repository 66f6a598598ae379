"""What a model is asked, in the one form that every seat is given, and that is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

from countersign.domain.frozen import canonical, digest
from countersign.domain.model import Tier

_OVERHEAD = 16
"""Tokens that a chat template may add to each message or tool."""


@dataclass(frozen=True, slots=True)
class Request:
    """Messages, the tools on offer, and how to answer; ids and figures of earlier answers are no part of it."""

    tier: Tier
    messages: tuple[BaseMessage, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    """As OpenAI writes them."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`tool_choice`, `parallel_tool_calls`, `response_format`, `stop`."""

    @classmethod
    def of(
        cls, tier: Tier, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]] = (), **options: Any
    ) -> "Request":
        """A request with clean messages, and with the options that are set."""
        given = {name: value for name, value in options.items() if value is not None}
        return cls(tier, tuple(_clean(message) for message in messages), tuple(tools), given)

    @property
    def parts(self) -> dict[str, str]:
        """The digest of each part, by a name that a person understands: `message 2 human`, `tool find_order`."""
        messages = {f"message {n} {said.type}": digest(_spoken(said)) for n, said in enumerate(self.messages, start=1)}
        tools = {f"tool {tool_name(tool)}": digest(tool) for tool in self.tools}
        options = {f"option {name}": digest(value) for name, value in self.options.items()}
        return {"tier": digest(self.tier)} | messages | tools | options

    @property
    def most_tokens(self) -> int:
        """The most tokens that reading it can take: no tokenizer makes more of a text than it has bytes."""
        texts = [canonical(_spoken(message)) for message in self.messages]
        texts += [canonical(tool) for tool in self.tools] + [canonical(dict(self.options))]
        return sum(len(text.encode("utf-8", "replace")) + _OVERHEAD for text in texts)


def tool_name(tool: Mapping[str, Any]) -> str:
    """The name of a tool as OpenAI writes it."""
    return str(tool.get("function", tool).get("name", ""))


def _clean(message: BaseMessage) -> BaseMessage:
    """The message without ids and a server's own words; tool calls that could not be read are never sent again."""
    text = message.content
    if isinstance(message, AIMessage):
        return AIMessage(content=text, tool_calls=message.tool_calls, name=message.name)
    if isinstance(message, ToolMessage):
        return ToolMessage(content=text, tool_call_id=message.tool_call_id, name=message.name, status=message.status)
    if isinstance(message, SystemMessage):
        return SystemMessage(content=text)
    return message.model_copy(update={"id": None, "additional_kwargs": {}, "response_metadata": {}})


def _spoken(message: BaseMessage) -> dict[str, Any]:
    said: dict[str, Any] = {"type": message.type, "content": message.content, "name": message.name}
    if isinstance(message, AIMessage):
        said["calls"] = [[call["name"], call["args"], call["id"]] for call in message.tool_calls]
    if isinstance(message, ToolMessage):
        said |= {"call": message.tool_call_id, "status": message.status}
    return said
