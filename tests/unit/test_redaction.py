"""Redaction: secrets are taken out in any formatting, ordinary text stays, and no text is slow."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.redaction import redact
from tests.linear import assert_linear

CARDS = ["4111111111111111", "5555555555554444", "2223003122003222", "6011111111111117", "3530111333300000"]


@pytest.mark.parametrize(
    ("text", "left", "kinds"),
    [
        ("card 4111 1111 1111 1111 exp 12/27 cvv 123", "card [card] exp 12/27 cvv [cvv]", ("card", "cvv")),
        ("4111-1111-1111-1111, thanks", "[card], thanks", ("card",)),
        ("４１１１ １１１１ １１１１ １１１１", "[card]", ("card",)),
        ("amex 3782 822463 10005", "amex [card]", ("card",)),
        ("FH-10023: 4111111111111111", "FH-10023: [card]", ("card",)),
        ("CVC: 123, Karte 5555 5555 5555 4444", "CVC: [cvv], Karte [card]", ("card", "cvv")),
        ("security code on the card is 999", "security code on the card is [cvv]", ("cvv",)),
        ("iban DE89 3704 0044 0532 0130 00 please", "iban [iban] please", ("iban",)),
        ("gb82west12345698765432", "[iban]", ("iban",)),
        ("my password is hunter2", "my password is [password]", ("password",)),
        ("My password is swordfish.", "My password is [password].", ("password",)),
        ("pw: geheim", "pw: [password]", ("password",)),
        ("Mein Passwort lautet geheim123!", "Mein Passwort lautet [password]!", ("password",)),
        ("mot de passe : Soleil99", "mot de passe : [password]", ("password",)),
        ("contraseña: gato", "contraseña: [password]", ("password",)),
        (
            "the password for my account is Tr0ub4dor&3 ok?",
            "the password for my account is [password] ok?",
            ("password",),
        ),
        ("my PIN is 1234", "my PIN is [pin]", ("pin",)),
        ("verification code 482 910", "verification code [code]", ("code",)),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[token]", ("token",)),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", "Bearer [token]", ("token",)),
    ],
)
def test_secrets_are_replaced_by_their_kind(text: str, left: str, kinds: tuple[str, ...]) -> None:
    """Each kind of secret leaves its name, and the text around it is untouched."""
    found = redact(text)
    assert found.text == left
    assert found.kinds == kinds


@pytest.mark.parametrize(
    "text",
    [
        "Where is FH-10023? Order 10024 came on 2026-11-16 at 10:00.",
        "Tracking 00340434161094021501 or 9400 1000 0000 0000 0000 00 or 1Z999AA10123456784",
        "My tracking number is 1234567812345670",
        "Call +49 151 23456789 or 0171 1234567, total 1.234,50 €",
        "My password is not working, and the password reset link is dead.",
        "I forgot my password. Can you help?",
        "the password is wrong",
        "Passwort vergessen",
        "Use code SUMMER20 on invoice 2026-000123.",
        "5 x 12.50, 3 x 9.90, 2 x 100.00, 1 x 49.95",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    """Orders, parcels, telephones, dates, amounts and talk about passwords are no secrets."""
    assert redact(text).text == text
    assert redact(text).kinds == ()


def _luhn_number(payload: str) -> str:
    total = sum(sum(divmod(int(sign) * (2 - place % 2), 10)) for place, sign in enumerate(reversed(payload)))
    return payload + str(-total % 10)


@given(
    payload=st.text(alphabet=string.digits, min_size=14, max_size=14),
    gaps=st.lists(st.sampled_from(["", " ", "-", ".", "  "]), min_size=15, max_size=15),
    around=st.sampled_from([("", ""), ("card: ", " thanks"), ("my card is ", "."), ("(", ")"), ("\n", "\n")]),
)
def test_no_card_survives_in_any_formatting(payload: str, gaps: list[str], around: tuple[str, str]) -> None:
    """A number of sixteen digits with the right check digit is gone, however it is grouped."""
    number = _luhn_number("4" + payload)
    written = number[0] + "".join(gap + sign for gap, sign in zip(gaps, number[1:], strict=True))
    assert redact(around[0] + written + around[1]).text == f"{around[0]}[card]{around[1]}"


@given(first=st.integers(1, 9), payload=st.text(alphabet=string.digits, min_size=14, max_size=14))
def test_no_number_of_a_cards_shape_survives(first: int, payload: str) -> None:
    """Sixteen digits with the right check digit are gone whoever issued them, in one piece or in fours."""
    number = _luhn_number(f"{first}{payload}")
    fours = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    assert redact(f"pay with {number} or {fours} please").text == "pay with [card] or [card] please"


_PIECES = st.sampled_from([
    "my ", "password", "Passwort", "is ", ": ", "hunter2 ", "pin ", "1234", " ", "code ", "cvv", "[card]", "[password]",
    "4111 1111 1111 1111", "DE89370400440532013000", "\n", "pw=", "verification code ", "-",
    "sk_live_4eC39HqLyjWDarjtT",
    "Bearer ", "FH-10023", "for my account ",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map("".join) | st.text())
def test_redacting_twice_changes_nothing(text: str) -> None:
    """What was redacted once is left alone the second time."""
    once = redact(text)
    again = redact(once.text)
    assert again.text == once.text


@given(st.text(alphabet=string.ascii_letters + " .,;!?\n", max_size=300))
def test_prose_without_digits_or_secret_words_is_unchanged(text: str) -> None:
    """Nothing in plain words is taken for a secret."""
    words = ("pass", "pw", "mdp", "clave", "parola", "senha", "pwd", "has", "key", "token", "bearer", "secret", "heslo")
    if not any(word in text.lower() for word in words):
        assert redact(text).text == text


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        " ",
        "password ",
        "password is ",
        "eyJ",
        "DE89",
        "-----BEGIN PRIVATE KEY-----",
        "a.",
        "pin-",
        "cvv ",
        "api key ",
    ],
)
def test_no_text_is_slow(unit: str) -> None:
    """The time is linear in the length of the text."""
    assert_linear(redact, unit)
