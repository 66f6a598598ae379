"""From guesses to an answer: one road for held-out examples and live messages. Pure."""

from collections.abc import Sequence

from pydantic import Field

from countersign.domain.frozen import Frozen
from countersign.domain.perception import Intent

NONE = "none"
"""The class of what no request covers; guessing it means to abstain."""
MOST_INTENTS = 3
LEAST_SEGMENT_WORDS = 3

UNCOVERED = "no request covers it"
UNSURE = "not sure enough"
COMPLEX = "complex"
DISAGREE = "its parts disagree"


class Guess(Frozen):
    """The likeliest class of a text or a segment, with a calibrated confidence between 0 and 1."""

    request: str
    confidence: float
    text: str


class Threshold(Frozen):
    """A threshold, and the held-out examples that it was chosen from."""

    threshold: float
    tested: int = 0
    accepted: int = 0
    wrong: int = 0


class Calibration(Frozen):
    """The figures chosen on held-out examples.

    `weights` and `bias` make scores into the chance of being right. A whole text counts from the threshold of its
    request; a segment names a request of its own from `split_threshold`, and from `doubt_threshold` on it keeps the
    whole from being answered as another.
    """

    weights: tuple[float, float, float] = (0.0, 1.0, 0.0)
    bias: float = 0.0
    threshold: float
    """Of every request that has none of its own."""
    split_threshold: float
    doubt_threshold: float
    pooled: Threshold | None = None
    """How `threshold` was chosen."""
    by_request: dict[str, Threshold] = Field(default_factory=dict)
    """Of requests with enough held-out examples of their own."""

    def threshold_of(self, request: str) -> float:
        """From which confidence on a text that asks for this request is answered."""
        own = self.by_request.get(request)
        return own.threshold if own else self.threshold


class Answer(Frozen):
    """One to three intents, or the reason for having none."""

    intents: tuple[Intent, ...] = ()
    reason: str = ""


def decide(whole: Guess, parts: Sequence[Guess], calibration: Calibration) -> Answer:
    """Two requests when two segments each name their own, else the whole text's request where it is sure enough.

    A segment that hints at yet another request makes it an abstention: half an answer is worse than a person's.
    """
    named = best_by_request(parts, calibration.split_threshold)
    if len(named) > MOST_INTENTS:
        return Answer(reason=COMPLEX)
    if len(named) < 2:
        if whole.request == NONE:
            return Answer(reason=UNCOVERED)
        if whole.confidence < calibration.threshold_of(whole.request):
            return Answer(reason=UNSURE)
        named = [whole]
    hinted = {part.request for part in best_by_request(parts, calibration.doubt_threshold)}
    if hinted - {guess.request for guess in named}:
        return Answer(reason=DISAGREE)
    return Answer(intents=tuple(_intent(guess, calibration) for guess in named))


def best_by_request(parts: Sequence[Guess], least: float) -> list[Guess]:
    """The surest segment of each request, `none` left out, in the order in which the requests first appear."""
    best: dict[str, Guess] = {}
    for part in parts:
        if part.request == NONE or part.confidence < least:
            continue
        known = best.get(part.request)
        if known is None or part.confidence > known.confidence:
            best[part.request] = part
    return list(best.values())


def _intent(guess: Guess, calibration: Calibration) -> Intent:
    confidence, threshold = round(guess.confidence, 4), round(calibration.threshold_of(guess.request), 4)
    return Intent(request=guess.request, confidence=confidence, text=guess.text, threshold=threshold)
