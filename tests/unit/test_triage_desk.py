"""Triage on the shipped examples: what it answers, when it abstains, and how good it is on words it has not seen.

The floors are met with room to spare by the shipped examples; measured figures stand in the model's card.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from countersign.domain.desk import Example
from countersign.triage.decide import COMPLEX, Answer
from countersign.triage.escalation import read_escalations
from countersign.triage.model import LocalTriage
from countersign.triage.report import report
from countersign.triage.store import Card, load_or_train

ROOT = Path(__file__).resolve().parents[2]
DESK = ROOT / "desk"


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """The shipped examples."""
    paths = sorted((DESK / "examples").glob("*.jsonl"))
    return [Example.model_validate(line) for path in paths for line in read_lines(path)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's model is kept."""
    return tmp_path_factory.mktemp("triage")


@pytest.fixture(scope="module")
def triage(examples: list[Example], folder: Path) -> LocalTriage:
    """The model of the shipped examples."""
    return load_or_train(examples, folder, escalations=read_escalations(DESK / "escalate.toml"))


def requests_of(triage: LocalTriage, text: str) -> list[str]:
    return [intent.request for intent in triage.predict("", text, "en").intents]


def test_there_are_enough_examples_of_every_request(examples: list[Example]) -> None:
    """At least 100 for each of the 21 requests, 250 that no request covers, no two the same, all marked synthetic."""
    counts = Counter(example.request for example in examples)
    assert len(counts) == 22
    assert counts.pop("none") >= 250
    assert min(counts.values()) >= 100
    assert len({example.text.lower() for example in examples}) == len(examples) >= 2400
    assert all(example.synthetic for example in examples)


def test_held_out_examples_are_answered_rightly_or_not_at_all(triage: LocalTriage, folder: Path) -> None:
    """On unseen wording: at least 60 % answered, 95 % of the answers right, under 1 % of single requests split."""
    assert triage.model.calibration.threshold < 1
    card = Card.model_validate_json(next(folder.glob("*.json")).read_bytes())
    assert card.held_out.coverage >= 0.60
    assert card.held_out.accuracy >= 0.95
    assert card.held_out.split <= 0.01
    assert card.held_out.abstained_on_none >= 0.90


def test_messages_written_apart_from_the_examples_are_understood(triage: LocalTriage) -> None:
    """At least 70 % are answered, 95 % of the answers right, and what no request covers is left alone."""
    messages = [Example.model_validate(line) for line in read_lines(Path(__file__).parent / "triage_messages.jsonl")]
    found = report((m.request, Answer(intents=triage.predict("", m.text, "en").intents)) for m in messages)
    assert found.examples >= 60
    assert found.coverage >= 0.70
    assert found.accuracy >= 0.95
    assert found.abstained_on_none >= 0.85


def test_two_requests_in_one_message_are_both_found(triage: LocalTriage) -> None:
    """At least 70 % are split as they should be, and at most one in ten gets only half an answer; none a wrong one."""
    messages = read_lines(Path(__file__).parent / "triage_two_requests.jsonl")
    found = [(message["requests"], requests_of(triage, message["text"])) for message in messages]
    assert len(found) >= 25
    assert sum(expected == named for expected, named in found) >= 0.70 * len(found)
    assert sum(len(named) == 1 for _, named in found) <= 0.10 * len(found)
    assert all(set(named) <= set(expected) for expected, named in found)


def test_an_intent_carries_the_span_it_was_read_from(triage: LocalTriage) -> None:
    """The spans are parts of the message, in its order."""
    text = "I was charged twice for order FH-11003. Besides that, please close my account, I won't be ordering again."
    found = triage.predict("", text, "en")
    assert [intent.request for intent in found.intents] == ["double_charge", "close_account"]
    assert all(intent.text in text and 0 < intent.confidence <= 1 for intent in found.intents)
    assert found.model == triage.digest


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("", "en", "empty"),
        (" \n\t ", "und", "empty"),
        ("!!! ???", "en", "empty"),
        ("help", "en", "too short"),
        ("Wo ist mein Paket?", "de", "unsupported language: de"),
        ("Where is my order? If it is not here by Friday my lawyer will write.", "en", "legal threat"),
        ("My stove caught fire, please replace it", "en", "safety"),
        ("I want to end my life", "en", "urgent: a person may be in danger"),
        ("I don't see the point of living any more. Where is FH-10001?", "en", "urgent: a person may be in danger"),
        ("I am a journalist, where is your press office?", "en", "press enquiry"),
        ("We are looking for a speaker for our annual fair in Hanover", "en", "no request covers it"),
        ("Where is my order? " + "It was a long story with many turns. " * 40, "en", COMPLEX),
    ],
)
def test_an_abstention_gives_its_reason(triage: LocalTriage, text: str, language: str, reason: str) -> None:
    """Each kind of message that a person must see is named as such."""
    found = triage.predict("", text, language)
    assert found.abstained
    assert not found.intents
    assert found.reasons == (reason,)


def test_a_message_that_asks_four_things_is_complex(triage: LocalTriage) -> None:
    """More than three requests in one message go to a person."""
    text = (
        "Where is my order FH-10555, it should have arrived last week? Please send me the invoice for order FH-10400. "
        "Please cancel my Fernhill Plus membership. I was charged twice for order FH-10300. "
        "I can't log in to my account, the login link has expired."
    )
    assert triage.predict("", text, "en").reasons == (COMPLEX,)


@pytest.mark.parametrize(
    "text", ["\x00\x00 \x00 parcel", "\ud800 where is my order", "😀 " * 300, "a" * 100_000, "﷽ ⁧x"]
)
def test_no_text_makes_it_fail(triage: LocalTriage, text: str) -> None:
    """Whatever a message holds, the answer is a triage."""
    found = triage.predict(text, text, "en")
    assert found.abstained == (not found.intents)


def test_the_rules_are_part_of_the_digest(triage: LocalTriage, examples: list[Example], folder: Path) -> None:
    """A desk with other phrases that escalate is not the same triage."""
    assert load_or_train(examples, folder).digest != triage.digest


def test_importing_triage_loads_no_scientific_library() -> None:
    """Commands that do not predict do not pay for scikit-learn."""
    code = "import sys, countersign.triage.store; print({'sklearn', 'numpy', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("split", "least"), [("oos_train", 0.85), ("oos_val", 0.85), ("val", 0.85)])
def test_questions_that_are_not_a_shops_business_are_left_alone(
    triage: LocalTriage, public_data: Path, split: str, least: float
) -> None:
    """Of clinc150's queries, out of scope or about banks, travel and kitchens, at least 85 % are abstained on."""
    queries = json.loads((public_data / "triage" / "clinc150" / "dev.json").read_text())[split]
    shop = {"order_status", "card_declined", "order", "replacement_card_duration", "damaged_card", "account_blocked"}
    foreign = [text for text, intent in queries if intent not in shop]
    abstained = sum(triage.predict("", text, "en").abstained for text in foreign)
    assert abstained >= least * len(foreign)
