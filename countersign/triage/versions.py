"""Learnt versions on disk, and the one that a running desk predicts with."""

import logging
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Lock

from countersign.domain.errors import StorageError
from countersign.domain.learning import LearntModel
from countersign.domain.perception import Triage
from countersign.triage import store
from countersign.triage.decide import NONE
from countersign.triage.embeddings import Access
from countersign.triage.model import LocalTriage, Model

log = logging.getLogger(__name__)

LEARNT = "learnt"
"""The folder of learnt models, below that of the desk's own."""


def open_version(
    kept: LearntModel,
    folder: Path,
    requests: Collection[str],
    access: Access = Access(),  # noqa: B008  immutable
) -> Model:
    """The model of a version, from `folder/learnt`.

    Raises StorageError `storage.model` where its file or card is missing, truncated, or not what the ledger knows, was
    made by another version of the program, or names requests that the desk does not have.
    """
    place = folder / LEARNT / kept.place
    model, card = store.load(kept.name, place, kept.sha256, access=access)
    if card.model_dump(mode="json") != kept.card:
        raise _refused(kept, place, "its card is not the one in the ledger")
    strange = sorted(set(model.classifier.classes) - set(requests) - {NONE})
    if strange:
        raise _refused(kept, place, f"it names requests that the desk does not have: {', '.join(strange)}")
    return model


def _refused(kept: LearntModel, place: Path, why: str) -> StorageError:
    hint = "bring the file back, or run countersign triage learn"
    return StorageError(
        f"version {kept.version} of the triage model: {why}", where=str(place), hint=hint, detail="model"
    )


Held = tuple[int, LocalTriage]


class Current:
    """Predicts with the version in use, which it looks up for each message: a promotion counts from the next one on.

    A version whose file is refused is passed over, with a warning: what was in use before stays, or at the start the
    newest sound version below it, and at last the model of the desk's own examples.
    """

    def __init__(
        self,
        in_use: Callable[[], int],
        below: Callable[[int], int],
        opened: Callable[[int], LocalTriage],
    ) -> None:
        """`in_use` says which version is; `below` the one to try in a version's stead, at last 0."""
        self._in_use, self._below, self._opened = in_use, below, opened
        self._lock = Lock()
        self._wanted = in_use()
        self._held = self._first_sound(self._wanted, None)

    def predict(self, subject: str, text: str, language: str) -> Triage:
        """See `signals.Reader`."""
        version, reader = self.now()
        return reader.predict(subject, text, language).model_copy(update={"version": version})

    @property
    def digest(self) -> str:
        """Names the model of the latest prediction."""
        return self._held[1].digest

    def now(self) -> Held:
        """The version that predicts now, and its model."""
        wanted = self._in_use()
        with self._lock:
            if wanted != self._wanted:
                self._held = self._first_sound(wanted, self._held)
                self._wanted = wanted
            return self._held

    def _first_sound(self, wanted: int, held: Held | None) -> Held:
        """What is held where the wanted version is refused, or the newest sound one below it."""
        try:
            return wanted, self._opened(wanted)
        except StorageError as error:
            if wanted == 0:
                raise
            log.warning("%s; an earlier model is used", error)
        return held or self._first_sound(self._below(wanted), None)
