"""Cassettes: what one run was told, another is told again; a miss is loud and says what has changed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from countersign.domain.errors import ModelError, ReplayMismatchError, SettingsError
from countersign.domain.exchange import Kept
from countersign.domain.frozen import Frozen
from countersign.ledger.calls import SqlCalls
from countersign.llm.cassette import Cassette, Recording, Seats, read_cassette, write_cassette
from countersign.llm.models import SeatedModels
from tests.llm.conftest import STEP, Bench
from tests.llm.odd_server import KEY, OddServer, completion, failed


class Colour(Frozen):
    """A blank to fill."""

    name: str


class Hue(Frozen):
    """Another one."""

    name: str
    dark: bool


def record(bench: Bench, odd: OddServer, folder: Path) -> None:
    """A form, a chat and a failure, on a cassette."""
    odd.answers = [completion({"content": '{"name": "red"}'}), completion(), failed(400)]
    models = bench.models({"small": odd.settings()})
    step = models.bound(bench.ref, STEP)
    step.ask("small", "colour", {"text": "a red lamp"}, Colour)
    step.chat("small").invoke("Hello?")
    with pytest.raises(ModelError):
        step.chat("small").invoke("Goodbye?")
    rows = SqlCalls(bench.ledger).exchanges([bench.ref.id])
    found = (Recording(method=how, where=where, kept=Kept.model_validate_json(text)) for where, how, text in rows)
    assert write_cassette(folder, Seats(small=models.engine("small")), found) == 3


def replay(bench: Bench, cassette: Cassette, turn: int = 2) -> list[str]:
    """The same three questions in another turn, which the journal knows nothing of."""
    step = bench.models(cassette=cassette).bound(bench.ref.model_copy(update={"turn": turn}), STEP)
    said = [step.ask("small", "colour", {"text": "a red lamp"}, Colour).name]
    said.append(str(step.chat("small").invoke("Hello?").text))
    with pytest.raises(ModelError) as raised:
        step.chat("small").invoke("Goodbye?")
    return [*said, raised.value.full_code]


def test_a_cassette_tells_everything_again(odd: OddServer, bench: Bench, tmp_path: Path) -> None:
    """Answers and failures come back without a model, cost nothing, are counted, and enter the journal."""
    record(bench, odd, tmp_path / "tape")
    cassette = read_cassette(tmp_path / "tape")
    assert replay(bench, cassette) == ["red", "Hello.", "model.request"]
    assert len(odd.asked) == 3
    assert sum(spent.recorded for spent in bench.spent()) == 3
    assert [where for where, _, _ in SqlCalls(bench.ledger).exchanges([bench.ref.id])][3:] == [
        f"{bench.ref.id} 2/{STEP}"
    ] * 3
    engine = bench.models(cassette=cassette).engine("small")
    assert engine is not None
    assert (engine.kind, engine.name) == ("recorded", "odd")
    assert bench.models(cassette=cassette).engine("large") is None


CHANGED: Mapping[str, tuple[str, dict[str, str], type[Frozen]]] = {
    "value text has changed": ("colour", {"text": "a blue lamp"}, Colour),
    "value mood is new": ("colour", {"text": "a red lamp", "mood": "calm"}, Colour),
    "form Hue is new, form Colour is gone": ("colour", {"text": "a red lamp"}, Hue),
}


@pytest.mark.parametrize("said", CHANGED)
def test_a_miss_names_the_part_that_changed(said: str, odd: OddServer, bench: Bench, tmp_path: Path) -> None:
    """The nearest recorded request says what is different; nothing is asked, nothing invented."""
    record(bench, odd, tmp_path / "tape")
    cassette = read_cassette(tmp_path / "tape")
    prompt, values, form = CHANGED[said]
    with pytest.raises(ReplayMismatchError) as raised:
        bench.models(cassette=cassette).bound(bench.ref, "9/x").ask("small", prompt, values, form)
    assert raised.value.full_code == "replay.model"
    assert said in str(raised.value)
    assert len(cassette.misses) == 1
    assert len(odd.asked) == 3


def test_a_changed_prompt_and_a_changed_message_are_named(odd: OddServer, bench: Bench, tmp_path: Path) -> None:
    """The prompt's file by its name, a message by its place."""
    record(bench, odd, tmp_path / "tape")
    models = bench.models(cassette=read_cassette(tmp_path / "tape"))
    parts = replace(models.parts, prompts={"colour": "Name the shade."})
    step = SeatedModels(parts).bound(bench.ref, "9/x")
    with pytest.raises(ReplayMismatchError, match="prompt colour has changed"):
        step.ask("small", "colour", {"text": "a red lamp"}, Colour)
    with pytest.raises(ReplayMismatchError, match="message 1 human has changed"):
        step.chat("small").invoke("Hello there?")


def test_one_request_with_two_answers_is_told_by_its_place(bench: Bench) -> None:
    """Two tickets that asked the same and were told different things are each told their own."""
    from countersign.domain.exchange import Answer

    def kept(text: str) -> Kept:
        return Kept(parts={"a": "1"}, answer=Answer(text=text))

    both = tuple(
        Recording(method="models.chat", where=where, kept=kept(where)) for where in ("CS-1001 1/x", "CS-1002 1/x")
    )
    cassette = Cassette(bench.folder, Seats(), both)
    for where in ("CS-1002 1/x", "CS-1001 1/x"):
        assert cassette.answer("models.chat", Kept(parts={"a": "1"}), where).told().text == where
    assert cassette.answer("models.chat", Kept(parts={"a": "1"}), "CS-1009 1/x").told().text == "CS-1001 1/x"


def test_a_cassette_holds_digests_of_what_was_asked(odd: OddServer, bench: Bench, tmp_path: Path) -> None:
    """Answers stand on it in full; requests as digests, and no key at all."""
    record(bench, odd, tmp_path / "tape")
    whole = "".join(path.read_text() for path in (tmp_path / "tape").iterdir())
    assert "red lamp" not in whole
    assert KEY not in whole
    assert "Hello." in whole


@pytest.mark.parametrize("broken", ["empty", "no seats", "no JSON", "another form"])
def test_what_is_no_cassette_is_said(broken: str, odd: OddServer, bench: Bench, tmp_path: Path) -> None:
    """The error names the folder or the file, and the next step."""
    folder = tmp_path / "tape"
    folder.mkdir()
    if broken != "empty":
        record(bench, odd, folder)
        file = next(path for path in sorted(folder.iterdir()) if path.name != "seats.json")
        if broken == "no seats":
            (folder / "seats.json").unlink()
        else:
            file.write_text("{" if broken == "no JSON" else json.dumps({"format": 1}))
    with pytest.raises(SettingsError) as raised:
        read_cassette(folder)
    assert str(folder) in raised.value.where
    assert raised.value.hint
