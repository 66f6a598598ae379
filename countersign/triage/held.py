"""What models said of examples that they had not seen."""

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
