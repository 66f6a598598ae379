"""The desk's models: what sits in the seats, unbound; a step is given its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pydantic import BaseModel

from countersign.domain.errors import MisuseError
from countersign.domain.model import Engine, Tier
from countersign.domain.ticket import TicketRef
from countersign.ports import Models

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from countersign.llm.bound import Parts, StepModels

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SeatedModels:
    """Implements `ports.Models` outside a step: it says what there is, and answers nothing."""

    parts: "Parts"

    def engine(self, tier: Tier) -> Engine | None:
        """See `ports.Models`."""
        return self.parts.engine(tier)

    def chat(self, tier: Tier) -> "BaseChatModel":
        """Raises MisuseError: an answer that no step asked for would be recorded nowhere."""
        self._refuse(tier)

    def ask(self, tier: Tier, prompt: str, values: Mapping[str, str], answer: type[T]) -> T:
        """Raises MisuseError, as `chat`."""
        del prompt, values, answer
        self._refuse(tier)

    def bound(self, ref: TicketRef, step: str) -> "StepModels":
        """The models of one step of one turn."""
        from countersign.llm.bound import StepModels

        return StepModels(self.parts, ref, step)

    def _refuse(self, tier: Tier) -> NoReturn:
        raise MisuseError(f"the {tier} model can only be asked within a step", detail="unbound")


def bound_to(models: Models, ref: TicketRef, step: str) -> Models:
    """The models of one step of one turn; those that were seated otherwise record nothing and stay as they are."""
    return models.bound(ref, step) if isinstance(models, SeatedModels) else models
