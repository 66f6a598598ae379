"""Keeps trained models in a folder, named by the digest of what they were made from, and refuses damaged ones."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from countersign.domain.desk import Example
from countersign.domain.errors import StorageError
from countersign.domain.frozen import Frozen, digest
from countersign.triage import embeddings, linear
from countersign.triage.classifier import Classifier, Options
from countersign.triage.decide import LEAST_SEGMENT_WORDS, Calibration
from countersign.triage.embeddings import Access, Embedder, open_embedder
from countersign.triage.escalation import Escalation
from countersign.triage.model import LocalTriage, Model
from countersign.triage.report import Report
from countersign.triage.unread import Unread

if TYPE_CHECKING:
    from countersign.triage.train import Trained

log = logging.getLogger(__name__)

FORMAT = 6
"""Raised whenever the code that masks, cuts, fits or writes changes what a model would be."""
_HINT = "bring the file back, or train again"


class Card(Frozen):
    """What lies beside a model: how it was made, its figures, and how good it was on held-out examples."""

    format: int = FORMAT
    model: str
    """Digest of data and parameters; also the file's name."""
    sha256: str
    """Of the model file's bytes."""
    data: str
    """Digest of the examples, in any order."""
    examples: int
    versions: dict[str, str]
    options: Options
    embedder: str
    """Digest of the embeddings' model, or of the program's word vectors."""
    calibration: Calibration
    held_out: Report


def load_or_train(
    examples: Sequence[Example],
    folder: Path,
    *,
    options: Options = Options(),  # noqa: B008  immutable
    access: Access = Access(),  # noqa: B008  immutable
    escalations: Sequence[Escalation] = (),
    languages: Sequence[str] = ("en",),
) -> LocalTriage:
    """The model of these examples: from the folder, or trained now (seconds) and kept there.

    A file that is damaged or was changed is trained afresh, with a warning in the log.
    Raises DeskError where the examples are too few, StorageError where the folder can't be written.
    """
    name = model_digest(examples, options)
    train = partial(_train, examples, folder, options, access)
    model = _kept(name, folder, access, train) or train()
    return LocalTriage(model, escalations=escalations, languages=languages)


def save(trained: "Trained", examples: Sequence[Example], folder: Path) -> Card:
    """Writes `<digest>.npz` and its card `<digest>.json`; StorageError where the folder can't be written."""
    from countersign.triage.evaluate import held_out

    name = model_digest(examples, trained.options)
    try:
        card = Card(
            model=name,
            sha256=_write(trained.classifier, folder / f"{name}.npz"),
            data=data_digest(examples),
            examples=len(examples),
            versions=versions(),
            options=trained.options,
            embedder=trained.embedder,
            calibration=trained.calibration,
            held_out=held_out(trained, examples),
        )
        _replace(folder / f"{name}.json", card.model_dump_json(indent=1).encode())
    except OSError as error:
        text = f"the triage model can't be kept: {error.strerror}"
        raise StorageError(text, where=str(folder), hint="check that the folder can be written") from error
    return card


def load(
    name: str,
    folder: Path,
    sha256: str = "",
    *,
    access: Access = Access(),  # noqa: B008  immutable
) -> tuple[Model, Card]:
    """A kept model and its card; with a `sha256` (the ledger's), only the very file that has it.

    Raises StorageError `storage.model` where a file is missing, truncated, changed, or of another format.
    """
    path, card, embedder = _checked(name, folder, sha256, access)
    return Model(_read(path, embedder), card.calibration, name), card


def _checked(name: str, folder: Path, sha256: str, access: Access) -> tuple[Path, Card, Embedder]:
    """The model's file, which is as its card says, and what it needs; it is not read yet."""
    path = folder / f"{name}.npz"
    try:
        card = Card.model_validate_json(path.with_suffix(".json").read_bytes())
        content = path.read_bytes()
    except ValidationError as error:
        raise _refused(path, "its card can't be read, or is of another version") from error
    except OSError as error:
        raise _refused(path, f"it can't be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if card.format != FORMAT:
        raise _refused(path, "it was made by another version")
    if (card.model, card.sha256, sha256 or found) != (name, found, found):
        raise _refused(path, "its checksum differs")
    embedder = open_embedder(card.options.embeddings, access)
    if card.embedder != embedder.digest:
        raise _refused(path, "it was made with other embeddings")
    return path, card, embedder


def _read(path: Path, embedder: Embedder) -> Classifier:
    try:
        return linear.load(path, embedder)
    except Exception as error:  # whatever a damaged file makes numpy or zipfile raise
        raise _refused(path, f"it can't be read ({type(error).__name__})") from error


def model_digest(examples: Sequence[Example], options: Options = Options()) -> str:  # noqa: B008  immutable
    """SHA-256 over the examples, in any order, and every parameter of training."""
    return digest({"data": data_digest(examples), "options": options, "parameters": parameters()})


def data_digest(examples: Sequence[Example]) -> str:
    """SHA-256 over the examples, in any order."""
    return digest(sorted((example.request, example.text) for example in examples))


def versions() -> dict[str, str]:
    """The libraries whose versions a model depends on."""
    return {name: version(name) for name in ("scikit-learn", "numpy")}


def parameters() -> dict[str, str]:
    """Everything besides examples and options that makes a model what it is."""
    from countersign.triage import calibrate, groups, train, vectors

    return {
        "format": str(FORMAT),
        **versions(),
        "longest": f"{linear.LONGEST} {linear.MANY_LONGEST}",
        "linear": f"{linear.PENALTY} {linear.TOLERANCE} {linear.MANY} {embeddings.EMBEDDED}",
        "calibration": f"{calibrate.SPLITS} {calibrate.TARGET_DOUBTS} {calibrate.STRICT} {train.FOLDS}",
        "word vectors": f"{vectors.WordVectors.weight} {vectors.word_vectors().digest}",
        "similar": f"{groups.SIMILAR} {groups.LEAST_WORDS} {groups.BOILERPLATE}",
        "least segment words": str(LEAST_SEGMENT_WORDS),
    }


def _kept(name: str, folder: Path, access: Access, train: Callable[[], Model]) -> Model | None:
    """The model in the folder, to be read when it is first asked; what can't be read even then is trained again."""
    if not any((folder / f"{name}.{ending}").exists() for ending in ("npz", "json")):
        return None
    try:
        path, card, embedder = _checked(name, folder, "", access)
    except StorageError as error:
        log.warning("%s: training it again", error.message)
        return None

    def read() -> Classifier:
        try:
            return _read(path, embedder)
        except StorageError as error:
            log.warning("%s: training it again", error.message)
            return train().classifier

    return Model(Unread(read), card.calibration, name)


def _train(examples: Sequence[Example], folder: Path, options: Options, access: Access) -> Model:
    from countersign.triage.train import train

    ordered = sorted(examples, key=lambda example: (example.request, example.text))
    trained = train(ordered, options, access)
    card = save(trained, ordered, folder)
    return Model(trained.classifier, trained.calibration, card.model)


def _refused(path: Path, reason: str) -> StorageError:
    return StorageError(f"triage model {path.name} is damaged, {reason}", where=str(path), hint=_HINT, detail="model")


def _write(classifier: Classifier, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as own:
        fresh = Path(own) / "model.npz"
        classifier.save(fresh)
        sha256 = hashlib.sha256(fresh.read_bytes()).hexdigest()
        fresh.replace(path)
    return sha256


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
