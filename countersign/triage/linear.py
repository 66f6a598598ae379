"""A linear model over words, runs of characters and embeddings: fitted by scikit-learn, kept as plain arrays.

scikit-learn is imported by the calls that fit, because loading it takes seconds; asking a model needs numpy alone.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from countersign.triage.embeddings import Embedder
from countersign.triage.terms import Vocabulary, learn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = ("words", "characters")
LONGEST = (0, 5)
"""Characters in a run, for each kind; 0 for words."""
MANY = 12000
"""From so many examples on, what only one of them has is left out, and runs of characters are kept shorter: learning
from 15,000 takes a minute at the most."""
MANY_LONGEST = (0, 4)
PENALTY = 0.5
TOLERANCE = 0.01
AT_ONCE = 2
"""Fits at a time."""
APART = 8000
"""From so many examples on, a fit takes long enough to be worth a process of its own."""
_ONE_FIT = Lock()
"""liblinear draws from one random generator of the process: two fits at once would take turns with it by chance."""


class Linear:
    """A fitted classifier: masked texts in, one score for each class out."""

    def __init__(
        self, classes: Sequence[str], vocabularies: Sequence[Vocabulary], weights: Any, bias: Any, embedder: Embedder
    ) -> None:
        self.classes = tuple(classes)
        self._vocabularies = tuple(vocabularies)
        # One row a term of each vocabulary, then one a figure of the embedding: a text with few terms reads few rows.
        self._weights: NDArray[np.float32] = weights
        self._bias: NDArray[np.float32] = bias
        self._embedder = embedder

    def scores(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Distances from each class's boundary: one row a text, one column a class, in the order of `classes`."""
        import numpy as np

        known: Any = np.array([self._known(text) for text in texts], dtype=np.float32)
        embedded = self._weights[sum(len(one.places) for one in self._vocabularies) :]
        return known.reshape(len(texts), len(self.classes)) + _weighted(self._embedder, texts) @ embedded

    def _known(self, text: str) -> Any:
        total, start = self._bias, 0
        for vocabulary in self._vocabularies:
            places, counts = vocabulary.weighed(text)
            total = total + counts @ self._weights[start + places]
            start += len(vocabulary.places)
        return total

    def with_embedder(self, embedder: Embedder) -> "Linear":
        """The same model with another source of the same embeddings."""
        return Linear(self.classes, self._vocabularies, self._weights, self._bias, embedder)

    def save(self, path: Path) -> None:
        """Writes the model as numpy arrays, without pickle; the same model gives the same bytes."""
        import numpy as np

        arrays: dict[str, Any] = {"weights": self._weights, "bias": self._bias, "classes": _packed(self.classes)}
        for kind, one in zip(KINDS, self._vocabularies, strict=True):
            arrays |= {f"{kind} terms": _packed(one.places), f"{kind} rarity": one.rarity}
            arrays[f"{kind} longest"] = np.array(one.longest)
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)


def fit(texts: Sequence[str], labels: Sequence[str], embedder: Embedder) -> Linear:
    """Fits on masked texts; the same input always gives the same model. Needs three classes or more."""
    import numpy as np
    import scipy.sparse

    sparse: Any = scipy.sparse
    many = len(texts) >= MANY
    learnt = [learn(texts, longest, 2 if many else 1) for longest in (MANY_LONGEST if many else LONGEST)]
    rows = [*(rows for _, rows in learnt), sparse.csr_matrix(_weighted(embedder, texts))]
    machine = _fitted(sparse.hstack(rows).tocsr(), list(labels))
    weights: Any = np.ascontiguousarray(machine.coef_.T, dtype=np.float32)
    classes = [str(name) for name in machine.classes_]
    return Linear(classes, [own for own, _ in learnt], weights, machine.intercept_.astype(np.float32), embedder)


def _fitted(rows: Any, labels: list[str]) -> Any:
    """The machine, fitted here, one at a time; many examples in another process, so that two cores fit at once."""
    from sklearn.svm import LinearSVC  # pyright: ignore[reportMissingTypeStubs]

    machine: Any = LinearSVC(C=PENALTY, tol=TOLERANCE, random_state=0)
    if len(labels) >= APART:
        from joblib.externals import loky  # pyright: ignore[reportMissingTypeStubs]

        processes: Any = loky
        return processes.get_reusable_executor(max_workers=AT_ONCE).submit(machine.fit, rows, labels).result()
    with _ONE_FIT:
        return machine.fit(rows, labels)


def load(path: Path, embedder: Embedder) -> Linear:
    """Reads a model's arrays. Raises ValueError, KeyError or what numpy raises where the file is none of a model."""
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        classes, weights, bias = _unpacked(arrays["classes"]), arrays["weights"], arrays["bias"]
        vocabularies = [_vocabulary(arrays, kind) for kind in KINDS]
    if weights.shape[1:] != (len(classes),) or bias.shape != (len(classes),):
        raise ValueError("weights and classes do not match")
    return Linear(classes, vocabularies, weights, bias, embedder)


def _vocabulary(arrays: Any, kind: str) -> Vocabulary:
    places = {term: place for place, term in enumerate(_unpacked(arrays[f"{kind} terms"]))}
    rarity = arrays[f"{kind} rarity"]
    if rarity.shape != (len(places),):
        raise ValueError(f"{kind} and their rarity do not match")
    return Vocabulary(places, rarity, int(arrays[f"{kind} longest"]))


def _packed(names: Iterable[str]) -> Any:
    """Names as UTF-8, a line each: no term or request holds a line's end."""
    import numpy as np

    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def _unpacked(content: Any) -> list[str]:
    return content.tobytes().decode().split("\n")


def _weighted(embedder: Embedder, texts: Sequence[str]) -> "NDArray[np.float32]":
    return embedder.weight * embedder.encode(texts)
