"""The word vectors that come with the program: they tell which words are alike, where no sentence embeddings are given.

`vectors.npz` holds one vector for each English word of a sentence model's vocabulary: its input embeddings, turned and
cut to the directions in which they differ most, a byte a figure. It was made from all-MiniLM-L6-v2 (Apache 2.0) by

    python -m countersign.triage.vectors FOLDER

where the folder holds the model's tokenizer.json and model.safetensors.
"""

import hashlib
import re
import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("vectors.npz")
DIMENSIONS = 192
_WORD = re.compile(r"[a-z]+|\?")
_OTHERS = 999
"""Before this place in the vocabulary stand marks, digits and single letters of other scripts."""


class WordVectors:
    """An embedder: the mean over a text's words, each counted as often as it occurs; none of them known: zeros.

    The file is unpacked when a text is first encoded: who only asks for the digest need not wait for it.
    """

    weight = 1.0

    def __init__(self, file: Path = FILE) -> None:
        self._content = file.read_bytes()
        self.digest = hashlib.sha256(self._content).hexdigest()

    @cached_property
    def _unpacked(self) -> tuple[dict[str, int], Any]:
        """Each word's place, and the vectors by place."""
        import numpy as np

        with np.load(BytesIO(self._content)) as content:
            words, rows = str(content["words"]).split("\n"), content["vectors"]
        return {word: place for place, word in enumerate(words)}, rows

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row of length one for each text, or of zeros."""
        import numpy as np

        places_of, vectors = self._unpacked
        found = [[places_of[word] for word in _WORD.findall(text) if word in places_of] for text in texts]
        sums = [vectors[places].sum(axis=0, dtype=np.float32) for places in found]
        rows = np.array(sums, dtype=np.float32).reshape(len(texts), vectors.shape[1])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


@lru_cache(maxsize=1)
def word_vectors() -> WordVectors:
    """Those of the program, read once."""
    return WordVectors()


def make(folder: Path, file: Path) -> None:
    """Writes the file from a sentence model's folder; the same folder gives the same vectors but for rounding."""
    import numpy as np
    import safetensors.numpy
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    places = sorted((place, word) for word, place in tokenizer.get_vocab().items() if place >= _OTHERS)
    known = [(place, word) for place, word in places if _WORD.fullmatch(word)]
    weights: Any = safetensors.numpy.load_file(folder / "model.safetensors")  # pyright: ignore[reportUnknownMemberType]
    rows: Any = weights["embeddings.word_embeddings.weight"][[place for place, _ in known]].astype(np.float64)
    centred: Any = rows - rows.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned: Any = centred @ axes[:, ::-1][:, :DIMENSIONS]
    whole: Any = (turned * (127 / abs(turned).max())).round().astype(np.int8)
    np.savez_compressed(file, words=np.array("\n".join(word for _, word in known)), vectors=whole)


if __name__ == "__main__":
    make(Path(sys.argv[1]), FILE)
