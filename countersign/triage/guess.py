"""Scores into guesses: the likeliest class of a text, with the chance that it is right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from countersign.triage.classifier import Classifier
from countersign.triage.decide import LEAST_SEGMENT_WORDS, NONE, Calibration, Guess
from countersign.triage.text import mask, segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEYOND = 0.6
"""Share of the lead over `none` in a text's familiarity."""


def evidence(scores: "NDArray[np.floating]", classes: Sequence[str]) -> "NDArray[np.float64]":
    """Three figures a row: the best request's score, its lead over the next, and its lead over `none`.

    Where `none` is no class, the last is the score itself. Needs two requests or more.
    """
    import numpy as np

    requests = [column for column, name in enumerate(classes) if name != NONE]
    ranked = np.partition(scores[:, requests], -2, axis=1)
    best, second = ranked[:, -1], ranked[:, -2]
    beyond = best - scores[:, classes.index(NONE)] if NONE in classes else best
    return np.column_stack([best, best - second, beyond]).astype(np.float64)


def familiarity(scores: "NDArray[np.floating]", classes: Sequence[str]) -> "NDArray[np.float64]":
    """How much like a request a text is, whichever: the best score and, for `BEYOND` of it, its lead over `none`."""
    best, _, beyond = evidence(scores, classes).T
    return (1 - BEYOND) * best + BEYOND * beyond


def chances(scores: "NDArray[np.floating]", classes: Sequence[str], calibration: Calibration) -> "NDArray[np.float64]":
    """The chance, between 0 and 1, that a text asks for the request with the best score."""
    import numpy as np

    logits = evidence(scores, classes) @ np.array(calibration.weights) + calibration.bias
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))


def guesses_of(
    scores: "NDArray[np.floating]", classes: Sequence[str], calibration: Calibration, texts: Sequence[str] = ()
) -> list[Guess]:
    """One guess for each row; the texts are left out where none are given."""
    named = texts or [""] * len(scores)
    if not len(scores):
        return []
    best = scores.argmax(axis=1)
    return [
        Guess(request=classes[int(column)], confidence=float(chance), text=text)
        for text, chance, column in zip(named, chances(scores, classes, calibration), best, strict=True)
    ]


def guesses(model: Classifier, texts: Sequence[str], calibration: Calibration) -> list[Guess]:
    """The likeliest class of each text."""
    return guesses_of(model.scores([mask(text) for text in texts]), model.classes, calibration, texts)


def parts_of(text: str) -> list[str]:
    """The segments to guess by themselves; none where the text is a single one."""
    found = segments(text, LEAST_SEGMENT_WORDS)
    return found if len(found) > 1 else []
