"""The classifier as the graph sees it: a text in, one to three intents or an abstention with its reasons out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from countersign.domain.errors import RetryError
from countersign.domain.frozen import digest
from countersign.domain.perception import Triage
from countersign.triage.classifier import Classifier
from countersign.triage.decide import COMPLEX, Answer, Calibration, decide
from countersign.triage.escalation import Escalation, reasons_in
from countersign.triage.guess import guesses, parts_of
from countersign.triage.text import count_words, joined

log = logging.getLogger(__name__)

LEAST_WORDS = 2
MOST_WORDS = 260
"""A longer message rarely asks one thing; a person reads it."""
MOST_CHARACTERS = 8000
UNREACHABLE = "the embeddings can't be reached"
UNTOLD = ("", "und")
"""Languages of texts that are too short to tell; such a text is judged by its words."""


@dataclass(frozen=True)
class Model:
    """A fitted classifier with the figures that turn its scores into answers."""

    classifier: Classifier
    calibration: Calibration
    name: str
    """Digest of data and parameters."""

    def answer(self, text: str) -> Answer:
        """What the model says of a text, without the rules."""
        found = guesses(self.classifier, [text, *parts_of(text)], self.calibration)
        return decide(found[0], found[1:], self.calibration)


class LocalTriage:
    """Predicts on this machine, from a fitted model; safe to share between threads."""

    def __init__(
        self, model: Model, *, escalations: Sequence[Escalation] = (), languages: Sequence[str] = ("en",)
    ) -> None:
        self.model = model
        self._escalations = tuple(escalations)
        self._languages = frozenset(languages)
        self.digest = digest([model.name, self._escalations, sorted(self._languages)])
        """Names everything that decides an answer: model, phrases that escalate, languages."""

    def with_model(self, model: Model) -> "LocalTriage":
        """The same rules with another model."""
        return LocalTriage(model, escalations=self._escalations, languages=sorted(self._languages))

    def predict(self, subject: str, text: str, language: str) -> Triage:
        """The message's requests, each with the span it was read from; or an abstention. Never raises on any text."""
        whole = joined(subject, text)
        escalated = reasons_in(whole, self._escalations)
        if escalated:
            return self._abstention(escalated).model_copy(update={"escalated": True})
        reasons = self.refusals(whole, language)
        if reasons:
            return self._abstention(reasons)
        try:
            answer = self.model.answer(whole)
        except RetryError as error:
            log.warning("triage abstains: %s", error)
            return self._abstention((UNREACHABLE,))
        if not answer.intents:
            return self._abstention((answer.reason,))
        return Triage(intents=answer.intents, model=self.digest)

    def refusals(self, whole: str, language: str) -> tuple[str, ...]:
        """Why a person must see this text whatever it asks; empty where the model may say."""
        words = count_words(whole)
        if words == 0:
            return ("empty",)
        if language not in UNTOLD and language not in self._languages:
            return (f"unsupported language: {language}",)
        if words < LEAST_WORDS:
            return ("too short",)
        return (COMPLEX,) if words > MOST_WORDS or len(whole) > MOST_CHARACTERS else ()

    def _abstention(self, reasons: tuple[str, ...]) -> Triage:
        return Triage(abstained=True, reasons=reasons, model=self.digest)
