"""The threshold by risk control: what it needs, what it promises, and that it keeps its promise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from countersign.triage.risk import NEVER, control, interval, least_accepted

Drawn = tuple[NDArray[np.float64], NDArray[np.bool_]]


def drawn(source: np.random.Generator, number: int, *, honest: float = 1.0) -> Drawn:
    """Tickets whose answers are right with the chance that the score says, to the power of `honest`."""
    scores = source.beta(12, 0.35, number)
    return scores, source.random(number) < scores**honest


@pytest.mark.parametrize(("target", "sure", "least"), [(0.02, 0.95, 149), (0.02, 0.99, 228), (0.05, 0.99, 90)])
def test_how_many_accepted_tickets_without_an_error_are_needed(target: float, sure: float, least: int) -> None:
    """One fewer would leave the target unproven."""
    assert least_accepted(target, sure) == least
    assert (1 - target) ** least <= 1 - sure < (1 - target) ** (least - 1)


@pytest.mark.parametrize("honest", [0.7, 1.0, 1.5])
def test_the_error_stays_under_the_target_in_95_of_100_resamples(honest: float) -> None:
    """Whether the scores promise too little, the truth or too much, unseen tickets err at most as often as allowed."""
    source = np.random.default_rng(7)
    scores, right = drawn(source, 400_000, honest=honest)
    broken, chosen = 0, 0
    for _ in range(100):
        found = control(*drawn(source, 3000, honest=honest), 0.02, 0.99)
        taken = scores >= found.threshold
        chosen += found.threshold < NEVER
        broken += bool(taken.any() and (~right[taken]).mean() > 0.02)
    assert broken <= 5
    assert chosen >= 50


def test_too_few_tickets_accept_nothing() -> None:
    """227 tickets without an error prove nothing at 2 % and 99 %; a few more do."""
    scores = np.linspace(0.9, 1.0, 227)
    assert control(scores, np.ones(227, dtype=bool), 0.02, 0.99).threshold == NEVER
    found = control(np.linspace(0.999, 1.0, 300), np.ones(300, dtype=bool), 0.02, 0.99)
    assert found.threshold < NEVER
    assert found.wrong == 0


def test_a_ticket_with_score_0_is_never_accepted() -> None:
    """What the rules leave alone stays alone, however low the threshold comes."""
    scores = np.concatenate([np.zeros(500), np.full(600, 0.999)])
    found = control(scores, scores > 0, 0.02, 0.99)
    assert found.accepted == 600


def test_an_interval_holds_what_was_seen() -> None:
    """Clopper and Pearson's interval of 0 of 149 ends at 2.4 %, of 10 of 1000 it is 0.5 % to 1.8 %."""
    assert interval(0, 149) == (0.0, 0.0245)
    assert interval(10, 1000) == (0.0048, 0.0183)
    assert interval(5, 5)[1] == 1.0
