"""Signals that contradict what a message seems to ask: the desk's `signals.toml`, and how they lower a confidence."""

from collections.abc import Collection, Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Literal, Protocol, Self

from pydantic import Field, model_validator

from countersign.desk import tables
from countersign.domain.errors import DeskError
from countersign.domain.frozen import Frozen, digest
from countersign.domain.perception import NO_CLUES, Clues, Intent, Triage
from countersign.domain.shop import OrderStatus
from countersign.triage.escalation import Phrase, says
from countersign.triage.text import joined

CONTRADICTED = "contradictory signals"
"""The first reason of an abstention that signals caused."""
SUREST = 0.999
"""A confidence counts as no more than this: the few thousand held-out examples of a desk can't tell more apart."""

Named = Literal["orders", "amounts", "emails", "postcodes", "codes"]


class Signal(Frozen):
    """One kind of contradiction. It applies to a request where every condition that is given holds."""

    reason: str = Field(min_length=1)
    doubt: float = Field(gt=1, le=100_000)
    """How many times likelier it is where the triage is wrong than where it is right."""
    requests: tuple[str, ...] = ()
    """The requests it contradicts; any where none is given."""
    unless: tuple[str, ...] = ()
    """Requests that agree with it: where one of them was named, it applies to none."""
    phrases: tuple[Phrase, ...] = ()
    """Words of which the message holds some, written as in `escalate.toml`."""
    names: tuple[Named, ...] = ()
    """Kinds of thing that the message names, all of them."""
    lacks: tuple[Named, ...] = ()
    """Kinds of thing of which it names none."""
    orders: tuple[OrderStatus, ...] = ()
    """Where the sender's own orders are named, each of them stands so."""

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not (self.phrases or self.names or self.lacks or self.orders):
            raise ValueError("give phrases, names, lacks or orders")
        return self


class Reader(Protocol):
    """What predicts from the words alone."""

    @property
    def digest(self) -> str:
        """Names the model."""
        ...

    def predict(self, subject: str, text: str, language: str) -> Triage: ...


class Weighed:
    """The triage that the graph sees: a prediction, and what contradicts it."""

    def __init__(self, reader: Reader, signals: Sequence[Signal]) -> None:
        self._reader = reader
        self._signals = tuple(signals)
        self._name = cache(self._named)
        """Each read that is recorded asks for it."""

    @property
    def digest(self) -> str:
        """Names the model together with the signals."""
        return self._name(self._reader.digest)

    def _named(self, model: str) -> str:
        return digest([model, self._signals])

    def predict(self, subject: str, text: str, language: str, clues: Clues = NO_CLUES) -> Triage:
        """See `ports.TriageModel`; the model's digest is over the signals too."""
        found = weigh(self._reader.predict(subject, text, language), joined(subject, text), clues, self._signals)
        return found.model_copy(update={"model": self._name(found.model)})


def weigh(said: Triage, whole: str, clues: Clues, signals: Sequence[Signal]) -> Triage:
    """The same triage with each intent's confidence lowered by the signals that contradict it, which are its reasons.

    By Bayes' rule: each signal that applies multiplies the odds against the intent by its `doubt`. Where the confidence
    falls under the intent's threshold it is an abstention as a whole: half an answer is worse than a person's.
    """
    requests = {intent.request for intent in said.intents}
    against = [[signal for signal in signals if _applies(signal, intent, requests, whole, clues)]
               for intent in said.intents]  # fmt: skip
    if not any(against):
        return said
    intents = tuple(_lowered(intent, heard) for intent, heard in zip(said.intents, against, strict=True))
    told = [_told(intent, heard, alone=len(intents) == 1) for intent, heard in zip(intents, against, strict=True)]
    reasons = (*said.reasons, *dict.fromkeys(reason for reasons in told for reason in reasons))
    if any(heard and intent.confidence < intent.threshold for intent, heard in zip(intents, against, strict=True)):
        return said.model_copy(update={"intents": (), "abstained": True, "reasons": (CONTRADICTED, *reasons)})
    return said.model_copy(update={"intents": intents, "reasons": reasons})


def read_signals(path: Path, requests: Collection[str]) -> tuple[Signal, ...]:
    """The tables of a `signals.toml`, in order. Raises DeskError naming file and table."""
    found = tables(path, Signal)
    for name, signal in found.items():
        for strange in sorted({*signal.requests, *signal.unless} - set(requests)):
            hint = "declare it in requests/<category>.toml, or correct it here"
            raise DeskError(f"{name}: there is no request `{strange}`", where=str(path), hint=hint)
    return tuple(found.values())


def _applies(signal: Signal, intent: Intent, requests: Collection[str], whole: str, clues: Clues) -> bool:
    about = (not signal.requests or intent.request in signal.requests) and not set(signal.unless) & set(requests)
    return about and all(_conditions(signal, whole, clues))


def _conditions(signal: Signal, whole: str, clues: Clues) -> tuple[bool, ...]:
    named = clues.entities
    return (
        not signal.orders or (bool(clues.orders) and set(clues.orders) <= set(signal.orders)),
        all(getattr(named, kind) for kind in signal.names),
        not any(getattr(named, kind) for kind in signal.lacks),
        not signal.phrases or says(whole, signal.phrases),
    )


def _lowered(intent: Intent, heard: Sequence[Signal]) -> Intent:
    if not heard:
        return intent
    sure = min(intent.confidence, SUREST)
    doubt = prod(signal.doubt for signal in heard)
    return intent.model_copy(update={"confidence": round(sure / (sure + doubt * (1 - sure)), 4)})


def _told(intent: Intent, heard: Sequence[Signal], *, alone: bool) -> list[str]:
    about = "" if alone else f"{intent.request}: "
    return [f"{about}{signal.reason} (doubt × {signal.doubt:g})" for signal in heard]
