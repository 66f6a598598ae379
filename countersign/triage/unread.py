"""A kept classifier that is read when it is first asked: who predicts nothing need not wait for its libraries."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from countersign.triage.classifier import Classifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Unread:
    """Stands for the classifier that `read` gives, which is called once; safe to share between threads."""

    def __init__(self, read: Callable[[], Classifier]) -> None:
        self._read, self._lock = read, Lock()
        self._found: Classifier | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """See `Classifier`."""
        return self.found().classes

    def scores(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See `Classifier`."""
        return self.found().scores(texts)

    def save(self, path: Path) -> None:
        """See `Classifier`."""
        self.found().save(path)

    def found(self) -> Classifier:
        """The classifier itself."""
        with self._lock:
            if self._found is None:
                self._found = self._read()
            return self._found
