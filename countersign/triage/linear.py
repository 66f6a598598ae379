"""The one file that touches scikit-learn and skops: a linear model over words, characters and embeddings.

Both libraries are imported by the calls that need them, because loading them takes about a second.
"""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from countersign.triage.embeddings import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS: dict[str, Any] = {"ngram_range": (1, 2), "sublinear_tf": True, "token_pattern": r"(?u)\b\w+\b|\?"}
CHARACTERS: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True}
MANY = 12000
"""From so many examples on, what only one of them has is left out, and runs of characters are kept shorter: learning
from 15,000 takes a minute at the most."""
MANY_CHARACTERS = (2, 4)
PENALTY = 0.5
TOLERANCE = 0.01
_ONE_FIT = Lock()
"""liblinear draws from one random generator of the process: two fits at once would take turns with it by chance."""
TRUSTED: tuple[str, ...] = ()
"""Types outside skops' own list that a model file may hold: none."""


class Linear:
    """A fitted classifier: masked texts in, one score for each class out."""

    def __init__(self, vectorizers: Any, machine: Any, embedder: Embedder) -> None:
        import numpy as np

        self._vectorizers, self._machine, self._embedder = vectorizers, machine, embedder
        self.classes: tuple[str, ...] = tuple(str(name) for name in machine.classes_)
        # One row a feature, so that a text with few of them reads few rows.
        self._weights: Any = np.ascontiguousarray(machine.coef_.T, dtype=np.float32)
        self._intercept: Any = machine.intercept_.astype(np.float32)

    def scores(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Distances from each class's boundary: one row a text, one column a class, in the order of `classes`."""
        sparse = _sparse(self._vectorizers, texts)
        known = sparse @ self._weights[: sparse.shape[1]] + self._intercept
        return known + _weighted(self._embedder, texts) @ self._weights[sparse.shape[1] :]

    def with_embedder(self, embedder: Embedder) -> "Linear":
        """The same model with another source of the same embeddings."""
        return Linear(self._vectorizers, self._machine, embedder)

    def save(self, path: Path) -> None:
        """Writes the model as a skops file."""
        import skops.io  # pyright: ignore[reportMissingTypeStubs]

        stripped, terms = zip(*map(_without_terms, self._vectorizers), strict=True)
        content = {"vectorizers": list(stripped), "terms": list(terms), "machine": self._machine}
        skops.io.dump(content, path)  # pyright: ignore[reportUnknownMemberType]


def fit(texts: Sequence[str], labels: Sequence[str], embedder: Embedder) -> Linear:
    """Fits on masked texts; the same input always gives the same model. Needs three classes or more."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC  # pyright: ignore[reportMissingTypeStubs]

    vectorizers = [_vectorizer(kind, texts) for kind in (WORDS, CHARACTERS)]
    features: Any = _joined([_sparse(vectorizers, texts), csr_matrix(_weighted(embedder, texts))])
    machine: Any = LinearSVC(C=PENALTY, tol=TOLERANCE, random_state=0)
    with _ONE_FIT:
        machine.fit(features, list(labels))
    machine.coef_ = machine.coef_.astype(np.float32)
    return Linear(vectorizers, machine, embedder)


def load(path: Path, embedder: Embedder) -> Linear:
    """Reads a skops file, refusing every type that is not pinned. Raises what skops raises on a bad file."""
    import skops.io  # pyright: ignore[reportMissingTypeStubs]

    content: Any = skops.io.load(path, trusted=list(TRUSTED))  # pyright: ignore[reportUnknownMemberType]
    for vectorizer, terms in zip(content["vectorizers"], content["terms"], strict=True):
        vectorizer.vocabulary_ = {term: place for place, term in enumerate(terms.split("\n"))}
    return Linear(content["vectorizers"], content["machine"], embedder)


def similar_pairs(texts: Sequence[str], least: float) -> list[tuple[int, int]]:
    """Pairs of positions, each with itself too, whose character triples have a cosine of at least `least`."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]

    triples: Any = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), use_idf=False)
    vectors: Any = triples.fit_transform(list(texts))
    near: Any = (vectors @ vectors.T).tocoo()
    kept: Any = near.data >= least
    return [(int(first), int(second)) for first, second in zip(near.row[kept], near.col[kept], strict=True)]


def _vectorizer(kind: dict[str, Any], texts: Sequence[str]) -> Any:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]

    own: dict[str, Any] = {**kind, "dtype": np.float32}
    if len(texts) >= MANY:
        own["min_df"] = 2
        own["ngram_range"] = MANY_CHARACTERS if "analyzer" in kind else kind["ngram_range"]
    vectorizer: Any = TfidfVectorizer(**own)
    return vectorizer.fit(list(texts))


def _without_terms(vectorizer: Any) -> tuple[Any, str]:
    """The vectorizer without its terms, and those in order, a line each: no term holds a line's end.

    skops checks a mapping entry by entry, which for tens of thousands of terms takes most of a second.
    """
    own = copy(vectorizer)
    terms = "\n".join(sorted(own.vocabulary_, key=own.vocabulary_.__getitem__))
    del own.vocabulary_
    return own, terms


def _sparse(vectorizers: Any, texts: Sequence[str]) -> Any:
    return _joined([own.transform(list(texts)) for own in vectorizers])


def _weighted(embedder: Embedder, texts: Sequence[str]) -> "NDArray[np.float32]":
    return embedder.weight * embedder.encode(texts)


def _joined(parts: Sequence[Any]) -> Any:
    """Sparse columns side by side, one row a text."""
    import scipy.sparse

    sparse: Any = scipy.sparse
    return sparse.hstack(parts).tocsr()
