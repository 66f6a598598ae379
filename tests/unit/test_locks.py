"""Locks hold: what a reply states comes back as it was, or the new wording does not count."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign.quality.locks import lock, unlock, weighty

REPLY = (
    "Hello Maya Ellingham,\n\nyour order FH-10001 over EUR 129.00 left on 14 November 2026. Follow it at "
    "https://track.swiftline.example/SW73. Questions? help@fernhill.example.\n\nTicket CS-1001"
)


def test_everything_stated_is_locked() -> None:
    """Name, order, amount, date, link, address and ticket number stand behind locks; the words do not."""
    locked = lock(REPLY, ["Maya Ellingham"])
    assert locked.text == (
        "Hello [[1]],\n\nyour order [[2]] over [[3]] left on [[4]]. Follow it at "
        "[[5]]. Questions? [[6]].\n\nTicket [[7]]"
    )
    assert unlock(locked.text, locked) == REPLY


def test_pieces_may_move() -> None:
    """Another language has another order of words."""
    locked = lock("On 14 November 2026 we had EUR 5.00.", ())
    assert unlock("EUR? [[2]], am [[1]].", locked) == "EUR? EUR 5.00, am 14 November 2026."


BROKEN = {
    "a lock is missing": "Hello, your order is on its way.",
    "a lock is doubled": "Your order [[1]] and [[1]] over [[2]].",
    "a lock is foreign": "Your order [[1]] over [[2]] and [[3]].",
    "a number was added": "Your order [[1]] over [[2]], and 500 more.",
    "a currency was added": "Your order [[1]] over [[2]] €.",
    "a share was added": "Your order [[1]] over [[2]], ten %.",
    "a link was added": "Your order [[1]] over [[2]], see www.evil.example.",
    "an address was added": "Your order [[1]] over [[2]], write to me@evil.example.",
    "a lock was forged": "Your order [[1]] over [[2]] [[x]].",
    "it has grown": "Your order [[1]] over [[2]]." + " Really." * 200,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wording_that_breaks_a_lock_does_not_count(name: str) -> None:
    """Nothing is stated that was not stated before."""
    locked = lock("Your order FH-10001 costs EUR 129.00.", ())
    assert unlock(BROKEN[name], locked) == ""


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="[]"), max_size=200),
    st.lists(st.text(), max_size=3),
)
def test_any_text_comes_back_as_it_was(text: str, fixed: list[str]) -> None:
    """Locking and unlocking changes nothing, or is refused."""
    locked = lock(text, fixed)
    assert unlock(locked.text, locked) in (text, "")


@pytest.mark.parametrize(
    "said",
    ["We have refunded it.", "It was approved.", "You get a voucher.", "It comes tomorrow.", "We guarantee it.",
     "It costs five euros.", "It is not returnable.", "Send us your password."],
)  # fmt: skip
def test_words_that_bind_are_heard(said: str) -> None:
    """A wording that brings one in says more than the template did."""
    assert weighty(said) - weighty("Your order is on its way. We wish you well.")
    assert not weighty("Thank you for your patience, and sorry for the wait.")
