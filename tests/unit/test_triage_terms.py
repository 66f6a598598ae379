"""Terms and their weights without scikit-learn come to what scikit-learn makes of the same texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.triage import linear
from countersign.triage.terms import Vocabulary, characters, learn, words
from countersign.triage.vectors import word_vectors

TEXTS = [
    "where is my parcel? it's late",
    "a b c",
    "return the lamp ? ordernumber amount 0",
    "é ü naïve a",
    "the the the",
]
KINDS: dict[int, dict[str, Any]] = {
    0: {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b|\?"},
    4: {"analyzer": "char_wb", "ngram_range": (2, 4)},
    5: {"analyzer": "char_wb", "ngram_range": (2, 5)},
}


def _row(vocabulary: Vocabulary, text: str) -> Any:
    places, counts = vocabulary.weighed(text)
    row = np.zeros(len(vocabulary.places))
    row[places] = counts
    return row


@pytest.mark.parametrize("longest", KINDS)
@settings(max_examples=60, deadline=None)
@given(unseen=st.text(alphabet="abel ?'0é_-", max_size=40))
def test_terms_and_weights_are_those_of_scikit_learn(longest: int, unseen: str) -> None:
    """Of the texts that were learnt, and of any other; a text of nothing known is all zeros."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingTypeStubs]

    theirs: Any = TfidfVectorizer(sublinear_tf=True, **KINDS[longest])
    expected = theirs.fit_transform(TEXTS).toarray()
    vocabulary, rows = learn(TEXTS, longest, 1)
    assert list(vocabulary.places) == theirs.get_feature_names_out().tolist()
    ours = [*rows.toarray(), *(_row(vocabulary, text) for text in (*TEXTS, unseen))]
    assert np.array(ours) == pytest.approx(
        np.vstack([expected, expected, theirs.transform([unseen]).toarray()]), abs=1e-6
    )


def test_words_come_alone_and_in_pairs() -> None:
    """A question mark is a word; a word shorter than a run counts once, whole."""
    assert words("is it late?") == ["is", "it", "late", "?", "is it", "it late", "late ?"]
    assert characters("a no", 2, 5) == [" a", "a ", " a ", " n", "no", "o ", " no", "no ", " no "]


def test_a_file_whose_arrays_do_not_match_is_refused(tmp_path: Path) -> None:
    """Pickled objects, another number of classes and another number of terms are errors, not a model."""
    fitted = linear.fit(TEXTS * 3, ["a", "b", "c", "d", "a"] * 3, word_vectors())
    fitted.save(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as read:
        good = dict(read)
    same = linear.load(tmp_path / "good.npz", word_vectors())
    assert np.array_equal(same.scores(TEXTS), fitted.scores(TEXTS))
    damages = {"bias": good["bias"][:-1], "words rarity": good["words rarity"][:-1], "classes": np.array([object()])}
    for name, damaged in damages.items():
        arrays: dict[str, Any] = {**good, name: damaged}
        np.savez(tmp_path / "bad.npz", **arrays)
        with pytest.raises(ValueError, match=r"match|pickle"):
            linear.load(tmp_path / "bad.npz", word_vectors())


def test_a_fit_in_another_process_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a training is large, two fits run at once, each in a process with a random generator of its own."""
    from joblib.externals import loky  # pyright: ignore[reportMissingTypeStubs]

    labels = ["a", "b", "c", "d", "a"]
    here = linear.fit(TEXTS, labels, word_vectors())
    monkeypatch.setattr(linear, "APART", len(TEXTS))
    processes: Any = loky
    try:
        apart = linear.fit(TEXTS, labels, word_vectors())
    finally:
        processes.get_reusable_executor().shutdown(wait=True)
    assert np.array_equal(apart.scores(TEXTS), here.scores(TEXTS))
