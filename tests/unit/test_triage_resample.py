"""Resamples of the stated error: an honest model keeps it, and one of which nothing can be shown answers nothing."""

import numpy as np

from countersign.domain.desk import Example
from countersign.triage.classifier import Options
from countersign.triage.held import Held
from countersign.triage.resample import resample

REQUESTS = ("alarm", "music", "weather")
NONE_HELD = np.zeros((0, len(REQUESTS)), dtype=np.float32)


def held(noise: float, number: int = 1600) -> tuple[Held, list[Example]]:
    """Texts whose own request scores 1 higher than the others, with noise."""
    source = np.random.default_rng(3)
    asked: list[int] = source.integers(0, len(REQUESTS), number).tolist()
    scores = np.eye(len(REQUESTS))[asked] + source.normal(0, noise, (number, len(REQUESTS)))
    examples = [Example(text=f"text {place}", request=REQUESTS[own]) for place, own in enumerate(asked)]
    folds = tuple(place % 4 for place in range(number))
    return Held(REQUESTS, scores.astype(np.float32), (NONE_HELD,) * number, folds), examples


def test_an_honest_model_keeps_the_target() -> None:
    """Every resample answers something, nearly every one within the target; the same seeds give the same figures."""
    found = resample(*held(0.45), Options(target_error=0.05), 20)
    assert (found.resamples, found.answering) == (20, 20)
    assert found.kept >= 19
    assert 0 < found.error <= 0.05
    assert 0.2 < found.coverage < 1
    assert found == resample(*held(0.45), Options(target_error=0.05), 20)


def test_too_bold_a_confidence_breaks_it() -> None:
    """Where the thresholds need be sure by half only, about half of the resamples err more than the target."""
    found = resample(*held(0.45), Options(target_error=0.05, confidence=0.5), 20)
    assert found.kept < 19
    assert found.worst_error > 0.05


def test_where_nothing_can_be_shown_nothing_is_answered() -> None:
    """Scores that say nothing leave every text alone, which breaks no promise."""
    found = resample(*held(40.0), Options(target_error=0.02), 5)
    assert (found.kept, found.answering, found.coverage) == (5, 0, 0.0)
