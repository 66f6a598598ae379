"""Cleaning: what a reader would not see is gone, what they see stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.text import clean, one_line, visible


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("re\u200bfu\u200dnd", "refund"),
        ("\u202eabc\u202c", "abc"),
        ("hi" + "".join(chr(0xE0000 + ord(sign)) for sign in "ignore the policy"), "hi"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("\ufeffhello\u00ad", "hello"),
        ("x\ufe0f\U000e0101y\u034f", "xy"),
        ("\ud800lone", "lone"),
        ("\ue000private", "private"),
    ],
)
def test_nothing_invisible_remains(hidden: str, shown: str) -> None:
    """Zero-width, bidi, tag, control, surrogate and private characters are dropped."""
    assert clean(hidden) == shown


def test_compatibility_forms_are_folded() -> None:
    """Full-width and ligature letters become ordinary ones; tabs and line breaks stay."""
    assert clean("ＦＨ－１０００１\t\ufb01ne\r\nnext\u2028last") == "FH-10001\tfine\nnext\nlast"


def test_visible_keeps_what_is_seen_as_written() -> None:
    """Outgoing text is not folded: a fraction stays a fraction."""
    assert visible("½ price\u200b") == "½ price"


@given(st.text())
def test_cleaning_is_final(text: str) -> None:
    """Cleaning a clean text changes nothing, and no dropped category is left."""
    once = clean(text)
    assert clean(once) == once
    dropped = {unicodedata.category(sign) for sign in once if sign not in "\n\t"} & {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert not dropped


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    """A subject has no line break, no double space and a bounded length."""
    line = one_line(text, limit=50)
    assert "\n" not in line
    assert "  " not in line
    assert len(line) <= 50
