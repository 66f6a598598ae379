"""Phrases that hand a message to a person whatever it asks for: the desk's `escalate.toml`."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from countersign.desk import tables
from countersign.domain.frozen import Frozen

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=80)]


class Escalation(Frozen):
    """One kind of message that a person must see: the reason given, and the phrases that show it.

    A phrase is whole words in any case; a trailing `*` stands for any ending of the last word.
    """

    reason: str = Field(min_length=1)
    phrases: tuple[Phrase, ...] = Field(min_length=1)


def read_escalations(path: Path) -> tuple[Escalation, ...]:
    """The tables of an `escalate.toml`, in order. Raises DeskError naming file, line and key."""
    return tuple(tables(path, Escalation).values())


def reasons_in(text: str, escalations: Sequence[Escalation]) -> tuple[str, ...]:
    """The reasons whose phrases the text holds, in the order of the file."""
    return tuple(escalation.reason for escalation in escalations if says(text, escalation.phrases))


def says(text: str, phrases: tuple[str, ...]) -> bool:
    """Whether any of the phrases stands in the text, as whole words in any case."""
    plain = " ".join(text.lower().replace("’", "'").split())
    return _pattern(phrases).search(plain) is not None


@cache
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_phrase(phrase) for phrase in phrases))


def _phrase(phrase: str) -> str:
    stem = " ".join(phrase.lower().split())
    ending = r"\w*" if stem.endswith("*") else ""
    return rf"\b{re.escape(stem.rstrip('*'))}{ending}(?!\w)"
