"""The threshold by risk control: chosen from held-out tickets with a finite-sample guarantee, never by hand.

Learn then test (Angelopoulos et al. 2021, arXiv:2110.01052) over a fixed sequence, as MAPIE implements it: from a
threshold that accepts many, one after another downwards, until the first that can't be shown to keep the target.
"""

import math
import warnings
from typing import TYPE_CHECKING, Any

from countersign.domain.frozen import Frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEVER = 1.01
"""A threshold that nothing reaches."""
CANDIDATES = 60


class Controlled(Frozen):
    """One threshold and what it was chosen from; `threshold` is NEVER where none keeps the target."""

    threshold: float
    tested: int
    """Held-out tickets that tested the thresholds."""
    accepted: int
    """Of those, answered at this threshold."""
    wrong: int
    """Of the accepted, answered wrongly."""


def least_accepted(target: float, sure: float) -> int:
    """How many accepted tickets without an error show that the error is at most `target`: (1 - target)^n <= 1 - sure.

    At a target of 0.02: 149 with a confidence of 0.95, 228 with 0.99.
    """
    return math.ceil(math.log(1 - sure) / math.log(1 - target))


def interval(wrong: int, accepted: int, sure: float = 0.95) -> tuple[float, float]:
    """Between which shares the error lies with this confidence (Clopper and Pearson 1934)."""
    from scipy import stats

    beta: Any = stats.beta
    below, above = (1 - sure) / 2, (1 + sure) / 2
    low = float(beta.ppf(below, wrong, accepted - wrong + 1)) if wrong else 0.0
    high = float(beta.ppf(above, wrong + 1, accepted - wrong)) if wrong < accepted else 1.0
    return round(low, 4), round(high, 4)


def control(scores: "NDArray[np.float64]", right: "NDArray[np.bool_]", target: float, sure: float) -> Controlled:
    """The lowest threshold whose error among the accepted is at most `target`, with confidence `sure`.

    `scores` are calibrated chances of being right, of tickets that nothing was learnt from; 0 abstains whatever the
    threshold. What was `right` is used by the tests alone, never to choose where they begin.
    """
    import numpy as np

    candidates = _candidates(scores, target)
    if len(scores) < least_accepted(target, sure) or not right.any() or not len(candidates):
        return Controlled(threshold=NEVER, tested=len(scores), accepted=0, wrong=0)
    threshold = _lowest(candidates, scores, right, target, sure)
    taken: Any = scores >= threshold
    wrong = int(np.count_nonzero(taken & ~right))
    return Controlled(threshold=threshold, tested=len(scores), accepted=int(taken.sum()), wrong=wrong)


def _candidates(scores: "NDArray[np.float64]", target: float) -> "NDArray[np.float64]":
    """From the lowest upwards, evenly many tickets apart; the highest is where the tests begin.

    That is the threshold at which the scores themselves promise the clearest verdict: by how many standard deviations
    the errors they expect stay under those that the target allows.
    """
    import numpy as np

    ranked = np.sort(scores[scores > 0])[::-1]
    if not len(ranked):
        return ranked
    numbers = np.arange(1, len(ranked) + 1)
    clearest = int(np.argmax((target * numbers - np.cumsum(1 - ranked)) / np.sqrt(numbers)))
    steps = np.unique(np.linspace(clearest, len(ranked) - 1, CANDIDATES).astype(int))
    return np.unique(ranked[steps])


def _two_columns(scores: Any) -> Any:
    import numpy as np

    return np.column_stack([1 - scores, scores])


def _lowest(
    candidates: "NDArray[np.float64]",
    scores: "NDArray[np.float64]",
    right: "NDArray[np.bool_]",
    target: float,
    sure: float,
) -> float:
    import numpy as np
    from mapie.risk_control import BinaryClassificationController

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said where no candidate keeps the target: the answer is NEVER then
        controller: Any = BinaryClassificationController(
            _two_columns,
            risk="precision",
            target_level=1 - target,
            confidence_level=sure,
            best_predict_param_choice="recall",
            list_predict_params=candidates,
            fwer_method="fixed_sequence",
        ).calibrate(scores, right.astype(int))
    best = controller.best_predict_param
    return NEVER if best is None else float(np.asarray(best).ravel()[0])
