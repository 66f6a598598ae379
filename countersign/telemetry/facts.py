"""What may stand in a span: the one list of attributes, and the form that each value must have."""

import re
from collections.abc import Mapping
from functools import lru_cache

from countersign.domain.errors import code_of

ATTRIBUTES: Mapping[str, str] = {
    "node_kind": "countersign.node.kind",
    "step": "countersign.step",
    "status": "countersign.status",
    "recorded": "countersign.recorded",
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "tier": "countersign.tier",
    "requests": "countersign.requests",
    "tokens_in": "gen_ai.usage.input_tokens",
    "tokens_out": "gen_ai.usage.output_tokens",
    "micros": "countersign.cost.micros",
    "found": "countersign.found",
}
"""The attribute of each of `countersign.spans.Facts`; any other name is left out."""

KIND, TICKET, TURN = "countersign.kind", "countersign.ticket", "countersign.turn"
OPERATION, CONVERSATION, ERROR = "gen_ai.operation.name", "gen_ai.conversation.id", "error.type"

OPERATIONS: Mapping[str, tuple[str, str]] = {
    "turn": ("invoke_workflow", "gen_ai.workflow.name"),
    "agent": ("invoke_agent", "gen_ai.agent.name"),
    "model": ("chat", "gen_ai.request.model"),
    "tool": ("execute_tool", "gen_ai.tool.name"),
    "effect": ("execute_tool", "gen_ai.tool.name"),
}
"""By kind of span, the operation as the GenAI conventions name it, and where they put its name."""

REFUSED = "refused"
"""Stands where a text is no name and no code: an address, a sentence, a number as long as a card's."""
_CLEAN = re.compile(r"(?!.*\d{9})[A-Za-z0-9_.:/+-]{0,100}", re.ASCII)

Value = str | int | float | bool


@lru_cache(maxsize=4096, typed=True)
def clean(value: Value) -> Value:
    """The value as it may be written: figures as they are, of texts those that are names or codes."""
    if not isinstance(value, str) or _CLEAN.fullmatch(value):
        return value
    return REFUSED


def attributes(facts: Mapping[str, object]) -> dict[str, Value]:
    """Facts by the names of their attributes, clean; whatever is not on the list is left out."""
    return {
        ATTRIBUTES[name]: clean(value)
        for name, value in facts.items()
        if name in ATTRIBUTES and isinstance(value, str | int | float | bool)
    }


def failure(error: BaseException) -> str:
    """The code of what went through a span; empty for a pause of the graph, which is no failure."""
    from langgraph.errors import GraphBubbleUp

    if isinstance(error, GraphBubbleUp | GeneratorExit):
        return ""
    return code_of(error) if isinstance(error, Exception) else "interrupted"
