"""Runs a task: learns, tests, and measures what was published about others, and what matters beside it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countersign.domain.frozen import Frozen
from countersign.triage import linear
from countersign.triage.bench.published import Figure
from countersign.triage.bench.tasks import FOLDS, Task
from countersign.triage.classifier import Classifier, Options
from countersign.triage.decide import NONE, Calibration
from countersign.triage.embeddings import Access, Remembering, open_embedder
from countersign.triage.guess import familiarity, guesses_of
from countersign.triage.held import Held
from countersign.triage.labelled import Labelled
from countersign.triage.resample import Resampled, resample
from countersign.triage.risk import interval
from countersign.triage.text import mask
from countersign.triage.train import calibrated, spread

_TIMED = 50


class Unknowns(Frozen):
    """How well unknowns are told from the rest by `familiarity`; shares between 0 and 1."""

    examples: int
    recall: float
    """Named `none` outright."""
    recall_at_95: float
    """Left alone by the threshold that 95 % of the in-scope pass."""
    auroc: float
    fpr_at_95: float
    """Of the unknowns, the share that passes that same threshold."""


class Outcome(Frozen):
    """What one task came to; shares between 0 and 1."""

    task: str
    protocol: str
    learnt: int
    tested: int
    embeddings: str
    in_scope_accuracy: float
    unknowns: Unknowns | None
    target_error: float
    confidence: float
    coverage: float
    """Of the in-scope examples, accepted at the threshold that training chose for the target error."""
    achieved_error: float | None
    """Among all accepted, unknowns too."""
    error_interval: tuple[float, float] | None
    """95 %, Clopper and Pearson."""
    resampled: Resampled | None
    """Of held-out texts of the first part that was learnt from, where resamples were asked for."""
    train_seconds: float
    ticket_milliseconds: float
    """One text, warm: the median."""
    published: tuple[Figure, ...]


@dataclass(frozen=True)
class _Tested:
    scores: NDArray[np.float32]
    classes: tuple[str, ...]
    calibrations: tuple[Calibration, ...]
    calibration_of: NDArray[np.intp]
    resampled: Resampled | None
    seconds: float
    milliseconds: float


def run(
    task: Task,
    options: Options,
    access: Access,
    on_step: Callable[[str], None] = lambda _: None,
    *,
    resamples: int = 0,
) -> Outcome:
    """Learns and tests; `on_step` hears what is being done."""
    embedder = open_embedder(options.embeddings, access)
    remembering = Remembering(embedder)
    test: Sequence[Labelled] = task.test or task.learn
    parts = _parts(task)
    classes = tuple(sorted({example.request for example in task.learn}))
    scores = np.zeros((len(test), len(classes)), dtype=np.float32)
    calibration_of = np.zeros(len(test), dtype=np.intp)
    calibrations: list[Calibration] = []
    seconds = milliseconds = 0.0
    resampled: Resampled | None = None
    for number, (learn, places) in enumerate(parts):
        indexes: list[int] = places.tolist()
        on_step(f"{task.name}: part {number + 1} of {len(parts)}")
        start = time.perf_counter()
        model, held, calibration = _learn(learn, options, remembering)
        seconds = max(seconds, time.perf_counter() - start)
        calibrations.append(calibration)
        calibration_of[indexes] = number
        masked = [mask(test[index].text) for index in indexes]
        scores[indexes] = spread(model.scores(masked), [classes.index(name) for name in model.classes], len(classes))
        milliseconds = _milliseconds(model.with_embedder(embedder), masked)
        if resamples and number == 0:
            on_step(f"{task.name}: {resamples} resamples")
            resampled = resample(held, learn, options, resamples)
    tested = _Tested(scores, classes, tuple(calibrations), calibration_of, resampled, seconds, milliseconds)
    return _outcome(task, test, tested, options)


def _parts(task: Task) -> list[tuple[Sequence[Labelled], NDArray[np.intp]]]:
    """What is learnt from, and the positions of what is tested on."""
    if task.test:
        return [(task.learn, np.arange(len(task.test)))]
    fold = stratified([example.request for example in task.learn], FOLDS)
    return [
        ([own for own, place in zip(task.learn, fold, strict=True) if place != number], np.flatnonzero(fold == number))
        for number in range(FOLDS)
    ]


def stratified(labels: Sequence[str], folds: int) -> NDArray[np.intp]:
    """The fold of each example: every label's examples shuffled, then dealt out in turn. Deterministic."""
    place = np.zeros(len(labels), dtype=np.intp)
    source = np.random.default_rng(0)
    dealt = 0
    for label in sorted(set(labels)):
        own = source.permutation([index for index, other in enumerate(labels) if other == label])
        place[own] = (dealt + np.arange(len(own))) % folds
        dealt += len(own)
    return place


def _learn(
    learn: Sequence[Labelled], options: Options, embedder: Remembering
) -> tuple[linear.Linear, Held, Calibration]:
    """Fitted on everything; the threshold from the same examples, held out by folds."""
    fold = stratified([example.request for example in learn], 4).tolist()
    held, calibration = calibrated(learn, fold, options, embedder)
    labels = [example.request for example in learn]
    return linear.fit([mask(example.text) for example in learn], labels, embedder), held, calibration


def _outcome(task: Task, test: Sequence[Labelled], tested: _Tested, options: Options) -> Outcome:
    truth = np.array([example.request for example in test])
    inside = truth != NONE
    named = np.array(tested.classes)[tested.scores.argmax(axis=1)]
    accepted = _accepted(tested)
    wrong, taken = int((accepted & (named != truth)).sum()), int(accepted.sum())
    return Outcome(
        task=task.name, protocol=task.protocol, learnt=len(task.learn), tested=len(test),
        embeddings=options.embeddings, in_scope_accuracy=_share(named[inside] == truth[inside]),
        unknowns=_unknowns(tested, named, inside), target_error=options.target_error, confidence=options.confidence,
        coverage=_share(accepted[inside]), achieved_error=round(wrong / taken, 4) if taken else None,
        error_interval=interval(wrong, taken) if taken else None, resampled=tested.resampled,
        train_seconds=round(tested.seconds, 1), ticket_milliseconds=round(tested.milliseconds, 2),
        published=task.published,
    )  # fmt: skip


def _accepted(tested: _Tested) -> NDArray[np.bool_]:
    accepted = np.zeros(len(tested.scores), dtype=bool)
    for number, calibration in enumerate(tested.calibrations):
        rows = np.flatnonzero(tested.calibration_of == number)
        for row, guess in zip(rows, guesses_of(tested.scores[rows], tested.classes, calibration), strict=True):
            sure = guess.confidence >= calibration.threshold_of(guess.request)
            accepted[row] = sure and guess.request != NONE
    return accepted


def _unknowns(tested: _Tested, named: NDArray[np.str_], inside: NDArray[np.bool_]) -> Unknowns | None:
    from sklearn import metrics  # pyright: ignore[reportMissingTypeStubs]

    if inside.all():
        return None
    known: NDArray[np.float64] = familiarity(tested.scores, tested.classes)
    least: Any = np.quantile(known[inside], 0.05)
    passed = known[~inside] >= least
    sklearn: Any = metrics
    auroc = float(sklearn.roc_auc_score(inside, known))
    return Unknowns(
        examples=int((~inside).sum()),
        recall=_share(named[~inside] == NONE),
        recall_at_95=_share(~passed),
        auroc=round(auroc, 4),
        fpr_at_95=_share(passed),
    )


def _milliseconds(model: Classifier, texts: Sequence[str]) -> float:
    taken: list[float] = []
    for text in texts[:_TIMED]:
        start = time.perf_counter()
        model.scores([text])
        taken.append(1000 * (time.perf_counter() - start))
    return float(np.median(taken))


def _share(found: NDArray[np.bool_]) -> float:
    return round(float(found.mean()), 4) if len(found) else 0.0
