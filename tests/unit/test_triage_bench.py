"""Benchmarks: published forms read whole and in part, figures that are what was counted, bad files named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from countersign.domain.errors import SettingsError
from countersign.triage.bench.run import Outcome, run, stratified
from countersign.triage.bench.tasks import banking77, clinc150, hint3
from countersign.triage.classifier import Options
from countersign.triage.embeddings import Access
from countersign.triage.labelled import read_labelled

WORDS = {
    "play_music": "play song album band tune radio playlist",
    "weather": "rain sun forecast cold wind snow storm",
    "transfer": "send money account bank savings move pay",
    "alarm": "wake alarm morning clock ring early snooze",
    "oos": "elephant philosophy turtle galaxy pyramid opera sculpture",
}


def texts(label: str, number: int, start: int = 0) -> list[list[str]]:
    words = WORDS[label].split()
    pick: Callable[[int], str] = lambda place: words[place % len(words)]  # noqa: E731
    return [
        [f"{pick(i)} the {pick(i * 3 + 1)} {pick(i * 5 + 2)} number {i}", label] for i in range(start, start + number)
    ]


def clinc_file(path: Path, **extra: list[list[str]]) -> Path:
    inside = [label for label in WORDS if label != "oos"]
    splits = {
        "train": [row for label in inside for row in texts(label, 30)],
        "oos_train": texts("oos", 20),
        "val": [row for label in inside for row in texts(label, 5, 40)],
        "oos_val": texts("oos", 6, 40),
        **extra,
    }
    path.write_text(json.dumps(splits))
    return path


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run on a small set of CLINC150's form."""
    (task,) = clinc150(clinc_file(tmp_path_factory.mktemp("bench") / "data_full.json"))
    return run(task, Options(target_error=0.2, confidence=0.9), Access(), resamples=5)


def test_a_part_without_test_split_is_tested_on_val_and_says_so(outcome: Outcome) -> None:
    """Learnt from train and oos_train, 20 in scope and 6 unknowns tested; every share lies between 0 and 1."""
    assert "tested on val" in outcome.protocol
    assert (outcome.learnt, outcome.tested) == (140, 26)
    assert outcome.unknowns is not None
    assert outcome.unknowns.examples == 6
    assert outcome.unknowns.fpr_at_95 == pytest.approx(1 - outcome.unknowns.recall_at_95)
    assert outcome.in_scope_accuracy == 1.0
    assert outcome.unknowns.auroc > 0.9
    assert 0 < outcome.coverage <= 1
    assert {figure.value for figure in outcome.published} == {96.9, 40.3, 96.2, 52.3}
    assert outcome.resampled is not None
    assert outcome.resampled.resamples == 5


def test_the_whole_file_is_tested_on_test(tmp_path: Path) -> None:
    """Where there is a test split, val is left alone."""
    file = clinc_file(tmp_path / "data_full.json", test=texts("weather", 4, 90), oos_test=texts("oos", 3, 90))
    for path in (file, tmp_path):
        (task,) = clinc150(path)
        assert [own.request for own in task.test] == ["weather"] * 4 + ["none"] * 3
        assert {own.request for own in task.learn} == {*WORDS, "none"} - {"oos"}


def test_banking77_is_read_as_a_folder_and_as_one_file(tmp_path: Path) -> None:
    """Without test.csv it is cross-validated, and says so."""
    (tmp_path / "train.csv").write_text('text,category\n"Where, is it?",card_arrival\nno,lost\n')
    (part,) = banking77(tmp_path / "train.csv")
    assert part.test == ()
    assert "cross-validated" in part.protocol
    (tmp_path / "test.csv").write_text("text,category\nhere,card_arrival\n")
    (whole,) = banking77(tmp_path)
    assert [own.text for own in whole.learn] == ["Where, is it?", "no"]
    assert [own.request for own in whole.test] == ["card_arrival"]


def test_folds_spread_every_label_and_never_change() -> None:
    """A label with as many examples as folds has one in each."""
    labels = ["a"] * 5 + ["b"] * 5 + ["c"]
    folds = stratified(labels, 5)
    assert sorted(folds[:5]) == sorted(folds[5:10]) == [0, 1, 2, 3, 4]
    assert folds.tolist() == stratified(labels, 5).tolist()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data.json", "{", "not valid JSON"),
        ("data.json", '{"val": []}', "no split `train`"),
        ("data.json", '{"train": [["a"]]}', "train: a row is not"),
    ],
)
def test_a_file_of_another_form_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    """The error says which file, what is wrong and what to give."""
    (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError, match=said) as raised:
        clinc150(tmp_path / name)
    assert name in raised.value.where
    with pytest.raises(SettingsError, match="holds no train"):
        hint3(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.csv", "text,label\nhi,greet\n,greet\n", "a.csv:3"),
        ("a.jsonl", '{"text": "hi", "request": "greet"}\nnonsense\n', "a.jsonl:2"),
        ("a.csv", "one,two\nhi,greet\n", "a.csv:2"),
        ("a.csv", "", "a.csv"),
    ],
)
def test_a_labelled_file_with_a_bad_row_is_refused_with_its_line(
    tmp_path: Path, name: str, content: str, where: str
) -> None:
    """File and line."""
    (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError) as raised:
        read_labelled(tmp_path / name)
    assert raised.value.where.endswith(where)


def test_labels_for_unknowns_mean_none(tmp_path: Path) -> None:
    """Whatever a data set calls them; whether they are about the same business is kept."""
    (tmp_path / "a.csv").write_text("sentence,label,in_domain\nhi,NO_NODES_DETECTED,yes\nho,oos,false\nhe,EMI,\n")
    found = read_labelled(tmp_path / "a.csv")
    assert [(own.request, own.in_domain) for own in found] == [("none", True), ("none", False), ("EMI", None)]


def test_on_real_customers_of_a_shop_it_beats_the_recorded_vendors(public_data: Path) -> None:
    """HINT3's SOFMattress: the vendors' figures are counted from their recorded predictions."""
    task = next(own for own in hint3(public_data / "triage" / "hint3") if own.name == "HINT3 sofmattress")
    found = run(task, Options(), Access())
    vendors = {own.system: own.value for own in task.published}
    assert vendors == {"bert": 73.6, "dialogflow": 73.2, "haptik": 72.3, "luis": 59.3, "rasa": 69.3}
    assert 100 * found.in_scope_accuracy > max(vendors.values())
