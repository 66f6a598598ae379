"""What is measured: a name and its values, one for each repetition."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

Say = Callable[[str], None]
"""Hears what is measured now."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Values of one thing, in the unit that its name's first part stands for."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)


Found = dict[str, Measured]


def to_json(found: Iterable[Measured]) -> str:
    """The values as one JSON object."""
    return json.dumps({each.name: each.values for each in found})


def from_json(text: str) -> Found:
    """The values again, by name."""
    return {name: Measured(name, tuple(values)) for name, values in json.loads(text).items()}


def ratios(found: Found, name: str, base: str) -> Measured:
    """How many times the base it is, repetition by repetition."""
    pairs = zip(found[name].values, found[base].values, strict=True)
    return Measured(f"{name} / {base}", tuple(value / other for value, other in pairs))
