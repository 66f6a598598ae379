"""What sits in the seats where no endpoint is set: the offline planner in the agent's, nothing in the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from countersign.domain.errors import FailedError
from countersign.domain.model import Engine, Tier

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T", bound=BaseModel)


class OfflineModels:
    """Implements `ports.Models`."""

    def engine(self, tier: Tier) -> Engine | None:
        """See `ports.Models`."""
        from countersign.llm.offline import OFFLINE

        return OFFLINE if tier == "large" else None

    def chat(self, tier: Tier) -> "BaseChatModel":
        """See `ports.Models`. Raises FailedError (`failed.no_model`) for the seat in which nothing sits."""
        from countersign.llm.offline import OfflineChat

        if tier != "large":
            raise FailedError("no model is seated there", where=tier, detail="no_model")
        return OfflineChat()

    def ask(self, tier: Tier, prompt: str, values: Mapping[str, str], answer: type[T]) -> T:
        """Raises FailedError (`failed.no_model`): the planner fills in no blanks."""
        del prompt, values, answer
        raise FailedError("no model is seated there", where=tier, detail="no_model")
