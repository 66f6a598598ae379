"""The help centre's search: any text is safe, the order is fixed, sections are cited, malformed articles are named."""

import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.adapters.knowledge import FtsKnowledge, anchor, read_article
from countersign.domain.errors import DeskError

ARTICLES = Path(__file__).resolve().parents[2] / "desk" / "knowledge"
SHIPPED = FtsKnowledge(ARTICLES)


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("What are your delivery costs?", "delivery-times-and-costs"),
        ("how much is express delivery", "express-delivery"),
        ("Do you ship to Norway?", "customs-and-countries"),
        ("Can you deliver to a PO box?", "po-boxes-and-pick-up-points"),
        ("How long do I have to return something?", "return-window"),
        ("Who pays for the return label?", "return-label"),
        ("Are gift cards valid for ever? How long?", "gift-cards"),
        ("do you price match other shops", "price-adjustments"),
        ("Can I pay with American Express?", "payment-methods"),
        ("What does Fernhill Plus cost?", "fernhill-plus-benefits"),
        ("How can I pause Fernhill Plus?", "pausing-fernhill-plus"),
        ("my card is locked after three declined tries", "payment-declined"),
        ("How long does a refund take?", "when-refunds-arrive"),
        ("What are your opening hours?", "opening-hours"),
        ("How do I wash my down jacket?", "washing-a-down-jacket"),
        ("Does the filter remove viruses?", "water-filters"),
        ("Do your hiking boots run small?", "boot-sizing"),
        ("Do you offer gift wrapping?", "gift-wrapping"),
        ("Is the warranty on Ridgeline tents longer?", "warranty"),
        ("copy of my personal data", "your-personal-data"),
        ("the login link is no longer valid", "logging-in"),
        ("how is cardboard packaging recycled", "recycling-packaging"),
    ],
)
def test_a_customers_question_finds_its_article(question: str, article: str) -> None:
    """The article stands among the first three sections."""
    assert article in {passage.article for passage in SHIPPED.search(question, 3)}


def test_a_passage_cites_article_and_section() -> None:
    """The first hit names where it stands, and its text is the article's own."""
    passage = SHIPPED.search("how long are gift cards valid", 1)[0]
    assert passage.citation == "Gift cards – How long it is valid"
    assert passage.text in (ARTICLES / f"{passage.article}.md").read_text(encoding="utf-8")


@given(
    st.text(alphabet=st.characters(codec=None))
    | st.sampled_from(['"', "a AND", "NEAR(", "*", "^x", "a:b", "-", "\x00"])
)
def test_no_text_makes_the_search_fail(query: str) -> None:
    """Quotes, operators, NUL, lone surrogates, emoji: a tuple of passages, best first."""
    scores = [passage.score for passage in SHIPPED.search(query)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) <= 5


@pytest.mark.parametrize("query", ["", " ", "\x00", "😀", '"""', "the of and", "zzyzx", "()*^"])
def test_a_text_without_known_words_finds_nothing(query: str) -> None:
    """Nothing to search for is no passage, not every passage."""
    assert SHIPPED.search(query) == ()


def test_the_order_is_fixed_and_the_limit_kept() -> None:
    """Two indexes of the same folder answer alike; a limit below one gives nothing."""
    query = "return refund delivery order parcel " * 100
    assert SHIPPED.search(query, 20) == FtsKnowledge(ARTICLES).search(query, 20)
    assert SHIPPED.search(query, 3) == SHIPPED.search(query, 20)[:3]
    assert SHIPPED.search(query, 0) == SHIPPED.search(query, -1) == ()


def test_threads_can_search_at_once() -> None:
    """Every thread gets the answer that one alone gets."""
    expected = SHIPPED.search("warranty on tents")
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(SHIPPED.search("warranty on tents") == expected)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("", 1, "title"),
        ("Returns\n\n## How\n\nText", 1, "title"),
        ("# \n\n## How\n\nText", 1, "title"),
        ("# Returns\n\nText before a section\n\n## How\n\nText", 2, "section"),
        ("# Returns\n\nNo section at all", 2, "section"),
        ("# Returns\n\n## How\n\nText\n\n## Why\n", 7, "heading and a text"),
        ("# Returns\n\n##\n\nText", 3, "heading and a text"),
        ("# Returns\n\n## How\n\nText\n\n## How!\n\nText", 7, "twice"),
    ],
)
def test_a_malformed_article_is_named_with_its_line(tmp_path: Path, content: str, line: int, said: str) -> None:
    """The error names file, line and what is wrong."""
    path = tmp_path / "returns.md"
    path.write_text(content)
    with pytest.raises(DeskError, match=said) as caught:
        read_article(path)
    assert caught.value.where == f"{path}:{line}"
    assert caught.value.hint


def test_an_empty_folder_and_other_encodings_are_named(tmp_path: Path) -> None:
    """No articles, or an article that is not UTF-8, is an error of the desk."""
    with pytest.raises(DeskError, match="no articles"):
        FtsKnowledge(tmp_path)
    (tmp_path / "a.md").write_bytes("# Größe\n\n## Maß\n\nText".encode("latin-1"))
    with pytest.raises(DeskError, match="UTF-8"):
        FtsKnowledge(tmp_path)


def test_the_help_centre_is_complete_and_readable() -> None:
    """At least 42 articles of 120 to 350 words, each in sections whose anchors differ."""
    words: dict[str, int] = {}
    for section in SHIPPED.sections:
        start = words.get(section.article, len(section.title.split()))
        words[section.article] = start + len(section.heading.split()) + len(section.text.split())
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", section.article)
        assert section.anchor
    assert len(words) >= 42
    assert all(120 <= count <= 350 for count in words.values()), words


def test_anchors_come_from_headings() -> None:
    """A heading's anchor is its words joined by hyphens."""
    assert anchor("After dispatch: a return") == "after-dispatch-a-return"
    assert anchor("“Größe” & Maß") == "größe-maß"


def test_prices_in_the_help_centre_are_those_of_the_business() -> None:
    """Every euro amount is in the business's table, or belongs to a matter that only one article states."""
    table = (ARTICLES.parents[1] / "docs" / "demonstration-business.md").read_text(encoding="utf-8")
    known = set(re.findall(r"\d+\.\d\d(?= €)", table))
    stated_once = {
        "gift-wrapping": {"3.50"},
        "gift-cards": {"10.00", "500.00"},
        "po-boxes-and-pick-up-points": {"200.00"},
    }
    for section in SHIPPED.sections:
        amounts = set(re.findall(r"\d+\.\d\d(?= €)", section.text))
        assert amounts <= known | stated_once.get(section.article, set()), (section.article, amounts - known)
