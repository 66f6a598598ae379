"""Triage's pure parts: how a text is masked and cut, how guesses become an answer, which phrases escalate."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.desk import Example
from countersign.domain.errors import DeskError
from countersign.triage import groups
from countersign.triage.decide import COMPLEX, DISAGREE, UNCOVERED, UNSURE, Calibration, Guess, decide
from countersign.triage.escalation import Escalation, read_escalations, reasons_in
from countersign.triage.report import report
from countersign.triage.text import mask, segments, sentences

FIGURES = Calibration(threshold=0.8, split_threshold=0.99, doubt_threshold=0.95)
LEGAL = Escalation(reason="legal threat", phrases=("my lawyer", "gas leak*"))


def guess(request: str, confidence: float) -> Guess:
    return Guess(request=request, confidence=confidence, text=f"about {request}")


def test_a_mask_hides_what_differs_between_two_customers() -> None:
    """Order numbers, amounts, addresses, links and digits become what they are."""
    masked = mask("My ORDER fh-10234 cost 59,90 €. Write to a.b@c.example, see https://x.example/1, size 42")
    assert masked == "my order ordernumber cost amount . write to mailaddress see weblink size 0"


def test_sentences_join_lines_that_a_mail_program_wrapped() -> None:
    """A line of 50 characters or more goes on in the next one; a short one ends where the writer ended it."""
    text = "Hello,\nI would like to know when the parcel with my new tent will be\ndelivered to me.\nTom"
    assert sentences(text) == [
        "Hello,",
        "I would like to know when the parcel with my new tent will be delivered to me.",
        "Tom",
    ]


def test_a_clause_with_a_request_of_its_own_is_a_segment() -> None:
    """Two requests in one sentence are cut where the second begins; scraps are left out."""
    assert segments("Hi. Please cancel my order and close my account", 3) == [
        "Please cancel my order",
        "close my account",
    ]


@pytest.mark.parametrize("piece", ["a", "1", " ", "a@", ".", "and ", ";", "€1", "ab-1", "x, and ", "\n", "\t \n"])
def test_long_texts_take_linear_time(piece: str) -> None:
    """What would take a pattern with unbounded repetitions hours is masked and cut at once."""
    text = piece * 60_000
    assert len(mask(text)) <= 20 * len(text)
    assert len(segments(text, 3)) <= len(text)


@given(st.text())
def test_every_text_can_be_masked_and_cut(text: str) -> None:
    """No text makes masking or cutting fail, and segments hold at least the words asked for."""
    assert mask(text) == mask(text).lower()
    assert all(len(part.split()) >= 1 for part in segments(text, 3))


def test_a_sure_text_is_answered_and_an_unsure_one_is_not() -> None:
    """The whole text's guess counts from the threshold on."""
    assert [intent.request for intent in decide(guess("a", 0.8), [], FIGURES).intents] == ["a"]
    assert decide(guess("a", 0.79), [], FIGURES).reason == UNSURE


def test_none_is_an_abstention_however_sure() -> None:
    """The class of what no request covers is never an intent."""
    assert decide(guess("none", 1.0), [], FIGURES).reason == UNCOVERED


def test_two_sure_segments_are_two_intents_in_order() -> None:
    """Each intent carries the span it was read from."""
    answer = decide(guess("b", 0.9), [guess("a", 0.995), guess("b", 0.999), guess("none", 1.0)], FIGURES)
    assert [(intent.request, intent.text) for intent in answer.intents] == [("a", "about a"), ("b", "about b")]


def test_a_segment_that_hints_at_something_else_stops_the_answer() -> None:
    """Half an answer is withheld: a hint below the split threshold makes it an abstention."""
    assert decide(guess("a", 0.99), [guess("a", 1.0), guess("b", 0.96)], FIGURES).reason == DISAGREE
    assert decide(guess("a", 0.99), [guess("a", 1.0), guess("b", 0.94)], FIGURES).intents


def test_more_than_three_requests_are_complex() -> None:
    """A message that asks four things goes to a person."""
    assert decide(guess("a", 1.0), [guess(name, 1.0) for name in "abcd"], FIGURES).reason == COMPLEX
    assert len(decide(guess("a", 1.0), [guess(name, 1.0) for name in "abc"], FIGURES).intents) == 3


def test_escalation_finds_whole_words_in_any_case_and_spacing() -> None:
    """A phrase matches across line breaks and ignores case, but not inside other words; a star allows endings."""
    assert reasons_in("I will ask MY\n Lawyer!", [LEGAL]) == ("legal threat",)
    assert reasons_in("the gas leaked", [LEGAL]) == reasons_in("gas leaks", [LEGAL]) == ("legal threat",)
    assert reasons_in("dummy lawyers, gasleak", [LEGAL]) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[legal]\nreason = 'x'\nphrases = []", "legal.phrases"),
        ("[legal]\nphrases = ['my lawyer']", "legal.reason"),
        ("[legal", "not valid TOML"),
        ("[legal]\nreason = 'x'\nphrases = ['a']", "legal.phrases.0"),
        ("[legal]\nreason = 'x'\nphrases = ['  * ']", "legal.phrases.0"),
    ],
)
def test_a_malformed_escalation_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    """The error names the file and the field."""
    path = tmp_path / "escalate.toml"
    path.write_text(content)
    with pytest.raises(DeskError, match=r"escalate\.toml") as caught:
        read_escalations(path)
    assert said in str(caught.value)


def test_examples_that_share_a_phrase_share_a_group_and_a_fold() -> None:
    """Near-copies never stand on both sides of a split; phrases of every request link nothing."""
    texts = {"a": "The kettle has arrived with a dent", "b": "My parcel is three weeks late now"}
    examples = [
        Example(text=f"{filler} {text}, sadly. Many thanks in advance, Tom.", request=name)
        for name, text in texts.items()
        for filler in ("Hello.", "Hi there.")
    ]
    examples.append(Example(text="One of the cups was cracked right through.", request="a"))
    names = groups.group(examples)
    assert names[0] == names[1] != names[4]
    assert names[2] == names[3]
    folds = groups.folds(names, 2)
    assert folds[0] == folds[1] != folds[4]


def test_a_report_counts_a_split_answer_as_wrong() -> None:
    """Right is the expected request and no other."""
    both = decide(guess("a", 1.0), [guess("a", 1.0), guess("b", 1.0)], FIGURES)
    one = decide(guess("a", 1.0), [], FIGURES)
    unsure = decide(guess("a", 0.1), [], FIGURES)
    found = report([("a", both), ("a", one), ("a", unsure), ("none", one), ("none", unsure)])
    assert (found.coverage, found.accuracy, found.abstained_on_none, found.split) == (0.6667, 0.3333, 0.5, 0.3333)
