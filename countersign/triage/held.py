"""What models said of examples that they had not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countersign.triage.decide import Calibration, Guess
from countersign.triage.guess import guesses_of


@dataclass(frozen=True)
class Held:
    """One row an example, one column a class."""

    classes: tuple[str, ...]
    scores: NDArray[np.float32]
    parts: tuple[NDArray[np.float32], ...]
    """For each example, the scores of its segments."""
    fold_of: tuple[int, ...]
    """For each example, the fold it was held out with."""

    def whole(self, calibration: Calibration) -> list[Guess]:
        """The guess of each example's whole text; texts are left out."""
        return guesses_of(self.scores, self.classes, calibration)

    def segments(self, index: int, calibration: Calibration) -> list[Guess]:
        """The guesses of one example's segments; texts are left out."""
        return guesses_of(self.parts[index], self.classes, calibration)

    def part(self, places: Sequence[int], folds: int) -> "Held":
        """The examples at these places, in this order, dealt out into so many folds."""
        parts = tuple(self.parts[place] for place in places)
        return Held(self.classes, self.scores[list(places)], parts, tuple(n % folds for n in range(len(places))))
