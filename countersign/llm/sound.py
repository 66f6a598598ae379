"""Whether an answer can be used: what is cut off, empty, refused or unreadable is a failure, never half an answer."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage

from countersign.domain.errors import ModelError
from countersign.domain.exchange import Answer, Called, Usage

MOST_TEXT = 100_000
"""Characters."""
MOST_CALLS = 16
"""Tool calls in one answer."""
_DEEPEST = 20
_UNUSABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What breaks storage, a terminal or a letter: control characters and half characters."""
_ENDED = ("stop", "tool_calls", "function_call")


def sound(message: AIMessage, *, ends: bool) -> Answer:
    """The answer in a message; `ends`: it must say that it is complete. Raises ModelError where it can't be used."""
    _require_end(message, ends)
    if message.invalid_tool_calls:
        raise ModelError("the model's tool call can't be read", detail="malformed")
    text = str(message.text)
    if not text.strip() and not message.tool_calls:
        raise ModelError("the model's answer is empty", detail="empty")
    if len(text) > MOST_TEXT or len(message.tool_calls) > MOST_CALLS:
        raise ModelError("the model's answer is longer than anything it was asked for", detail="excess")
    require_usable(text)
    return Answer(text=text, calls=tuple(_called(call) for call in message.tool_calls), usage=_usage(message))


def require_usable(value: object, depth: int = 0) -> None:
    """Raises ModelError where a value of JSON holds a number that is none, or characters that nothing can take."""
    if depth > _DEEPEST:
        raise ModelError("the model's answer is nested too deeply", detail="malformed")
    if isinstance(value, str) and _UNUSABLE.search(value):
        raise ModelError("the model's answer holds control characters or half characters", detail="characters")
    if isinstance(value, float) and not math.isfinite(value):
        raise ModelError("the model's answer holds a number that is not finite", detail="not_finite")
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            require_usable(key, depth + 1)
            require_usable(item, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in cast("Sequence[object]", value):
            require_usable(item, depth + 1)


def _require_end(message: AIMessage, ends: bool) -> None:
    reason = message.response_metadata.get("finish_reason")
    if reason == "length":
        raise ModelError("the model's answer is cut off", hint="raise max_output", detail="truncated")
    if reason == "content_filter":
        raise ModelError("the endpoint's content filter withheld the answer", detail="filtered")
    if message.additional_kwargs.get("refusal"):
        raise ModelError("the model refused to answer", detail="refused")
    if ends and reason not in _ENDED:
        raise ModelError("the model's answer does not say that it is complete", detail="truncated")


def _called(call: Mapping[str, Any]) -> Called:
    require_usable(call["name"])
    require_usable(call["args"])
    return Called(name=call["name"], args=dict(call["args"]))


def _usage(message: AIMessage) -> Usage:
    found = message.usage_metadata
    if found is None:
        return Usage()
    details = found.get("input_token_details") or {}
    cached = max(details.get("cache_read") or 0, 0)
    return Usage(read=max(found["input_tokens"], 0), cached=cached, written=max(found["output_tokens"], 0))
