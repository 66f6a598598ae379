"""People teach the desk: labels, a candidate's trial, promotion, rollback, and files that are not believed."""

import json
import logging
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from countersign.domain.errors import RejectedError, SettingsError, StorageError
from countersign.domain.review import Close, TakeOver
from countersign.ledger import labels, models
from countersign.ledger.check import check_ledger
from countersign.review import answer, shown
from countersign.runtime import Runtime
from tests.conftest import SteppingClock
from tests.graph.teaching import MAYA, NEW_WORDS, deliver, label_all, small_desk, taught


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk with few examples, for all tests of this file."""
    return small_desk(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def learnt_var(prepared_var: Path, desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runtime files with version 1 in use, learnt from six labels; never run in."""
    var = Path(shutil.copytree(prepared_var, tmp_path_factory.mktemp("learnt") / "var"))
    with taught(var, desk, SteppingClock()) as runtime:
        label_all(runtime, "double_charge")
        assert runtime.triage.learn(by="ines", margin=0.2).learnt.version == 1
    return var


@pytest.fixture
def var(learnt_var: Path, tmp_path: Path) -> Path:
    """Runtime files of this test's own, with version 1 in use."""
    return Path(shutil.copytree(learnt_var, tmp_path / "var"))


@pytest.fixture
def runtime(var: Path, desk: Path, clock: SteppingClock) -> Generator[Runtime]:
    """The small desk, with version 1 in use."""
    with taught(var, desk, clock) as opened:
        yield opened


def events(runtime: Runtime, name: str) -> list[dict[str, object]]:
    """The audit's bodies of one kind, with who it was, oldest first."""
    with runtime.ledger.file.reading() as connection:
        query = "SELECT actor, ref, body FROM audit WHERE event = ? ORDER BY seq"
        rows = connection.exec_driver_sql(query, (name,)).all()
    return [{"actor": row.actor, "ref": row.ref, **json.loads(row.body)} for row in rows]


def model_file(var: Path) -> Path:
    """The file of version 1."""
    return next((var / "triage" / "learnt").glob("*/*.npz"))


def version_of(runtime: Runtime, text: str) -> int | None:
    """Which version triaged a message that arrives now."""
    state = runtime.state(deliver(runtime, text).id)
    assert state is not None
    triage = state.get("triage")
    return triage.version if triage else None


def test_what_was_learnt_is_known_and_said_to_be(runtime: Runtime) -> None:
    """Words that only labels had are understood; data, figures, libraries, file and promoter stand in the list."""
    assert deliver(runtime, "The direct debit has been collected from my giro account again today.").requests == (
        "double_charge",
    )
    listed = tuple(runtime.triage.models())
    assert [(one.version, one.in_use, one.trouble) for one in listed] == [(1, True, ""), (0, False, "")]
    model = listed[0].model
    assert model is not None
    assert (model.by, len(model.labels), model.examples) == ("ines", 6, 206)
    assert set(model.libraries) >= {"scikit-learn", "numpy"}
    assert len(model.sha256) == len(model.data) == 64
    assert model.comparison.candidate.right > model.comparison.in_use.right
    assert [(one.act, one.by) for one in listed[0].promoted] == [("promote", "ines")]
    assert events(runtime, "model.promoted")[0]["sha256"] == model.sha256
    assert check_ledger(runtime.ledger.file.path) == ()


def test_a_label_is_kept_once_without_personal_details(runtime: Runtime) -> None:
    """Numbers and addresses are masked; who, when, where from and what triage had said are kept; twice is once."""
    text = (
        "My parcel FH-10001 never came, pay to GB29 NWBK 6016 1331 9268 19 or mail me: maya@home.example, 0171 555 0199"
    )
    ticket = deliver(runtime, text)
    label = runtime.triage.label(ticket.id, "where_is_my_order", by="tomas")
    assert label == runtime.triage.label(ticket.id, "where_is_my_order", by="tomas")
    assert not any(secret in label.text for secret in ("10001", "NWBK", "maya", "0171"))
    assert (label.by, label.source, label.turn) == ("tomas", "label", 1)
    assert len(labels.standing(runtime.ledger)) == 7
    given = events(runtime, "label.given")[-1]
    assert (given["actor"], given["ref"], given["label"]) == ("tomas", ticket.id, label.id)
    assert "never came" not in json.dumps(given)


def test_a_later_word_takes_the_earlier_ones_place(runtime: Runtime) -> None:
    """Of two labels on one turn the later counts, whoever gave the earlier."""
    ticket = labels.standing(runtime.ledger)[0].ticket
    runtime.triage.label(ticket, "none", by="tomas")
    found = [label for label in labels.standing(runtime.ledger) if label.ticket == ticket]
    assert [(label.requests, label.by) for label in found] == [(("none",), "tomas")]


@pytest.mark.parametrize(
    ("requests", "by", "code"),
    [
        (("double_charge",), "nobody", "rejected.unknown_person"),
        (("double_charg",), "maria", "settings"),
        (("none", "double_charge"), "maria", "settings"),
        ((), "maria", "settings"),
    ],
)
def test_a_wrong_label_is_refused(runtime: Runtime, requests: tuple[str, ...], by: str, code: str) -> None:
    """An unknown person, an unknown request, `none` in company, nothing at all: nothing is kept."""
    before = labels.standing(runtime.ledger)
    with pytest.raises((RejectedError, SettingsError)) as caught:
        runtime.triage.label(before[0].ticket, *requests, by=by)
    assert caught.value.full_code == code
    assert labels.standing(runtime.ledger) == before


def test_an_answer_to_a_hand_over_may_carry_a_label(runtime: Runtime) -> None:
    """Taking over and closing say what the message asked; an unknown request is refused before anything is written."""
    ticket = deliver(runtime, "Do you hire people for the summer? I would love to work in your warehouse.")
    assert ticket.status == "handed_over"
    asked = shown(runtime, ticket.id)
    with pytest.raises(SettingsError):
        answer(runtime, ticket.id, TakeOver(), "maria", asked.digest, ["nonne"])
    answer(runtime, ticket.id, TakeOver(), "maria", asked.digest, ["none"])
    answer(runtime, ticket.id, Close(), "tomas", shown(runtime, ticket.id).digest, ["none"])
    found = [label for label in labels.standing(runtime.ledger) if label.ticket == ticket.id]
    assert [(label.source, label.by) for label in found] == [("review", "tomas")]


@pytest.mark.parametrize(
    ("by", "code"),
    [("nobody", "rejected.unknown_person"), ("maria", "rejected.not_permitted"), ("", "settings")],
)
def test_only_a_person_with_the_role_puts_a_model_into_use(runtime: Runtime, by: str, code: str) -> None:
    """Learning and rolling back are refused alike, and the audit keeps that they were."""
    for act in (runtime.triage.learn, runtime.triage.roll_back):
        with pytest.raises((RejectedError, SettingsError)) as caught:
            act(by=by)
        assert caught.value.full_code == code
    assert models.in_use(runtime.ledger) == 1
    assert len(events(runtime, "learning.refused")) == (1 if by else 0)


def test_a_dry_run_and_nothing_new_promote_nothing(runtime: Runtime) -> None:
    """Without new labels there is nothing to learn; a dry run shows the comparison and needs nobody."""
    again = runtime.triage.learn(by="ines").learnt
    assert (again.version, again.comparison) == (None, None)
    label_all(runtime, "double_charge", ("You collected the direct debit again, says my bank.",))
    tried = runtime.triage.learn(dry_run=True).learnt
    assert tried.comparison is not None
    assert (tried.version, tried.comparison.known, models.in_use(runtime.ledger)) == (None, 7, 1)


def test_a_worse_model_is_not_promoted(runtime: Runtime) -> None:
    """Labels that contradict the examples make it worse: it stays out, with the reasons, and the audit keeps that."""
    wrong = tuple(f"{text} Cancel my order please, I do not want it." for text in NEW_WORDS)
    for text in wrong:
        runtime.triage.label(deliver(runtime, text).id, "where_is_my_order", by="tomas")
    for label in labels.standing(runtime.ledger)[:6]:
        runtime.triage.label(label.ticket, "none", by="tomas")
    found = runtime.triage.learn(by="ines", margin=0).learnt
    assert found.comparison is not None
    assert found.comparison.against
    assert (found.version, models.in_use(runtime.ledger)) == (None, 1)
    assert events(runtime, "model.kept_out")[0]["actor"] == "ines"
    assert len(list((runtime.settings.var / "triage" / "learnt").iterdir())) == 1


def test_a_running_desk_takes_the_version_in_use_from_the_next_message_on(
    runtime: Runtime, var: Path, desk: Path, clock: SteppingClock
) -> None:
    """Another process rolls back and forth: each message is triaged by the version in use when it is its turn."""
    assert version_of(runtime, "Where is my parcel? It should be here by now.") == 1
    with taught(var, desk, clock) as other:
        assert other.triage.roll_back(by="ines") == 0
    assert version_of(runtime, "Where is my other parcel? It is late too.") == 0
    with taught(var, desk, clock) as other:
        assert other.triage.roll_back(1, by="ines") == 1
    assert version_of(runtime, "And where is my third parcel, please?") == 1
    assert [one["version"] for one in events(runtime, "model.rolled_back")] == [0, 1]


def _tamper(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def _older(path: Path) -> None:
    """A sound file, made from other data, with a card that fits it."""
    own = next(path.parents[2].glob("*.npz"))
    card = json.loads(own.with_suffix(".json").read_text()) | {"model": path.stem}
    shutil.copy(own, path)
    path.with_suffix(".json").write_text(json.dumps(card))


def _lower_thresholds(path: Path) -> None:
    card = json.loads(path.with_suffix(".json").read_text())
    card["calibration"]["threshold"] = 0.01
    path.with_suffix(".json").write_text(json.dumps(card))


@pytest.mark.parametrize("damage", [_tamper, _truncate, _older, _lower_thresholds, Path.unlink])
def test_a_file_that_is_not_the_ledgers_is_refused_and_the_last_good_one_answers(
    var: Path, desk: Path, clock: SteppingClock, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    """At the start the desk's own examples answer, with a warning; it can't be rolled back to; the list says why."""
    assert callable(damage)
    damage(model_file(var))
    with caplog.at_level(logging.WARNING), taught(var, desk, clock) as runtime:
        assert "an earlier model is used" in caplog.text
        assert version_of(runtime, "Where is my parcel? It should be here by now.") == 0
        assert [bool(one.trouble) for one in runtime.triage.models()] == [True, False]
        assert runtime.triage.roll_back(by="ines") == 0
        with pytest.raises(StorageError) as caught:
            runtime.triage.roll_back(1, by="ines")
        assert caught.value.full_code == "storage.model"
        assert models.in_use(runtime.ledger) == 0


def test_a_running_desk_keeps_its_model_where_the_new_one_is_refused(
    runtime: Runtime, var: Path, clock: SteppingClock, desk: Path
) -> None:
    """A version whose file is damaged after its promotion is passed over by whoever has an earlier one loaded."""
    with taught(var, desk, clock) as other:
        label_all(other, "double_charge", ("You collected the direct debit again, says my bank.",))
        assert other.triage.learn(by="ines", margin=0.2).learnt.version == 2
    newest = models.find(runtime.ledger, 2)
    _truncate(var / "triage" / "learnt" / newest.place / f"{newest.name}.npz")
    assert version_of(runtime, "Where is my parcel? It should be here by now.") == 1


def test_a_model_that_names_what_the_desk_does_not_have_is_refused(
    var: Path, desk: Path, clock: SteppingClock, tmp_path: Path
) -> None:
    """A request that was taken out of the desk can't be named any more."""
    other = Path(shutil.copytree(desk, tmp_path / "desk"))
    for name in ("requests/billing.toml", "signals.toml"):
        text = (other / name).read_text()
        (other / name).write_text(text.replace("double_charge", "billed_twice"))
    path = other / "examples" / "double_charge.jsonl"
    path.write_text(path.read_text().replace('"double_charge"', '"billed_twice"'))
    with taught(var, other, clock) as runtime:
        assert "double_charge" in next(iter(runtime.triage.models())).trouble


def test_a_customers_labels_are_removed_for_good(runtime: Runtime) -> None:
    """Their text is emptied and not learnt from again; the list says that the version in use still knows it."""
    tickets = {label.ticket for label in labels.standing(runtime.ledger)}
    assert labels.forget(runtime.ledger, tickets, "hanne", runtime.deps.clock.now()) == 6
    assert labels.forget(runtime.ledger, tickets, "hanne", runtime.deps.clock.now()) == 0
    assert labels.standing(runtime.ledger) == ()
    with runtime.ledger.file.reading() as connection:
        assert set(connection.exec_driver_sql("SELECT text FROM labels").scalars()) == {""}
    assert next(iter(runtime.triage.models())).removed == 6
    assert [one["actor"] for one in events(runtime, "label.removed")] == ["hanne"] * 6
    assert runtime.triage.learn(by="ines", margin=0.2).learnt.labels == 0


def test_one_learning_at_a_time(runtime: Runtime) -> None:
    """A second one is refused while the first has the lock; a promotion in between refuses the first."""
    label_all(runtime, "double_charge", ("You collected the direct debit again, says my bank.",))
    with runtime.locks.held("triage-learning"), pytest.raises(RejectedError) as caught:
        runtime.triage.learn(by="ines")
    assert caught.value.full_code == "rejected.learning"

    def meanwhile(stage: str) -> None:
        if stage == "putting it into use":
            runtime.triage.roll_back(by="ines")

    from countersign.learning import learn

    with pytest.raises(RejectedError) as caught:
        learn(runtime, "ines", margin=0.2, on_stage=meanwhile)
    assert caught.value.full_code == "rejected.superseded"
    assert models.in_use(runtime.ledger) == 0


def test_the_picture_of_what_was_learnt(runtime: Runtime) -> None:
    """List and result show themselves, in a notebook too."""
    assert "promoted by ines" in runtime.triage.models()._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "nothing new" in runtime.triage.learn(by="ines")._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert MAYA not in runtime.triage.models()._repr_html_()  # pyright: ignore[reportPrivateUsage]
