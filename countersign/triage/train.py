"""Training: fit, then calibrate and choose thresholds on examples that were held out, by groups of look-alikes."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countersign.domain.desk import Example
from countersign.domain.errors import DeskError
from countersign.triage import groups, linear
from countersign.triage.calibrate import calibrate
from countersign.triage.classifier import Classifier, Options
from countersign.triage.decide import Calibration
from countersign.triage.embeddings import Access, Embedder, Remembering, open_embedder
from countersign.triage.guess import parts_of
from countersign.triage.held import Held
from countersign.triage.text import mask

FOLDS = 4
NOT_AMONG_THEM = -1e6
"""The score of a class that a model does not know."""


@dataclass(frozen=True)
class Trained:
    """A model fitted on all examples, and the figures chosen on held-out ones."""

    classifier: Classifier
    calibration: Calibration
    held: Held
    options: Options
    embedder: str = ""
    """Digest of the embeddings' model, or of the program's word vectors."""


def train(
    examples: Sequence[Example],
    options: Options = Options(),  # noqa: B008  immutable
    access: Access = Access(),  # noqa: B008  immutable
) -> Trained:
    """Fits and calibrates. Deterministic. Raises DeskError where the examples are too few to hold any out."""
    names = groups.group(examples)
    refuse_too_few(names)
    embedder = open_embedder(options.embeddings, access)
    remembering = Remembering(embedder)
    held, calibration = calibrated(examples, groups.folds(names, FOLDS), options, remembering)
    labels = [example.request for example in examples]
    model = linear.fit([mask(example.text) for example in examples], labels, remembering)
    return Trained(model.with_embedder(embedder), calibration, held, options, embedder.digest)


def calibrated(
    examples: Sequence[Example], fold_of: Sequence[int], options: Options, embedder: Embedder
) -> tuple[Held, Calibration]:
    """What models said of the examples held out, by these folds, and the figures chosen from it."""
    held = hold_out(examples, fold_of, embedder)
    return held, calibrate(held, [example.request for example in examples], options)


def hold_out(
    examples: Sequence[Example],
    fold_of: Sequence[int],
    embedder: Embedder,
    known: Sequence[bool] = (),
) -> Held:
    """Scores each fold with a model fitted on the others; with `known`, on the examples of those that it marks.

    A class that no fitted example has is never named.
    """
    labels = [example.request for example in examples]
    masked = [mask(example.text) for example in examples]
    pieces = [[mask(piece) for piece in parts_of(example.text)] for example in examples]
    classes = tuple(sorted(set(labels)))
    scores = np.zeros((len(examples), len(classes)), dtype=np.float32)
    parts = [scores[:0]] * len(examples)

    def score(fold: int) -> None:
        inside = [index for index, own in enumerate(fold_of) if own == fold]
        outside = [index for index, own in enumerate(fold_of) if own != fold and (not known or known[index])]
        model = linear.fit([masked[index] for index in outside], [labels[index] for index in outside], embedder)
        flat = [masked[index] for index in inside] + [piece for index in inside for piece in pieces[index]]
        rows = spread(model.scores(flat), [classes.index(name) for name in model.classes], len(classes))
        scores[inside] = rows[: len(inside)]
        _share_out(rows[len(inside) :], inside, pieces, parts)

    embedder.encode([*masked, *(piece for own in pieces for piece in own)])  # once, for all folds to remember
    with ThreadPoolExecutor(linear.AT_ONCE) as pool:
        list(pool.map(score, sorted(set(fold_of))))
    return Held(classes, scores, tuple(parts), tuple(fold_of))


def _share_out(
    rows: NDArray[np.float32],
    inside: Sequence[int],
    pieces: Sequence[Sequence[str]],
    into: list[NDArray[np.float32]],
) -> None:
    """The rows of a fold's segments, each to its example."""
    start = 0
    for index in inside:
        end = start + len(pieces[index])
        into[index] = rows[start:end]
        start = end


def spread(scores: NDArray[np.float32], columns: Sequence[int], width: int) -> NDArray[np.float32]:
    """The scores under the columns of all classes; far below all others where a class is not among them."""
    wide: Any = np.full((len(scores), width), NOT_AMONG_THEM, dtype=np.float32)
    wide[:, columns] = scores
    return wide


def refuse_too_few(names: Sequence[str]) -> None:
    """DeskError where fewer than three requests have enough groups of examples to be held out."""
    counts = Counter(name.rpartition("/")[0] for name in set(names))
    if len(counts) < 3:
        raise DeskError(
            "triage needs examples of three requests or more", where="examples", hint="add labelled examples"
        )
    poor = sorted(request for request, count in counts.items() if count < FOLDS)
    if poor:
        text = f"fewer than {FOLDS} examples that differ from one another: {', '.join(poor)}"
        raise DeskError(text, where="examples", hint="add examples in other words")
