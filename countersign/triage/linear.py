"""The one file that touches scikit-learn and skops: a linear model over words and characters.

Both libraries are imported by the calls that need them, because loading them takes about a second.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countersign.triage.classifier import Judged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS: dict[str, Any] = {"ngram_range": (1, 2), "sublinear_tf": True, "min_df": 2, "token_pattern": r"(?u)\b\w+\b|\?"}
CHARACTERS: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 4), "sublinear_tf": True, "min_df": 2}
PENALTY = 1.0
TRUSTED: tuple[str, ...] = ()
"""Types outside skops' own list that a model file may hold: none."""


class Linear:
    """A fitted classifier: masked texts in, one score for each class out."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self.classes: tuple[str, ...] = tuple(str(name) for name in pipeline.classes_)

    def judge(self, texts: Sequence[str]) -> Judged:
        """Distances from each class's boundary; the largest is the familiarity."""
        scores: NDArray[np.float64] = self._pipeline.decision_function(list(texts))
        return Judged(scores, scores.max(axis=1))

    def save(self, path: Path) -> None:
        """Writes the model as a skops file."""
        import skops.io  # pyright: ignore[reportMissingTypeStubs]

        skops.io.dump(self._pipeline, path)  # pyright: ignore[reportUnknownMemberType]


def fit(texts: Sequence[str], labels: Sequence[str]) -> Linear:
    """Fits on masked texts; the same input always gives the same model. Needs three classes or more."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]
    from sklearn.pipeline import make_pipeline, make_union  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
    from sklearn.svm import LinearSVC  # pyright: ignore[reportMissingTypeStubs]

    features: Any = make_union(TfidfVectorizer(**WORDS), TfidfVectorizer(**CHARACTERS))
    pipeline: Any = make_pipeline(features, LinearSVC(C=PENALTY, random_state=0))
    pipeline.fit(list(texts), list(labels))
    return Linear(pipeline)


def load(path: Path) -> Linear:
    """Reads a skops file, refusing every type that is not pinned. Raises what skops raises on a bad file."""
    import skops.io  # pyright: ignore[reportMissingTypeStubs]

    return Linear(skops.io.load(path, trusted=list(TRUSTED)))  # pyright: ignore[reportUnknownMemberType]


def similar_pairs(texts: Sequence[str], least: float) -> list[tuple[int, int]]:
    """Pairs of positions, each with itself too, whose character triples have a cosine of at least `least`."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]

    triples: Any = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), use_idf=False)
    vectors: Any = triples.fit_transform(list(texts))
    near: Any = (vectors @ vectors.T).tocoo()
    kept: Any = near.data >= least
    return [(int(first), int(second)) for first, second in zip(near.row[kept], near.col[kept], strict=True)]
