"""Scores into guesses: softmax with a temperature."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from countersign.triage.classifier import Classifier
from countersign.triage.decide import LEAST_SEGMENT_WORDS, Guess
from countersign.triage.text import mask, segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def confidences(scores: "NDArray[np.float64]", temperature: float) -> "NDArray[np.float64]":
    """Rows that sum to one; a higher temperature makes them sharper."""
    import numpy as np

    sharpened = scores * temperature
    powers = np.exp(sharpened - sharpened.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def guesses(model: Classifier, texts: Sequence[str], temperature: float) -> list[Guess]:
    """The likeliest class of each text."""
    if not texts:
        return []
    rows = confidences(model.judge([mask(text) for text in texts]).scores, temperature)
    best = rows.argmax(axis=1)
    return [
        Guess(request=model.classes[int(column)], confidence=float(row[column]), text=text)
        for text, row, column in zip(texts, rows, best, strict=True)
    ]


def parts_of(text: str) -> list[str]:
    """The segments to guess by themselves; none where the text is a single one."""
    found = segments(text, LEAST_SEGMENT_WORDS)
    return found if len(found) > 1 else []
