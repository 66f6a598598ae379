"""From held-out examples to figures: the chance of being right, and the thresholds that keep the target error."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countersign.triage.classifier import Options
from countersign.triage.decide import NONE, Calibration, Guess, Threshold, best_by_request, decide
from countersign.triage.guess import evidence
from countersign.triage.held import Held
from countersign.triage.risk import NEVER, control, least_accepted

SPLITS = 0.1
"""Share of the target error that may come from reading one request as two: whatever the threshold, that is wrong."""
TARGET_DOUBTS = 0.05
"""Share of held-out single-request examples that a straying segment may withhold from being answered."""
STRICT = 10.0
"""Inverse strength of the logistic regression's penalty."""
FALLBACK = ((0.0, 4.0, 0.0), 0.0)
"""Weights and bias where every held-out guess was right, or every one wrong: only the lead counts."""


def calibrate(held: Held, labels: Sequence[str], options: Options) -> Calibration:
    """The first fold says how scores become chances and which segments stray; the others test the thresholds."""
    truth = np.array(labels)
    learn = np.array(held.fold_of) == min(held.fold_of)
    plain = _chances(held, truth, learn)
    figures = _segments(held, learn, plain, options.target_error)
    answered, right = _answers(held, labels, figures)
    return thresholds(figures, answered[~learn], right[~learn], truth_named(held, figures)[~learn], options)


def thresholds(
    figures: Calibration,
    answered: NDArray[np.float64],
    right: NDArray[np.bool_],
    named: NDArray[np.str_],
    options: Options,
) -> Calibration:
    """Thresholds by risk control: one for each request with enough accepted examples, one for all others together."""
    least = least_accepted(options.target_error, options.confidence)
    own: dict[str, Threshold] = {}
    for request in sorted(set(named.tolist()) - {NONE}):
        rows = named == request
        if int((answered[rows] > 0).sum()) < least:
            continue
        found = control(answered[rows], right[rows], options.target_error, options.confidence)
        if found.threshold < NEVER:
            own[request] = Threshold(**found.model_dump())
    rest = ~np.isin(named, list(own))
    pooled = control(answered[rest], right[rest], options.target_error, options.confidence)
    closed = {} if pooled.threshold < NEVER or own else {"split_threshold": NEVER, "doubt_threshold": NEVER}
    return figures.model_copy(
        update={"threshold": pooled.threshold, "pooled": Threshold(**pooled.model_dump()), "by_request": own, **closed}
    )


def truth_named(held: Held, calibration: Calibration) -> NDArray[np.str_]:
    """The request that each example's whole text was guessed to ask for."""
    return np.array([guess.request for guess in held.whole(calibration)])


def _chances(held: Held, truth: NDArray[np.str_], learn: NDArray[np.bool_]) -> Calibration:
    """Logistic regression of being right on the evidence (Platt scaling with more than one figure)."""
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs]

    requests = np.array([name if name != NONE else "" for name in held.classes])
    scores: Any = np.where(requests == "", -np.inf, held.scores)
    right = requests[scores.argmax(axis=1)] == truth
    weights, bias = FALLBACK
    if 0 < int(right[learn].sum()) < int(learn.sum()):
        machine: Any = LogisticRegression(C=STRICT, max_iter=500)
        machine.fit(evidence(held.scores, held.classes)[learn], right[learn])
        best, lead, beyond = machine.coef_[0].tolist()
        weights, bias = (best, lead, beyond), float(machine.intercept_[0])
    return Calibration(weights=weights, bias=bias, threshold=0.0, split_threshold=NEVER, doubt_threshold=NEVER)


def _segments(held: Held, learn: NDArray[np.bool_], plain: Calibration, target: float) -> Calibration:
    known = np.flatnonzero(learn)
    seconds = [_second(held.segments(int(index), plain)) for index in known]
    return plain.model_copy(
        update={
            "split_threshold": _just_above(seconds, SPLITS * target),
            "doubt_threshold": _just_above(seconds, TARGET_DOUBTS),
        }
    )


def _answers(held: Held, labels: Sequence[str], figures: Calibration) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """By example, the confidence that a threshold would be held against (0: never answered), and whether right."""
    answered, right = np.zeros(len(labels)), np.zeros(len(labels), dtype=bool)
    for index, whole in enumerate(held.whole(figures)):
        answer = decide(whole, held.segments(index, figures), figures)
        named = [intent.request for intent in answer.intents]
        if named:
            answered[index] = whole.confidence if len(named) == 1 else 1.0
            right[index] = named == [labels[index]]
    return answered, right


def _just_above(values: Sequence[float], share: float) -> float:
    """A figure that at most this share of the values reach."""
    return float(np.quantile(values, 1 - share, method="higher")) + 1e-6


def _second(parts: Sequence[Guess]) -> float:
    ranked = sorted((guess.confidence for guess in best_by_request(parts, 0.0)), reverse=True)
    return ranked[1] if len(ranked) > 1 else 0.0
