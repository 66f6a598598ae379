"""The one interface behind which the models sit, and what a training may be told."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from countersign.domain.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Options(Frozen):
    """What a training is told; every field changes the model, so all are part of its digest."""

    target_error: float = Field(default=0.05, gt=0, lt=1)
    """Share of wrong answers that is allowed among the accepted tickets."""
    confidence: float = Field(default=0.99, ge=0.5, lt=1)
    """How sure it is that the target is kept."""
    embeddings: str = ""
    """Where sentence embeddings come from: a folder, a package, or an endpoint's URL; where empty, word vectors."""


class Classifier(Protocol):
    """A fitted model: masked texts in, scores out; safe to share between threads."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        ...

    def scores(self, texts: "Sequence[str]") -> "NDArray[np.float32]":
        """One row a text, one column a class, in the order of `classes`; the highest is the likeliest.

        Raises RetryError where an endpoint that the model needs can't be reached.
        """
        ...

    def save(self, path: Path) -> None:
        """Writes the model to a file that is read without pickle."""
        ...
