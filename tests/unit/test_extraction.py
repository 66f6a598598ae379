"""Entities: what customers write becomes one normal form, whatever language and habit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.extraction import entities
from countersign.domain.money import Money
from tests.linear import assert_linear

ORDERS = r"\bFH-\d{5,6}\b"


@pytest.mark.parametrize(
    "text",
    [
        "FH-10023", "fh-10023", "FH10023", "fh 10023", "FH–10023", "FH_10023", "order 10023", "#10023",
        "Order number: 10023", "order #10023", "Bestellung Nr. 10023", "Bestellnummer 10023",
        "commande n° 10023", "pedido 10023", "ordine n. 10023",
        "zamówienie 10023", "my order FH-10023.", "(FH-10023)",
    ],
)  # fmt: skip
def test_orders_have_one_form(text: str) -> None:
    """However it is written, an order number comes out as the desk writes it."""
    assert entities(text, ORDERS).orders == ("FH-10023",)


@pytest.mark.parametrize("text", ["10023", "in 10115 Berlin", "order of 12 boots", "FH-1", "FH-1234567", "XFH-10023x"])
def test_other_numbers_are_no_orders(text: str) -> None:
    """A bare number, a postcode or a number of the wrong length names no order."""
    assert entities(text, ORDERS).orders == ()


def test_orders_keep_their_order_without_repeats() -> None:
    """Several orders come in order of appearance, each once."""
    text = "About order 10031, and FH-10023 and again #10031 and fh10024"
    assert entities(text, ORDERS).orders == ("FH-10031", "FH-10023", "FH-10024")


def test_a_desk_with_plain_numbers_has_its_orders_too() -> None:
    """The pattern may have no letters, or others."""
    assert entities("order 4711 and #4712", r"\b\d{4}\b").orders == ("4711", "4712")
    assert entities("inv 2024 and INV/2025", r"\bINV/\d{4}\b").orders == ("INV/2024", "INV/2025")


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("12,50 €", 1250, "EUR"), ("€12.50", 1250, "EUR"), ("€ 12", 1200, "EUR"), ("EUR 12,50", 1250, "EUR"),
        ("12.50 EUR", 1250, "EUR"), ("1.234,50 €", 123450, "EUR"), ("1,234.50 €", 123450, "EUR"),
        ("1 234,50 €", 123450, "EUR"), ("1.234 €", 123400, "EUR"), ("20 euros", 2000, "EUR"), ("12,5 €", 1250, "EUR"),
        ("I paid 12,50 for it", 1250, "EUR"), ("$9.99", 999, "USD"), ("£5", 500, "GBP"),
        ("it cost 12.50.", 1250, "EUR"),
    ],
)  # fmt: skip
def test_amounts_are_read_in_every_notation(text: str, amount: int, currency: str) -> None:
    """Amounts are integer cents with their currency."""
    assert entities(text, ORDERS).amounts == (Money(amount=amount, currency=currency),)


@pytest.mark.parametrize("text", ["am 12.11. bestellt", "at 10.30 Uhr", "1,50 kg", "v3.11.2", "2026-11-16", "12.50 %"])
def test_other_figures_are_no_amounts(text: str) -> None:
    """Dates, times, weights, versions and percentages are not money."""
    assert entities(text, ORDERS).amounts == ()


@pytest.mark.parametrize(
    ("text", "postcode"),
    [
        ("10115 Berlin", "10115"), ("D-10115 Berlin", "10115"), ("1012 AB Amsterdam", "1012 AB"), ("1012AB", "1012 AB"),
        ("London SW1A 1AA", "SW1A 1AA"), ("sw1a1aa", "SW1A 1AA"), ("00-950 Warszawa", "00-950"),
        ("1200-195 Lisboa", "1200-195"),
        ("A-1010 Wien", "1010"), ("8001 Zürich", "8001"), ("114 55 Stockholm", "114 55"), ("D02 AF30", "D02 AF30"),
        ("my postcode is 2100", "2100"),
    ],
)  # fmt: skip
def test_postcodes_of_europe(text: str, postcode: str) -> None:
    """Postcodes come upper case with their usual space."""
    assert entities(text, ORDERS).postcodes == (postcode,)


@pytest.mark.parametrize("text", ["order 10023", "FH 10023", "since 2026 November", "12500 €", "#10023"])
def test_other_numbers_are_no_postcodes(text: str) -> None:
    """Order numbers, years and amounts are not postcodes."""
    assert entities(text, ORDERS).postcodes == ()


def test_codes_stand_near_their_word() -> None:
    """Promo codes are words in capitals or with digits near a word like code; order numbers are none."""
    text = "code WELCOME10, my promo is summer-20, Gutschein SOMMER, voucher for FH-10023, I LIKE it"
    assert entities(text, ORDERS).codes == ("WELCOME10", "SUMMER-20", "SOMMER")
    assert entities("I bought AB12 boots, thank you", ORDERS).codes == ()


def test_emails_are_lower_case() -> None:
    """Addresses are found in any case, without the full stop behind them."""
    assert entities("Write to Jane.Doe+x@Example.co.uk.", ORDERS).emails == ("jane.doe+x@example.co.uk",)


@given(st.text(alphabet=st.sampled_from("FHfh-#0123456789 .,€@abcZ\norder code eur")))
def test_total(text: str) -> None:
    """No text raises, and every order found matches the desk's pattern."""
    found = entities(text, ORDERS)
    assert all(order.startswith("FH-") for order in found.orders)


@pytest.mark.parametrize(
    "unit", ["a", "1", "order ", "€", "code ", "@", "a@", "1,", "code AB12 ", "order number ", "12 34 ", "#"]
)
def test_no_text_is_slow(unit: str) -> None:
    """The time is linear in the length of the text."""
    assert_linear(lambda text: entities(text, ORDERS), unit)
