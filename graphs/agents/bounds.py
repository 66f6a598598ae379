"""What keeps an agent in bounds: langchain's own middleware, and one witness who counts calls and watches the time."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from langchain.agents.middleware import (
    AgentMiddleware,
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRequest,
    ModelResponse,
    ModelRetryMiddleware,
    ToolCallLimitMiddleware,
    ToolErrorMiddleware,
)
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig

from countersign.domain.errors import FailedError, RejectedError, RetryError

MOST_MODEL_CALLS = 10
MOST_TOOL_CALLS = 24
RUN: RunnableConfig = {"recursion_limit": 60, "max_concurrency": 1}
"""Of the agent's own graph: a model call and its tools are two steps, each middleware's hook is one more."""
MOST_SECONDS = 180.0
_LONG = 24_000
"""Tokens of context from which on the oldest answers of tools are taken out."""
_KEPT = 6
Ask = Callable[[ModelRequest[Any]], ModelResponse[Any]]


class Witness(AgentMiddleware[Any, Any, Any]):
    """Stands before the model: ends an investigation whose time is up, and remembers which model was asked last."""

    def __init__(self, seconds: float = MOST_SECONDS) -> None:
        super().__init__()
        self.until = monotonic() + seconds
        self.calls = 0
        self.asked: BaseChatModel | None = None
        self.tools: Sequence[Any] = []

    def wrap_model_call(self, request: ModelRequest[Any], handler: Ask) -> ModelResponse[Any]:
        """Asks the model. Raises FailedError (`failed.deadline`) where the time is up."""
        if monotonic() > self.until:
            raise FailedError("the investigation took too long", detail="deadline")
        self.calls += 1
        self.asked = request.model
        return handler(request)


def bounds(witness: Witness, instead: BaseChatModel | None) -> list[AgentMiddleware[Any, Any, Any]]:
    """The middleware, outermost first; `instead` is asked where the first model fails for good."""
    fallback = [ModelFallbackMiddleware(instead)] if instead is not None else []
    return [
        ModelCallLimitMiddleware(run_limit=MOST_MODEL_CALLS, exit_behavior="error"),
        ToolCallLimitMiddleware(run_limit=MOST_TOOL_CALLS, exit_behavior="continue"),
        ToolErrorMiddleware(_told),
        ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=_LONG, keep=_KEPT)]),
        *fallback,
        ModelRetryMiddleware(max_retries=1, retry_on=(RetryError,), on_failure="error", initial_delay=0.2),
        witness,
    ]


def _told(error: Exception, request: ToolCallRequest) -> str | None:
    """What the model may see of a tool's error: a refusal or a fault, by its code. Anything else ends the run."""
    del request
    if isinstance(error, RejectedError | RetryError | FailedError):
        return f"{error.full_code}: {error.message}" + (f" ({error.hint})" if error.hint else "")
    return None
