"""Trained models on disk: named by what they were made from, distrusted when damaged, the same every time."""

import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from countersign.domain.desk import Example
from countersign.domain.errors import DeskError, StorageError
from countersign.triage.store import load_or_train, model_digest

ROOT = Path(__file__).resolve().parents[2]

TEXTS = {
    "cancel_order": [
        "please cancel my order",
        "stop the order before it ships",
        "I bought this by mistake, cancel it",
        "call the whole thing off, we are not travelling",
        "withdraw what I ordered this morning",
        "do not dispatch anything, cancel",
    ],
    "invoice_copy": [
        "send me the invoice",
        "I need a receipt for my taxes",
        "where is the bill for the tent",
        "could we have a VAT document for accounting",
        "proof of purchase for the insurer please",
        "my employer wants an invoice as PDF",
    ],
    "none": [
        "are you hiring in your warehouse",
        "what a lovely day in the mountains",
        "we sell cheap backlinks for shops",
        "tell your designer that he is a genius",
        "I would like to speak at a conference",
        "how tall is the tower in Paris",
    ],
}
EXAMPLES = [Example(text=text, request=request) for request, texts in TEXTS.items() for text in texts]
MESSAGES = ["please cancel the order", "an invoice for my taxes", "what a lovely tower", "cancel it and send a bill"]


def answers(folder: Path, examples: Sequence[Example] = EXAMPLES) -> list[str]:
    model = load_or_train(examples, folder)
    return [model.model.answer(text).model_dump_json() for text in MESSAGES]


def test_a_model_is_named_by_the_digest_of_examples_and_parameters(tmp_path: Path) -> None:
    """The file's name changes with the examples and not with their order."""
    load_or_train(EXAMPLES, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    digest = model_digest(EXAMPLES)
    assert names == [f"{digest}.json", f"{digest}.npz"]
    assert model_digest(EXAMPLES[::-1]) == digest
    assert model_digest(EXAMPLES[1:]) != digest


def test_training_is_deterministic(tmp_path: Path) -> None:
    """Two trainings, and the order of the examples, make no difference to any answer or figure."""
    assert answers(tmp_path / "one") == answers(tmp_path / "two", EXAMPLES[::-1])
    first, second = (next((tmp_path / name).glob("*.json")) for name in ("one", "two"))
    assert json.loads(first.read_text()) == json.loads(second.read_text())  # with the checksum of the model's bytes


def test_a_kept_model_is_loaded_and_not_trained_again(tmp_path: Path) -> None:
    """The second call reads the file and answers the same."""
    before = answers(tmp_path)
    path = next(tmp_path.glob("*.npz"))
    stamp = path.stat().st_mtime_ns
    assert answers(tmp_path) == before
    assert path.stat().st_mtime_ns == stamp


def test_a_damaged_model_is_trained_again_and_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A flipped byte, a truncated file, a lost card or a lost model: the answers stay, and the log warns."""
    before = answers(tmp_path)
    model, card = next(tmp_path.glob("*.npz")), next(tmp_path.glob("*.json"))
    good = model.read_bytes()
    damages = [
        lambda: model.write_bytes(good[:50] + bytes([good[50] ^ 1]) + good[51:]),
        lambda: model.write_bytes(good[:-100]),
        lambda: card.write_text("{}"),
        card.unlink,
        model.unlink,
    ]
    for damage in damages:
        damage()
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert answers(tmp_path) == before
        assert "is damaged" in caplog.text
        caplog.clear()
        assert answers(tmp_path) == before
        assert not caplog.text


def test_a_file_that_turns_out_unreadable_is_trained_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that its card vouches for is read when it is first asked; what numpy refuses then is trained again."""
    before = answers(tmp_path)
    model, card = next(tmp_path.glob("*.npz")), next(tmp_path.glob("*.json"))
    good = hashlib.sha256(model.read_bytes()).hexdigest()
    model.write_bytes(b"no archive")
    card.write_text(card.read_text().replace(good, hashlib.sha256(b"no archive").hexdigest()))
    with caplog.at_level(logging.WARNING):
        reader = load_or_train(EXAMPLES, tmp_path)
        assert not caplog.text
        assert reader.model.classifier.classes
        assert "is damaged" in caplog.text
    assert answers(tmp_path) == before


def test_asking_a_kept_model_needs_no_scikit_learn(tmp_path: Path) -> None:
    """Loading it would take seconds and a hundred megabytes of every process."""
    load_or_train(EXAMPLES, tmp_path)
    script = (
        "import sys; from pathlib import Path; from countersign.triage.store import load_or_train\n"
        "from countersign.domain.desk import Example\n"
        f"examples = [Example(request=name, text=text) for name, texts in {TEXTS}.items() for text in texts]\n"
        f"reader = load_or_train(examples, Path({str(tmp_path)!r}))\n"
        "reader.predict('', 'hello there', 'en'); assert not {'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_a_model_of_other_examples_is_not_taken_for_this_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A well-formed model and card under a name that is not theirs are refused."""
    load_or_train(EXAMPLES[:-1], tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / f"{model_digest(EXAMPLES)}{path.suffix}")
    with caplog.at_level(logging.WARNING):
        load_or_train(EXAMPLES, tmp_path)
    assert "is damaged" in caplog.text


def test_examples_that_leave_nothing_to_hold_out_are_refused(tmp_path: Path) -> None:
    """The error names the requests that need more examples in other words."""
    copies = [Example(text="are you hiring in your warehouse", request="none")] * 6
    with pytest.raises(DeskError, match="none"):
        load_or_train([example for example in EXAMPLES if example.request != "none"] + copies, tmp_path)
    with pytest.raises(DeskError, match="three requests"):
        load_or_train(EXAMPLES[:12], tmp_path)


def test_a_folder_that_cant_be_written_is_a_storage_error(tmp_path: Path) -> None:
    """A file where the folder should be is said in one line."""
    (tmp_path / "triage").write_text("")
    with pytest.raises(StorageError, match="can't be kept"):
        load_or_train(EXAMPLES, tmp_path / "triage")
