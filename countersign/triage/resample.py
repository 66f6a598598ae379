"""Whether the stated error holds: thresholds chosen on one random half of held-out texts, tried on the other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from countersign.domain.desk import Example
from countersign.domain.frozen import Frozen
from countersign.triage.calibrate import calibrate
from countersign.triage.classifier import Options
from countersign.triage.evaluate import answers_held
from countersign.triage.held import Held
from countersign.triage.train import FOLDS


class Resampled(Frozen):
    """What the halves that no threshold was chosen on came to; shares between 0 and 1."""

    resamples: int
    kept: int
    """In so many, the error among the accepted was at most the target."""
    answering: int
    """In so many, anything was accepted at all."""
    coverage: float
    """Of all texts, accepted: the median."""
    error: float
    """Among the accepted: the median."""
    worst_error: float


def resample(held: Held, examples: Sequence[Example], options: Options, times: int) -> Resampled:
    """Halves the held-out texts so many times; the same seeds every time."""
    asked = np.array([example.request for example in examples])
    tried = [_once(held, asked, options, seed) for seed in range(times)]
    errors = [wrong / accepted if accepted else 0.0 for accepted, wrong, _ in tried]
    return Resampled(
        resamples=times,
        kept=sum(error <= options.target_error for error in errors),
        answering=sum(accepted > 0 for accepted, _, _ in tried),
        coverage=round(float(np.median([accepted / texts for accepted, _, texts in tried])), 4),
        error=round(float(np.median(errors)), 4),
        worst_error=round(max(errors), 4),
    )


def _once(held: Held, asked: NDArray[np.str_], options: Options, seed: int) -> tuple[int, int, int]:
    """How many texts of one half were accepted, and how many of those wrongly, of how many."""
    order = np.random.default_rng(seed).permutation(len(asked))
    chosen, tried = np.array_split(order, 2)
    calibration = calibrate(held.part(chosen.tolist(), FOLDS), asked[chosen].tolist(), options)
    answers = answers_held(held.part(tried.tolist(), FOLDS), calibration)
    named = [[intent.request for intent in answer.intents] for answer in answers]
    wrong = sum(bool(own) and own != [right] for own, right in zip(named, asked[tried].tolist(), strict=True))
    return sum(map(bool, named)), wrong, len(tried)
