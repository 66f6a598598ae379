"""The terms of a masked text, words and runs of characters, and how much each counts (TF-IDF).

As scikit-learn's TfidfVectorizer with `sublinear_tf` has it, and numpy alone: a process that only asks a kept model
need not load scikit-learn, which takes seconds and a hundred megabytes.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORD = re.compile(r"\w+|\?")
SHORTEST = 2
"""Characters in a run that a model counts."""
_REMEMBERED = 4096
"""Words whose runs are kept: about five megabytes."""


def words(text: str) -> list[str]:
    """Words and question marks, and each two in a row."""
    single: list[str] = WORD.findall(text)
    return single + [f"{first} {second}" for first, second in pairwise(single)]


def characters(text: str, shortest: int, longest: int) -> list[str]:
    """Runs of so many characters within each word, which begins and ends with a space."""
    return [run for word in text.split() for run in _runs(word, shortest, longest)]


@lru_cache(maxsize=_REMEMBERED)
def _runs(word: str, shortest: int, longest: int) -> tuple[str, ...]:
    """A word shorter than a run counts once, whole."""
    padded = f" {word} "
    found: list[str] = []
    for size in range(shortest, longest + 1):
        found += [padded[start : start + size] for start in range(max(len(padded) - size, 0) + 1)]
        if size >= len(padded):
            break
    return tuple(found)


def terms(text: str, longest: int) -> list[str]:
    """Runs of at most `longest` characters; words, where that is 0."""
    return characters(text, SHORTEST, longest) if longest else words(text)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms that a training knew, by place, and each one's inverse document frequency."""

    places: dict[str, int]
    rarity: "NDArray[np.float32]"
    longest: int
    """Characters in a run; 0 for words."""

    def weighed(self, text: str) -> "tuple[NDArray[np.int64], NDArray[np.float32]]":
        """The places of the text's known terms, and what each counts: together a vector of length one."""
        import numpy as np

        known = Counter(self.places[term] for term in terms(text, self.longest) if term in self.places)
        places = np.fromiter(known, dtype=np.int64, count=len(known))
        times: Any = np.fromiter(known.values(), dtype=np.float32, count=len(known))
        counts: Any = (1 + np.log(times)) * self.rarity[places]
        return places, counts / max(float(np.linalg.norm(counts)), 1e-12)


def learn(texts: Sequence[str], longest: int, least: int) -> tuple[Vocabulary, Any]:
    """The terms that at least so many of the texts have, and the texts as sparse rows of them."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]

    own: dict[str, Any] = {"analyzer": partial(terms, longest=longest), "min_df": least, "dtype": np.float32}
    vectorizer: Any = TfidfVectorizer(sublinear_tf=True, **own)
    rows = vectorizer.fit_transform(texts)
    places = {term: place for place, term in enumerate(vectorizer.get_feature_names_out().tolist())}
    return Vocabulary(places, vectorizer.idf_.astype(np.float32), longest), rows


def similar_pairs(texts: Sequence[str], least: float) -> list[tuple[int, int]]:
    """Pairs of positions, each with itself too, whose character triples have a cosine of at least `least`."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]

    triples: Any = partial(characters, shortest=3, longest=3)
    vectorizer: Any = TfidfVectorizer(analyzer=triples, use_idf=False)
    vectors: Any = vectorizer.fit_transform(texts)
    near: Any = (vectors @ vectors.T).tocoo()
    kept: Any = near.data >= least
    return [(int(first), int(second)) for first, second in zip(near.row[kept], near.col[kept], strict=True)]
