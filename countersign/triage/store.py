"""Keeps trained models in a folder, named by the digest of what they were made from, and distrusts damaged ones."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from countersign.domain.desk import Example
from countersign.domain.errors import StorageError
from countersign.domain.frozen import Frozen, digest
from countersign.triage import linear
from countersign.triage.decide import LEAST_SEGMENT_WORDS, Calibration
from countersign.triage.escalation import Escalation
from countersign.triage.linear import Linear
from countersign.triage.model import LocalTriage
from countersign.triage.report import Report

log = logging.getLogger(__name__)

FORMAT = 1
"""Raised whenever the code that masks, cuts or fits changes what a model would be."""


class Card(Frozen):
    """What lies beside a model: how it was made, its figures, and how good it was on held-out examples."""

    model: str
    sha256: str
    parameters: dict[str, str]
    calibration: Calibration
    held_out: Report


def load_or_train(
    examples: Sequence[Example],
    folder: Path,
    *,
    escalations: Sequence[Escalation] = (),
    languages: Sequence[str] = ("en",),
) -> LocalTriage:
    """The model of these examples: from the folder, or trained now (seconds) and kept there.

    A file that is damaged or was changed is trained afresh, with a warning in the log.
    Raises DeskError where the examples are too few, StorageError where the folder can't be written.
    """
    name = model_digest(examples)
    model, card = _load(name, folder) or _train(name, examples, folder)
    return LocalTriage(model, card.calibration, name, escalations=escalations, languages=languages)


def model_digest(examples: Sequence[Example]) -> str:
    """SHA-256 over the examples, in any order, and every parameter of training."""
    rows = sorted((example.request, example.text) for example in examples)
    return digest({"examples": rows, "parameters": parameters()})


def parameters() -> dict[str, str]:
    """Everything besides the examples that makes a model what it is."""
    from countersign.triage import groups, train

    return {
        "format": str(FORMAT),
        "scikit-learn": version("scikit-learn"),
        "words": str(sorted(linear.WORDS.items())),
        "characters": str(sorted(linear.CHARACTERS.items())),
        "penalty": str(linear.PENALTY),
        "folds": str(train.FOLDS),
        "target error": str(train.TARGET_ERROR),
        "target splits": f"{train.TARGET_SPLITS} {train.TARGET_DOUBTS}",
        "similar": f"{groups.SIMILAR} {groups.LEAST_WORDS} {groups.BOILERPLATE}",
        "least segment words": str(LEAST_SEGMENT_WORDS),
    }


def _load(name: str, folder: Path) -> tuple[Linear, Card] | None:
    path = folder / f"{name}.skops"
    card_path = path.with_suffix(".json")
    if not path.exists() and not card_path.exists():
        return None
    try:
        card = Card.model_validate_json(card_path.read_bytes())
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if (card.model, card.sha256) == (name, found):
            return linear.load(path), card
        reason = "its checksum differs"
    except ValidationError:
        reason = "its card can't be read"
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes skops or zipfile raise
        reason = f"it can't be read ({type(error).__name__})"
    log.warning("triage model %s is damaged, %s: training it again", path.name, reason)
    return None


def _train(name: str, examples: Sequence[Example], folder: Path) -> tuple[Linear, Card]:
    from countersign.triage.evaluate import held_out
    from countersign.triage.train import train

    ordered = sorted(examples, key=lambda example: (example.request, example.text))
    trained = train(ordered)
    report = held_out(trained, ordered)
    try:
        sha256 = _save(trained.model, folder / f"{name}.skops")
        card = Card(
            model=name, sha256=sha256, parameters=parameters(), calibration=trained.calibration, held_out=report
        )
        _replace(folder / f"{name}.json", card.model_dump_json(indent=1).encode())
    except OSError as error:
        text = f"the triage model can't be kept: {error.strerror}"
        raise StorageError(text, where=str(folder), hint="check that the folder can be written") from error
    return trained.model, card


def _save(model: Linear, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as own:
        fresh = Path(own) / "model.skops"
        model.save(fresh)
        sha256 = hashlib.sha256(fresh.read_bytes()).hexdigest()
        fresh.replace(path)
    return sha256


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
