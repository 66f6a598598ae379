"""What is learnt from, and when a candidate is worse: the pure part of learning."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from countersign.domain.desk import Example
from countersign.domain.learning import Figures, Label
from countersign.triage.classifier import Options
from countersign.triage.decide import Answer
from countersign.triage.learning import LEAST_EXAMPLES, Contender, Lessons, Past, compare, label_text, lessons, worse_by
from countersign.triage.store import load_or_train
from countersign.triage.text import mask
from tests.unit.test_triage_store import EXAMPLES

REQUESTS = {"cancel_order", "invoice_copy"}


def label(text: str, *requests: str, name: str = "", language: str = "en") -> Label:
    return Label(
        id=name or text, ticket="CS-1001", turn=1, requests=requests, text=text, language=language, said=(),
        source="label", by="maria", at=datetime(2026, 11, 20, tzinfo=UTC),
    )  # fmt: skip


def learnt(*labels: Label) -> Lessons:
    return lessons(EXAMPLES, labels, REQUESTS, ("en",))


def test_labels_join_the_examples_in_one_order() -> None:
    """Each label stands where its place says; the order does not depend on that of the labels."""
    one, two = label("scrap it", "cancel_order"), label("no thanks at all", "none")
    found = learnt(one, two)
    assert found.examples == learnt(two, one).examples
    assert len(found.examples) == len(EXAMPLES) + 2
    assert found.examples[found.places["scrap it"]] == Example(text="scrap it", request="cancel_order")
    assert found.left_out == ()


def test_a_label_takes_the_place_of_an_example_with_the_same_words() -> None:
    """What a person says of a text stands; of two labels on the same text, the later one."""
    text = EXAMPLES[0].text
    found = learnt(label(text, "none", name="a"), label(text, "invoice_copy", name="b"))
    assert len(found.examples) == len(EXAMPLES)
    assert set(found.places) == {"b"}
    assert [example.request for example in found.examples if example.text == text] == ["invoice_copy"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (label("x y z", "cancel_order", "invoice_copy"), "several requests"),
        (label("x y z", "gone_request"), "no request gone_request"),
        (label("wo ist es", "cancel_order", language="de"), "its language is de"),
        (label("", "cancel_order"), "no text"),
    ],
)
def test_a_label_that_teaches_nothing_is_left_out_with_the_reason(given: Label, why: str) -> None:
    """It is named, and the rest is learnt from."""
    (said,) = learnt(given).left_out
    assert said.startswith(f"{given.id} of CS-1001: ")
    assert why in said


def test_a_request_needs_a_few_examples_before_it_is_learnt() -> None:
    """Three labels of a request that has no example wait for a fourth."""
    given = [label(f"new words {number}", "new_request") for number in range(LEAST_EXAMPLES)]
    few = lessons(EXAMPLES, given[:-1], {*REQUESTS, "new_request"}, ("en",))
    assert (len(few.places), len(few.left_out)) == (0, LEAST_EXAMPLES - 1)
    assert len(lessons(EXAMPLES, given, {*REQUESTS, "new_request"}, ("en",)).places) == LEAST_EXAMPLES


@pytest.mark.parametrize(
    "text",
    [
        "Where is FH-10001?\nCall 0171 555 0199, or write to Maya@Home.example!",
        "I paid €12.50 on https://shop.example/x?y=1 … 4 times",
        "#12345 AB 12345678",
    ],
)
def test_a_kept_text_trains_as_the_message_would(text: str) -> None:
    """Masking is done once and for all: masking again changes nothing, and no digit but 0 is left."""
    kept = label_text("", text)
    assert mask(kept) == mask(text)
    assert not set(kept) & set("123456789@")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Contender:
    """A model that answers nothing to what was held out."""
    loose = Options(target_error=0.5, confidence=0.5)
    model = load_or_train(EXAMPLES, tmp_path_factory.mktemp("triage"), options=loose)
    return Contender(model, [Answer() for _ in EXAMPLES], {})


def past(number: int, text: str, *known: str, label: str = "") -> Past:
    return Past(ticket=f"CS-{number}", turn=1, subject="", text=text, language="en", known=known, label=label)


def test_a_past_turn_that_was_learnt_from_is_judged_by_what_was_said_without_it(reader: Contender) -> None:
    """The held-out answer counts, and the desk's rules before it."""
    said = reader.reader.predict("", "please cancel the order", "en").intents
    own = Contender(reader.reader, [Answer(intents=said)], {"L-1": 0})
    assert own.named(past(1, "no words of that kind", label="L-1")) == ("cancel_order",)
    assert own.named(replace(past(2, "Worte anderer Art", label="L-1"), language="de")) == ()


def test_worse_past_turns_are_counted_and_named(reader: Contender) -> None:
    """A right answer that would be lost and a wrong one that would be given both speak against a candidate."""
    found = learnt()
    right = Contender(reader.reader, reader.held_out, {})
    said = reader.reader.predict("", "please cancel the order", "en").intents
    blind = Contender(reader.reader, [Answer(), Answer(intents=said), *reader.held_out[2:]], {"a": 0, "b": 1})
    turns = [
        past(1, "please cancel the order", "cancel_order", label="a"),
        past(2, "what a lovely tower", "none", label="b"),
    ]
    told = compare(found, turns, right, blind, margin=0.0)
    assert (told.in_use.right, told.in_use.wrong, told.in_use.left) == (2, 0, 0)
    assert (told.candidate.right, told.candidate.wrong, told.candidate.left) == (0, 1, 1)
    assert told.changes == ("CS-1 turn 1: cancel_order → abstains", "CS-2 turn 1: abstains → cancel_order")
    assert any("0 of 2 past turns are answered rightly, 2 before" in why for why in told.against)
    assert any("1 of 2 past turns are answered wrongly, 0 before" in why for why in told.against)
    assert compare(found, turns, right, right, margin=0.0).against == ()


def test_the_margin_is_kept_to_the_letter() -> None:
    """Exactly the margin is not worse; a hair more is."""
    before = Figures(coverage=0.8, accuracy=0.97, abstained_on_none=0.9, right=90, wrong=2, left=8)
    same = before.model_copy(update={"coverage": 0.79, "right": 89, "wrong": 3})
    worse = before.model_copy(update={"coverage": 0.789, "accuracy": 0.9, "right": 88, "wrong": 4})
    assert worse_by(before, same, 100, 0.01) == []
    assert len(worse_by(before, worse, 100, 0.01)) == 4


def test_importing_learning_loads_no_scientific_library() -> None:
    """Commands that do not learn do not pay for scikit-learn."""
    code = "import sys, countersign.triage.learning; print({'sklearn', 'numpy', 'scipy'} & set(sys.modules))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "set()"
