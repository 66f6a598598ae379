"""What can sit in a seat: it answers requests within a time, and says what an answer costs."""

from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from countersign.domain.errors import ModelError
from countersign.domain.exchange import Answer, Usage
from countersign.domain.model import Cost, Engine
from countersign.llm.request import Request
from countersign.llm.sound import sound


@dataclass(frozen=True, slots=True)
class Heard:
    """How a call ended: with an answer or a failure, after so many requests and milliseconds."""

    requests: int
    ms: int
    answer: Answer | None = None
    failure: ModelError | None = None


class Seat(Protocol):
    """A model, or what stands in for one."""

    @property
    def engine(self) -> Engine: ...

    @property
    def ways(self) -> tuple[str, ...]:
        """How a form to be filled in may be asked for, the best first: `schema`, `tools`, `text`."""
        ...

    def most(self, request: Request) -> Cost:
        """The most that the call can cost."""
        ...

    def call(self, request: Request, seconds: float) -> Heard:
        """Asks, and waits no longer than that. Never raises for anything that the model or its server does."""
        ...

    def price(self, usage: Usage) -> int:
        """Millionths of a US dollar."""
        ...

    def took(self, way: str) -> None:
        """Hears which way of asking for a form was taken, so that the next question begins with it."""
        ...


class LocalSeat:
    """A chat model of this process, which costs nothing: the offline planner, a script, a chaotic one."""

    ways = ("schema",)

    def __init__(self, engine: Engine, model: BaseChatModel) -> None:
        self.engine = engine
        self._model = model

    def most(self, request: Request) -> Cost:
        """See `Seat`."""
        del request
        return Cost(calls=1)

    def call(self, request: Request, seconds: float) -> Heard:
        """See `Seat`; the model is quick, so that its time is counted and not cut."""
        del seconds
        start = monotonic()
        answer = failure = None
        try:
            answer = sound(self._asked(request), ends=False).model_copy(update={"engine": self.engine})
        except ModelError as error:
            failure = error
        return Heard(1, int((monotonic() - start) * 1000), answer, failure)

    def price(self, usage: Usage) -> int:
        """See `Seat`."""
        del usage
        return 0

    def took(self, way: str) -> None:
        """See `Seat`."""

    def _asked(self, request: Request) -> AIMessage:
        model = self._model
        if request.tools:
            bound = model.bind_tools([dict(tool) for tool in request.tools], **request.options)
        else:
            bound = model.bind(**request.options)
        return bound.invoke(list(request.messages))  # pyright: ignore[reportReturnType]  a chat model's answer
