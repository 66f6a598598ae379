"""Training: fit, then calibrate and choose thresholds on examples that were held out, by groups of look-alikes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countersign.domain.desk import Example
from countersign.domain.errors import DeskError
from countersign.triage import groups, linear
from countersign.triage.classifier import Classifier, Options
from countersign.triage.decide import NONE, Calibration, Guess, best_by_request
from countersign.triage.guess import confidences, parts_of
from countersign.triage.text import mask

FOLDS = 4
TARGET_ERROR = 0.03
"""Share of wrong answers among the accepted held-out examples."""
TARGET_SPLITS = 0.005
"""Share of held-out single-request examples that two segments may read as two requests."""
TEMPERATURES = tuple(float(value) for value in np.geomspace(0.5, 50, 120))
TARGET_DOUBTS = 0.02
"""Share of held-out single-request examples that a straying segment may withhold from being answered."""
NEVER = 1.01
"""A threshold that nothing reaches."""


@dataclass(frozen=True)
class Held:
    """What models said of examples they had not seen: one row an example, one column a class."""

    classes: tuple[str, ...]
    scores: NDArray[np.float64]
    parts: tuple[NDArray[np.float64], ...]
    """For each example, the scores of its segments."""


@dataclass(frozen=True)
class Trained:
    """A model fitted on all examples, and the figures chosen on held-out ones."""

    classifier: Classifier
    calibration: Calibration
    held: Held
    options: Options


def train(examples: Sequence[Example], options: Options = Options()) -> Trained:  # noqa: B008  immutable
    """Fits and calibrates. Deterministic. Raises DeskError where the examples are too few to hold any out."""
    names = groups.group(examples)
    _refuse_too_few(names)
    held = hold_out(examples, groups.folds(names, FOLDS))
    labels = [example.request for example in examples]
    calibration = calibrate(held, labels)
    model = linear.fit([mask(example.text) for example in examples], labels)
    return Trained(model, calibration, held, options)


def hold_out(examples: Sequence[Example], fold_of: Sequence[int]) -> Held:
    """Scores each fold with a model fitted on the others."""
    labels = [example.request for example in examples]
    masked = [mask(example.text) for example in examples]
    pieces = [[mask(piece) for piece in parts_of(example.text)] for example in examples]
    classes = tuple(sorted(set(labels)))
    scores = np.zeros((len(examples), len(classes)))
    parts = [np.zeros((0, len(classes)))] * len(examples)
    for fold in range(FOLDS):
        inside = [index for index, own in enumerate(fold_of) if own == fold]
        outside = [index for index, own in enumerate(fold_of) if own != fold]
        model = linear.fit([masked[index] for index in outside], [labels[index] for index in outside])
        scores[inside] = model.judge([masked[index] for index in inside]).scores
        _score_pieces(model, pieces, inside, parts)
    return Held(classes, scores, tuple(parts))


def calibrate(held: Held, labels: Sequence[str]) -> Calibration:
    """The temperature that explains the held-out labels best, and the lowest thresholds that meet both targets."""
    truth = np.array([held.classes.index(label) for label in labels])
    temperature = min(TEMPERATURES, key=lambda value: _loss(held.scores, truth, value))
    whole = confidences(held.scores, temperature)
    guessed = whole.argmax(axis=1)
    asked = guessed != held.classes.index(NONE) if NONE in held.classes else np.full(len(truth), True)
    threshold = lowest_threshold(whole.max(axis=1)[asked], (guessed == truth)[asked], TARGET_ERROR)
    runners_up = [_second(guesses_of_parts(held, index, temperature)) for index in range(len(labels))]
    return Calibration(
        temperature=temperature,
        threshold=threshold,
        split_threshold=max(_just_above(runners_up, TARGET_SPLITS), threshold),
        doubt_threshold=max(_just_above(runners_up, TARGET_DOUBTS), threshold),
    )


def lowest_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], target: float) -> float:
    """The lowest confidence above which at most `target` of the answers are wrong; above 1 where there is none."""
    order = np.argsort(-confidence, kind="stable")
    error = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(error <= target)
    return float(confidence[order][good[-1]]) if len(good) else NEVER


def guesses_of_parts(held: Held, index: int, temperature: float) -> list[Guess]:
    """The guesses of one held-out example's segments; texts are left out."""
    scores = held.parts[index]
    if not len(scores):
        return []
    rows = confidences(scores, temperature)
    return [Guess(request=held.classes[int(row.argmax())], confidence=float(row.max()), text="") for row in rows]


def _score_pieces(
    model: Classifier, pieces: Sequence[Sequence[str]], inside: Sequence[int], into: list[NDArray[np.float64]]
) -> None:
    flat = [piece for index in inside for piece in pieces[index]]
    if not flat:
        return
    rows = model.judge(flat).scores
    start = 0
    for index in inside:
        end = start + len(pieces[index])
        into[index] = rows[start:end]
        start = end


def _loss(scores: NDArray[np.float64], truth: NDArray[np.intp], temperature: float) -> float:
    likelihood = confidences(scores, temperature)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(likelihood, 1e-12)).mean())


def _just_above(values: Sequence[float], share: float) -> float:
    """A figure that at most this share of the values reach."""
    return float(np.quantile(values, 1 - share, method="higher")) + 1e-6


def _second(parts: Sequence[Guess]) -> float:
    ranked = sorted((guess.confidence for guess in best_by_request(parts, 0.0)), reverse=True)
    return ranked[1] if len(ranked) > 1 else 0.0


def _refuse_too_few(names: Sequence[str]) -> None:
    counts = Counter(name.rpartition("/")[0] for name in set(names))
    if len(counts) < 3:
        raise DeskError(
            "triage needs examples of three requests or more", where="examples", hint="add labelled examples"
        )
    poor = sorted(request for request, count in counts.items() if count < FOLDS)
    if poor:
        text = f"fewer than {FOLDS} examples that differ from one another: {', '.join(poor)}"
        raise DeskError(text, where="examples", hint="add examples in other words")
