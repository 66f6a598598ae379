"""What the desk learns from, and what it has learnt: labels by people, versions of the triage model."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from countersign.domain.frozen import Frozen

LabelSource = Literal["label", "review"]
"""`review`: said along with an answer to a review; `label`: said by itself."""


class Label(Frozen):
    """A person's word on what one turn of a ticket asks."""

    id: str
    ticket: str
    turn: int
    requests: tuple[str, ...]
    """`none` alone where no request covers it."""
    text: str
    """What was written, redacted and masked as triage reads it; empty once the customer's data were removed."""
    language: str
    said: tuple[str, ...]
    """What triage had named; empty where it abstained."""
    source: LabelSource
    by: str
    at: datetime


class Figures(Frozen):
    """How one model did on the held-out examples (shares between 0 and 1), and on past turns whose requests are known.

    See `countersign.triage.report.Report` for the first three.
    """

    coverage: float
    accuracy: float
    abstained_on_none: float
    right: int
    wrong: int
    left: int
    """Past turns that it would leave to a person."""


class Comparison(Frozen):
    """A candidate against the model in use, on the same examples and the same past turns."""

    margin: float
    examples: int
    """Held-out examples: all there are, each scored by a model that saw none of its group."""
    known: int
    """Past turns whose requests are known from a label or an approval."""
    unknown: int
    """Past turns of which only the difference between the two can be told."""
    in_use: Figures
    candidate: Figures
    changes: tuple[str, ...]
    """Past turns that would go another way: `CS-1001 turn 1: refund_status → abstains`."""
    against: tuple[str, ...]
    """Where the candidate is worse by more than the margin; empty where it may be promoted."""


class LearntModel(Frozen):
    """A version of the triage model as the ledger knows it."""

    version: int
    """Counted from 1; 0 stands for the model of the desk's own examples."""
    name: str
    """Digest of its data and parameters; also the file's name."""
    place: str
    """The folder that holds its file, below the folder of learnt models."""
    sha256: str
    """Of the model file's bytes."""
    data: str
    """Digest of the examples that it learnt from."""
    examples: int
    labels: tuple[str, ...]
    """Ids of the labels among them."""
    libraries: dict[str, str]
    card: dict[str, JsonValue]
    """How it was made: options, calibration and figures, as `countersign.triage.store.Card` has them."""
    comparison: Comparison
    by: str
    """Who promoted it."""
    at: datetime


class Promotion(Frozen):
    """That a person put a version into use."""

    version: int
    before: int
    """The version that was in use until then."""
    act: Literal["promote", "rollback"]
    by: str
    at: datetime


class Listed(Frozen):
    """A version in the list of models."""

    version: int
    in_use: bool
    trouble: str = ""
    """Why its file is refused; empty where it is sound."""
    removed: int = 0
    """Labels it learnt from that were removed since."""
    model: LearntModel | None = None
    """None for the model of the desk's own examples."""
    promoted: tuple[Promotion, ...] = ()
    """Every time that it was put into use, oldest first."""


class Learnt(Frozen):
    """What one learning came to."""

    examples: int
    labels: int
    left_out: tuple[str, ...] = ()
    """Labels that could not be learnt from, and why."""
    before: int
    """The version in use when it began."""
    comparison: Comparison | None = None
    """None where there was nothing new to learn from."""
    version: int | None = None
    """The version that is in use now because of it; None where nothing was promoted."""
    text: str
    """What it came to, in one sentence."""
