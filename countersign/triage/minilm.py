"""A sentence-transformers model of the BERT kind on numpy alone: all-MiniLM-L6-v2 and its like, without PyTorch.

The arithmetic is that of Devlin et al. 2019 (arXiv:1810.04805), post-layer normalisation, followed by the mean over
tokens and a division by the length, as the model's `modules.json` says. Beside it stands the same mean one layer
earlier, which costs nothing more: later layers keep what makes sentences alike, earlier ones more of their words.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countersign.domain.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_TOKENS = 128
"""What a text has beyond so many tokens is not read."""
BATCH_TOKENS = 4096
"""Texts of one length are encoded together, up to so many tokens at a time."""
BEFORE = 0.7
"""Length of the mean one layer earlier, beside the model's own vector of length one: cross-validated on CLINC150 and
BANKING77, where it is worth 0.4 and 0.1 points."""
_HINT = "name the folder of a BERT sentence model: config.json, tokenizer.json, model.safetensors"


class MiniLm:
    """Sentences in, unit vectors out; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Reads the model's files. Raises SettingsError where one is missing, damaged or of another kind."""
        try:
            self._tokenizer, self._weights = _tokenizer(folder), _floats(folder)
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self._layers = [_Layer(self._weights, f"encoder.layer.{n}.", config) for n in range(_layers(config))]
            self.dimensions = 2 * int(config["hidden_size"])
            self._epsilon = float(config["layer_norm_eps"])
        except ImportError as error:
            hint = "install countersign[embeddings]"
            raise SettingsError(f"{error.name} is not installed", where="embeddings", hint=hint) from error
        except Exception as error:  # the tokenizer's library raises bare Exceptions
            raise SettingsError(f"no sentence model can be read: {error}", where=str(folder), hint=_HINT) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=MOST_TOKENS)

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row of length one for each text: the model's own vector, then the mean one layer earlier."""
        import numpy as np

        tokens: list[list[int]] = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        rows = np.zeros((len(tokens), self.dimensions), dtype=np.float32)
        for batch in _batches([len(own) for own in tokens]):
            rows[batch] = self._encode(np.array([tokens[index] for index in batch]))
        return rows

    def _encode(self, tokens: "NDArray[np.int64]") -> "NDArray[np.float32]":
        """Texts of one length: no padding, so no mask."""
        import numpy as np

        weights, names = self._weights, "embeddings."
        hidden = weights[names + "word_embeddings.weight"][tokens]
        hidden += weights[names + "position_embeddings.weight"][: tokens.shape[1]]
        hidden += weights[names + "token_type_embeddings.weight"][0]
        hidden = _normal(hidden, weights, names + "LayerNorm.", self._epsilon)
        before = hidden
        for layer in self._layers:
            before, hidden = hidden, layer(hidden)
        joined = np.concatenate([_direction(hidden), BEFORE * _direction(before)], axis=1)
        return joined / np.float32((1 + BEFORE**2) ** 0.5)


class _Layer:
    """One block: attention and two dense layers, each added to its input and normalised."""

    def __init__(self, weights: "dict[str, NDArray[np.float32]]", name: str, config: dict[str, Any]) -> None:
        import numpy as np

        own = {key.removeprefix(name): value for key, value in weights.items() if key.startswith(name)}
        parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
        self._mixing = np.concatenate([own[f"{part}.weight"] for part in parts]).T.copy()
        self._mixing_bias = np.concatenate([own[f"{part}.bias"] for part in parts])
        self._own = {key: value.T.copy() if value.ndim == 2 else value for key, value in own.items()}
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])

    def __call__(self, hidden: "NDArray[np.float32]") -> "NDArray[np.float32]":
        attended = self._dense(self._attend(hidden), "attention.output.dense.")
        attended = _normal(attended + hidden, self._own, "attention.output.LayerNorm.", self._epsilon)
        wide = _gelu(self._dense(attended, "intermediate.dense."))
        return _normal(self._dense(wide, "output.dense.") + attended, self._own, "output.LayerNorm.", self._epsilon)

    def _attend(self, hidden: "NDArray[np.float32]") -> "NDArray[np.float32]":
        import numpy as np

        texts, length, width = hidden.shape
        mixed = hidden.reshape(-1, width) @ self._mixing + self._mixing_bias
        query, key, value = mixed.reshape(texts, length, 3, self._heads, -1).transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(query.shape[-1] ** 0.5)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mean = powers / powers.sum(axis=-1, keepdims=True) @ value
        return mean.transpose(0, 2, 1, 3).reshape(texts, length, width)

    def _dense(self, hidden: "NDArray[np.float32]", name: str) -> "NDArray[np.float32]":
        flat = hidden.reshape(-1, hidden.shape[-1]) @ self._own[name + "weight"]
        flat += self._own[name + "bias"]
        return flat.reshape(*hidden.shape[:2], -1)


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _floats(folder: Path) -> "dict[str, NDArray[np.float32]]":
    import numpy as np
    import safetensors.numpy

    loaded: Any = safetensors.numpy.load_file(folder / "model.safetensors")  # pyright: ignore[reportUnknownMemberType]
    floats = [(str(name), value) for name, value in loaded.items() if value.dtype.kind == "f"]
    return {name.removeprefix("bert."): value.astype(np.float32) for name, value in floats}


def _layers(config: dict[str, Any]) -> int:
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ValueError("it is not of the kind bert with gelu")
    return int(config["num_hidden_layers"])


def _direction(hidden: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """The mean over tokens, of length one."""
    import numpy as np

    mean = hidden.mean(axis=1)
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def _normal(
    hidden: "NDArray[np.float32]", weights: "dict[str, NDArray[np.float32]]", name: str, epsilon: float
) -> "NDArray[np.float32]":
    import numpy as np

    centred = hidden - hidden.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(epsilon))
    return centred / spread * weights[name + "weight"] + weights[name + "bias"]


def _gelu(hidden: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np
    from scipy.special import erf

    return hidden * np.float32(0.5) * (1 + erf(hidden * np.float32(0.5**0.5)))


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Positions of texts of one length, as many together as the batch may hold."""
    by_length: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        by_length.setdefault(length, []).append(index)
    found: list[list[int]] = []
    for length, indexes in sorted(by_length.items()):
        size = max(1, BATCH_TOKENS // max(length, 1))
        found.extend(indexes[start : start + size] for start in range(0, len(indexes), size))
    return found
