"""The models of one step of one turn: every answer is recorded, every call held to the budgets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from countersign.domain.errors import ModelError, ReplayMismatchError
from countersign.domain.exchange import Answer, Failure, Kept, Usage
from countersign.domain.model import Budget, Cost, Engine, ModelCall, Tier
from countersign.domain.ticket import TicketRef
from countersign.llm.book import Book
from countersign.llm.cassette import Cassette
from countersign.llm.request import Request
from countersign.llm.seat import Seat
from countersign.ports import Clock
from countersign.spans import UNTRACED, Facts, Span, Tracer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from langchain_core.language_models import BaseChatModel

T = TypeVar("T", bound=BaseModel)
_PROVIDERS = {"endpoint": "openai"}
"""As the GenAI conventions name who speaks OpenAI's API; what sits in this process is named as ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What the models of every step share."""

    seats: Mapping[Tier, Seat]
    book: Book
    budgets: tuple[Budget, Budget]
    """The ticket's and the day's."""
    clock: Clock
    prompts: Mapping[str, str]
    """The desk's prompts, by name."""
    cassette: Cassette | None = None
    """What answers in place of the seats, on a replay."""
    tracer: Tracer = UNTRACED

    def engine(self, tier: Tier) -> Engine | None:
        """See `ports.Models`."""
        if self.cassette:
            return self.cassette.engine(tier)
        return self.seats[tier].engine if tier in self.seats else None


class StepModels:
    """Implements `ports.Models` for one step of one turn."""

    def __init__(self, parts: Parts, ref: TicketRef, step: str) -> None:
        self.parts, self.ref, self.step = parts, ref, step

    def engine(self, tier: Tier) -> Engine | None:
        """See `ports.Models`."""
        return self.parts.engine(tier)

    def chat(self, tier: Tier) -> "BaseChatModel":
        """See `ports.Models`."""
        from countersign.llm.chat import SeatChat

        return SeatChat(tier=tier, models=self)

    def ask(self, tier: Tier, prompt: str, values: Mapping[str, str], answer: type[T]) -> T:
        """See `ports.Models`. Raises DeskError where there is no such prompt."""
        from countersign.llm.form import filled_in

        return filled_in(self, tier, prompt, values, answer)

    def told(self, method: str, tier: Tier, question: Kept, work: Callable[[], Answer]) -> Answer:
        """The recorded answer to a question; the first time, what `work` comes to.

        A failure is recorded too: whoever went on without the model goes on without it again. Raises ModelError.
        """
        step = f"{self.ref.turn}/{self.step}"
        kept = self._kept(step, question)
        if kept is None and self.parts.cassette:
            where = f"{self.ref.id} {step}"
            kept = self.parts.cassette.answer(method, question, where)
            self._record(step, method, kept)
        if kept is not None:
            self._note_recorded(tier, question, kept)
            return kept.told()
        return self._record(step, method, _done(question, work)).told()

    def exchange(self, tier: Tier, request: Request, prompt: str = "") -> Answer:
        """One answer from the tier's seat; what it may cost at most is reserved, what it did cost is written down.

        `prompt` is the digest of the prompt file. Raises ModelError.
        """
        seat, book = self.parts.seats.get(tier), self.parts.book
        if seat is None:
            hint = f"set COUNTERSIGN_MODEL__{tier.upper()}"
            raise ModelError("nothing sits in this seat", hint=hint, detail="none")
        call = self._call(tier, seat.engine, prompt, Kept(parts=request.parts).request)
        with self._span(tier, seat.engine) as span:
            reserved = book.reserve(call, seat.most(request), self.parts.budgets, self.parts.clock.now())
            heard = seat.call(request, reserved.ms / 1000)
            usage = heard.answer.usage if heard.answer else Usage()
            cost = Cost(
                calls=heard.requests, tokens=usage.read + usage.written, ms=heard.ms,
                micros=seat.price(usage) if heard.answer else 0,
            )  # fmt: skip
            span.note(requests=cost.calls, tokens_in=usage.read, tokens_out=usage.written, micros=cost.micros)
            failed = heard.failure.full_code if heard.failure else ""
            book.finish(reserved, cost, (usage.read, usage.written), failed)
            if heard.answer is None:
                raise heard.failure or ModelError("there was no answer", detail="unexpected")
            return heard.answer

    def _span(self, tier: Tier, engine: Engine, *, recorded: bool = False) -> "AbstractContextManager[Span]":
        provider = _PROVIDERS.get(engine.kind, f"countersign.{engine.kind}")
        facts = Facts(provider=provider, tier=tier, recorded=recorded)
        return self.parts.tracer.span("model", engine.name, self.ref, **facts)

    def _kept(self, step: str, question: Kept) -> Kept | None:
        found = self.parts.book.recall(self.ref.id, step, question.request)
        if found is None:
            return None
        try:
            return Kept.model_validate_json(found)
        except ValidationError as error:
            hint = "the types have changed since; a new message to the ticket begins a fresh turn"
            where = f"{self.ref.id} {step}"
            raise ReplayMismatchError(
                "a model's answer can't be read now", where=where, hint=hint, detail="answer"
            ) from error

    def _record(self, step: str, method: str, kept: Kept) -> Kept:
        """Keeps the exchange; the first to be kept is the one that counts."""
        self.parts.book.record(self.ref.id, step, kept.request, method, kept.model_dump_json())
        return self._kept(step, kept) or kept

    def _note_recorded(self, tier: Tier, question: Kept, kept: Kept) -> None:
        engine = (kept.answer.engine if kept.answer else None) or self.engine(tier)
        if engine is None:
            engine = Engine(kind="recorded", name="nothing", settings="")
        call = self._call(tier, engine, question.prompt, question.request)
        with self._span(tier, engine, recorded=True) as span:
            span.failed(kept.code)
            self.parts.book.note_recorded(call, self.parts.clock.now())

    def _call(self, tier: Tier, engine: Engine, prompt: str, request: str) -> ModelCall:
        return ModelCall(
            ticket=self.ref.id, turn=self.ref.turn, step=self.step, tier=tier, engine=engine, prompt=prompt,
            request=request,
        )  # fmt: skip


def _done(question: Kept, work: Callable[[], Answer]) -> Kept:
    """The question with what came of it."""
    try:
        return question.model_copy(update={"answer": work()})
    except ModelError as error:
        return question.model_copy(update={"failure": Failure.of(error)})
