"""Texts that somebody else wrote: a reader's view of them, whatever they try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.untrusted import readable


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Leave it at the door.", "Leave it at the door."),
        ("a < b and c > d", "a < b and c > d"),
        ("I <3 this tent", "I <3 this tent"),
        ("one<br>two", "one two"),
        ("<p>plain</p>", "plain"),
        ("<b>bold</b> and <i style='display:none'>gone</i> on", "bold and on"),
        ("a<!-- b -->c", "ac"),
        ("<div hidden>a<div>b</div>c</div>d", "d"),
        ("<div hidden>a<b>b</div>c", "c"),
        ("<style>p{}</style>x", "x"),
        ("&#82;&#101;fund", "&#82;&#101;fund"),
        ("<p>&#82;&#101;fund</p>", "Refund"),
        ("zero\u200bwidth\u2060joiner", "zerowidthjoiner"),
        ("\u202eright to left\u202c", "right to left"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("half \ud800 of it", "half \ufffd of it"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("\uff34\uff25\uff2e\uff34", "TENT"),
    ],
)
def test_what_a_reader_sees_is_what_is_left(text: str, seen: str) -> None:
    """Markup, hidden elements, invisible characters and secrets are gone; plain words and signs stay."""
    assert " ".join(readable(text).split()) == seen


def test_nothing_escapes_by_length() -> None:
    """The limit holds, and markup that never ends is read once."""
    assert len(readable("x" * 10_000, 50)) == 50
    assert readable("<" * 5_000 + "a", 100).count("<a") == 0


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_taken_and_stays_as_it_is(text: str) -> None:
    """No text raises; what comes out can be encoded, holds no tag, and is its own reader's view."""
    seen = readable(text)
    seen.encode("utf-8")
    assert "<a" not in seen.lower()
    assert readable(seen) == seen
