"""What held-out examples say of a model: how much it answers, how often it errs, and what it does with unknowns."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countersign.domain.desk import Example
from countersign.domain.frozen import Frozen
from countersign.triage import groups, linear
from countersign.triage.classifier import Options
from countersign.triage.decide import NONE, Calibration, Threshold
from countersign.triage.embeddings import Access, Remembering, open_embedder
from countersign.triage.evaluate import answers_held
from countersign.triage.guess import guesses_of
from countersign.triage.held import Held
from countersign.triage.risk import interval, least_accepted
from countersign.triage.text import mask
from countersign.triage.train import FOLDS, calibrated, refuse_too_few

BINS = 10
CURVE = 60
STEPS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the examples that the learning curve is drawn from."""
LOW = 0.8
"""An accuracy below this is called low."""
MOST_LABELS = 20
"""A forecast of more than so many times the labels there are is none."""
SHOWN = 12
"""Confusions that are listed."""


class Bin(Frozen):
    """Guesses of about the same confidence: what was promised and what came true."""

    confidence: float
    right: float
    examples: int


class Confusion(Frozen):
    """How often one request was guessed where another, or none, was asked."""

    asked: str
    guessed: str
    examples: int


class Unknown(Frozen):
    """Texts that no request covers, and how many of them were left alone."""

    kind: str
    examples: int
    left_alone: float


class Point(Frozen):
    """In-scope accuracy after learning from so many examples."""

    examples: int
    accuracy: float


class Measures(Frozen):
    """All shares are between 0 and 1, and of examples that the scoring model had not seen."""

    examples: int
    requests: int
    target_error: float
    confidence: float
    least_accepted: int
    """Accepted held-out examples without an error that a threshold of its own needs at the least."""
    accuracy: float
    """Of the best guess, whatever its confidence, on examples with a request."""
    coverage: float
    accepted: int
    wrong: int
    error_interval: tuple[float, float] | None
    """95 %, Clopper and Pearson, of the error among the accepted."""
    pooled: Threshold
    by_request: dict[str, Threshold]
    curve: tuple[tuple[float, float], ...]
    """Coverage and error at falling thresholds."""
    reliability: tuple[Bin, ...]
    confusions: tuple[Confusion, ...]
    unknowns: tuple[Unknown, ...]
    learning: tuple[Point, ...]
    labels_wanted: int | None
    """Labels in all that an accuracy of `LOW` is forecast to take, where it is below; None where that can't be said."""


@dataclass(frozen=True)
class Measured:
    """The measures, and what the confusion matrix is drawn from."""

    measures: Measures
    classes: tuple[str, ...]
    matrix: NDArray[np.intp]
    """Rows: asked; columns: guessed."""


def measure(
    examples: Sequence[Example],
    options: Options,
    access: Access,
    on_step: Callable[[str], None] = lambda _: None,
    *,
    thoroughly: bool = True,
) -> Measured:
    """Cross-validates by groups of look-alikes; `on_step` hears what is being done.

    Untaught requests and the learning curve, which take further trainings, are left out where not `thoroughly`.

    Raises DeskError where the examples are too few.
    """
    remembering = Remembering(open_embedder(options.embeddings, access))
    names = groups.group(examples)
    refuse_too_few(names)
    fold_of = groups.folds(names, FOLDS)
    on_step(f"{len(examples)} examples: learning without each of {FOLDS} folds in turn")
    held, calibration = calibrated(examples, fold_of, options, remembering)
    if not thoroughly:
        return _measured(examples, held, calibration, options, _marked(examples, held, calibration), ())
    on_step("learning without a quarter of the requests at a time")
    unknowns = (*_marked(examples, held, calibration), _untaught(examples, calibration, fold_of, remembering))
    on_step("learning from a part of the examples, for the learning curve")
    learning = _learning(examples, fold_of, remembering)
    return _measured(examples, held, calibration, options, unknowns, learning)


def _measured(
    examples: Sequence[Example], held: Held, calibration: Calibration, options: Options,
    unknowns: tuple[Unknown, ...], learning: tuple[Point, ...],
) -> Measured:  # fmt: skip
    truth = np.array([example.request for example in examples])
    best = held.scores.argmax(axis=1)
    guessed = np.array(held.classes)[best]
    named = [[intent.request for intent in one.intents] for one in answers_held(held, calibration)]
    taken = np.array([bool(one) for one in named])
    wrong = sum(bool(one) and one != [asked] for one, asked in zip(named, truth.tolist(), strict=True))
    inside = truth != NONE
    confidence = np.array([guess.confidence for guess in held.whole(calibration)])
    measures = Measures(
        examples=len(examples), requests=len(set(held.classes) - {NONE}), target_error=options.target_error,
        confidence=options.confidence, least_accepted=least_accepted(options.target_error, options.confidence),
        accuracy=_share(guessed[inside] == truth[inside]), coverage=_share(taken[inside]), accepted=int(taken.sum()),
        wrong=wrong, error_interval=interval(wrong, int(taken.sum())) if taken.any() else None,
        pooled=calibration.pooled or Threshold(threshold=calibration.threshold), by_request=calibration.by_request,
        curve=_curve(confidence, guessed, truth), reliability=_reliability(confidence, guessed, truth),
        confusions=_confusions(truth, guessed), unknowns=unknowns, learning=learning,
        labels_wanted=_labels_wanted(learning),
    )  # fmt: skip
    matrix = np.zeros((len(held.classes),) * 2, dtype=np.intp)
    np.add.at(matrix, (np.searchsorted(held.classes, truth), best), 1)
    return Measured(measures, held.classes, matrix)


def _curve(
    confidence: NDArray[np.float64], guessed: NDArray[np.str_], truth: NDArray[np.str_]
) -> tuple[tuple[float, float], ...]:
    order = np.argsort(-np.where(guessed == NONE, 0.0, confidence), kind="stable")
    order = order[: int((guessed != NONE).sum())]
    numbers = np.arange(1, len(order) + 1)
    errors = np.cumsum((guessed != truth)[order]) / numbers
    covered = np.cumsum((truth != NONE)[order]) / max(int((truth != NONE).sum()), 1)
    if not len(order):
        return ()
    places: list[int] = np.unique(np.linspace(len(order) // 20, len(order) - 1, CURVE).astype(int)).tolist()
    return tuple((round(float(covered[place]), 4), round(float(errors[place]), 4)) for place in places)


def _reliability(
    confidence: NDArray[np.float64], guessed: NDArray[np.str_], truth: NDArray[np.str_]
) -> tuple[Bin, ...]:
    asked = guessed != NONE
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found: list[Bin] = []
    for number in range(BINS):
        own = asked & (place == number)
        if own.any():
            right = _share(guessed[own] == truth[own])
            found.append(Bin(confidence=round(float(confidence[own].mean()), 4), right=right, examples=int(own.sum())))
    return tuple(found)


def _confusions(truth: NDArray[np.str_], guessed: NDArray[np.str_]) -> tuple[Confusion, ...]:
    counts = Counter(
        pair for pair in zip(truth.tolist(), guessed.tolist(), strict=True) if pair[0] != pair[1]
    ).most_common(SHOWN)
    return tuple(Confusion(asked=asked, guessed=named, examples=number) for (asked, named), number in counts)


def _marked(examples: Sequence[Example], held: Held, calibration: Calibration) -> tuple[Unknown, ...]:
    """Examples labelled `none`: about the same business, about others, or unmarked."""
    kinds = {True: "in domain, no request covers it", False: "out of domain", None: "no request covers it"}
    alone: dict[bool | None, list[bool]] = {}
    for example, guess in zip(examples, held.whole(calibration), strict=True):
        if example.request == NONE:
            left = guess.request == NONE or guess.confidence < calibration.threshold_of(guess.request)
            alone.setdefault(getattr(example, "in_domain", None), []).append(left)
    return tuple(
        Unknown(kind=kinds[mark], examples=len(alone[mark]), left_alone=round(sum(alone[mark]) / len(alone[mark]), 4))
        for mark in kinds
        if mark in alone
    )


def _untaught(
    examples: Sequence[Example], calibration: Calibration, fold_of: Sequence[int], embedder: Remembering
) -> Unknown:
    """The hard case: each quarter of the requests asked of a model that was never taught them."""
    requests = sorted({example.request for example in examples} - {NONE})
    left = asked = 0
    for number in range(FOLDS):
        strange = {request for place, request in enumerate(requests) if place % FOLDS == number}
        taught = [example for example in examples if example.request not in strange]
        if not strange or not _learnable(taught):
            continue
        model = linear.fit([mask(own.text) for own in taught], [own.request for own in taught], embedder)
        texts = [mask(own.text) for own, fold in zip(examples, fold_of, strict=True) if own.request in strange and fold]
        found = guesses_of(model.scores(texts), model.classes, calibration)
        left += sum(one.request == NONE or one.confidence < calibration.threshold_of(one.request) for one in found)
        asked += len(found)
    return Unknown(
        kind="in domain, a request never taught", examples=asked, left_alone=round(left / asked, 4) if asked else 0.0
    )


def _learning(examples: Sequence[Example], fold_of: Sequence[int], embedder: Remembering) -> tuple[Point, ...]:
    """Tested on one fold, after learning from a growing share of the others."""
    order: list[int] = np.random.default_rng(0).permutation(np.flatnonzero(fold_of)).tolist()
    tested = [own for own, fold in zip(examples, fold_of, strict=True) if not fold and own.request != NONE]
    found: list[Point] = []
    for share in STEPS:
        part = [examples[place] for place in order[: round(share * len(order))]]
        if not _learnable(part):
            continue
        model = linear.fit([mask(own.text) for own in part], [own.request for own in part], embedder)
        best = np.array(model.classes)[model.scores([mask(own.text) for own in tested]).argmax(axis=1)]
        found.append(Point(examples=len(part), accuracy=_share(best == np.array([own.request for own in tested]))))
    return tuple(found)


def _learnable(examples: Sequence[Example]) -> bool:
    """Two requests at the least, and three classes."""
    classes = {example.request for example in examples}
    return len(classes) >= 3 and len(classes - {NONE}) >= 2


def _labels_wanted(learning: Sequence[Point]) -> int | None:
    """Where the accuracy is low: the labels at which a power law through the learning curve's errors reaches `LOW`."""
    if len(learning) < 2 or learning[-1].accuracy >= LOW:
        return None
    sizes = np.log([point.examples for point in learning])
    slope, start = np.polyfit(sizes, np.log([max(1 - point.accuracy, 1e-3) for point in learning]), 1)
    if slope >= 0:
        return None
    wanted = math.exp(min((math.log(1 - LOW) - start) / slope, 50.0))
    return round(wanted) if wanted <= MOST_LABELS * learning[-1].examples else None


def _share(found: NDArray[np.bool_]) -> float:
    return round(float(found.mean()), 4) if len(found) else 0.0
