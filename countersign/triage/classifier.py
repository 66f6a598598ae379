"""The one interface behind which the models sit, and what a training may be told."""

from dataclasses import dataclass
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

    target_error: float = Field(default=0.02, gt=0, lt=1)
    """Share of wrong answers that is allowed among the accepted tickets."""
    confidence: float = Field(default=0.99, ge=0.5, lt=1)
    """How sure it is that the target is kept."""
    folds: int = Field(default=4, ge=2, le=20)
    embeddings: str = ""
    """Where sentence embeddings come from: a folder, a package, or an endpoint's URL; none where empty."""


@dataclass(frozen=True)
class Judged:
    """What a classifier says of texts: one row a text, one column a class; `familiarity` is one figure a text."""

    scores: "NDArray[np.float64]"
    familiarity: "NDArray[np.float64]"
    """How near a text is to examples that were learnt from; higher is nearer."""


class Classifier(Protocol):
    """A fitted model: masked texts in, scores out; safe to share between threads."""

    classes: tuple[str, ...]

    def judge(self, texts: "Sequence[str]") -> Judged:
        """Scores in the order of `classes`, and the familiarity of each text."""
        ...

    def save(self, path: Path) -> None:
        """Writes the model as a skops file."""
        ...
