"""The sample mailbox: readable, honest about its senders, and true to the demonstration shop."""

import email
import email.policy
import re
import tomllib
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from countersign.adapters.shop.scenarios import scenarios
from countersign.domain.plan import Kind

ROOT = Path(__file__).resolve().parents[2]
MAIL = ROOT / "desk" / "mail"
FILES = sorted(path.name for path in MAIL.glob("*.eml"))
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "sample_mail_expected.toml").read_text())
SHOP = scenarios(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
CUSTOMERS = {customer.email: customer for customer in SHOP.customers}
ORDERS = {order.number: order for order in SHOP.orders}

REQUESTS = """where_is_my_order cancel_order change_address return_item exchange_item damaged_item missing_item
refund_status double_charge invoice_copy promo_not_applied subscription_pause subscription_cancel
login_help change_email close_account data_request site_trouble payment_declined
policy_question product_question""".split()
FIELDS = {
    *("end", "requests", "effects", "never", "waits", "silent", "refunded", "most", "asks", "ticket", "same_as"),
    *("kinds", "why", "skus"),
}
SITUATIONS = {
    *("easy", "ambiguous", "angry", "two questions", "wrong order number", "another customer's order"),
    *("no order number", "typed number", "injection", "hidden text", "fake approval", "spoofed", "unauthenticated"),
    *(
        "large refund",
        "repeated refund",
        "details",
        "gdpr",
        "legal",
        "distress",
        "press",
        "spam",
        "praise",
        "off-topic",
    ),
    *("non-english", "empty", "signature", "attachment", "pdf", "html only", "alternative", "quoted-printable"),
    *("base64", "latin-1", "windows-1252", "emoji", "reply", "duplicate delivery", "automatic", "secret", "chaser"),
    *(
        "same name",
        "household",
        "closed account",
        "unknown sender",
        "split shipment",
        "out of window",
        "not returnable",
    ),
    *("out of stock", "plus", "gift card", "thanks"),
}
RESERVED = re.compile(r"@(?:[a-z0-9-]+\.)*(?:example\.(?:org|com|net)|fernhill\.example)$")
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]*[A-Za-z0-9]")
NUMBER = re.compile(r"\bFH[-–]([0-9]{5})\b")


def read(name: str) -> EmailMessage:
    return email.message_from_bytes((MAIL / name).read_bytes(), policy=email.policy.default)


def words(message: EmailMessage) -> str:
    """Subject and every text part, decoded."""
    texts = [str(message["Subject"] or "")]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            texts.append(str(part.get_content()))
    return "\n".join(texts)


def sender(message: EmailMessage) -> str:
    return str(message["From"].addresses[0].addr_spec).lower()


def kinds(name: str) -> set[str]:
    return set(EXPECTED[name]["kinds"])


def test_every_message_has_an_expectation_and_every_expectation_a_message() -> None:
    """Files and expectations are the same set, and there are enough of them."""
    assert set(EXPECTED) == set(FILES)
    assert len(FILES) >= 70


def test_every_situation_of_a_real_desk_is_there() -> None:
    """Each kind of difficulty has a sample, and the common requests have several easy ones."""
    assert set().union(*(kinds(name) for name in FILES)) >= SITUATIONS
    asked = Counter(
        choice for name in FILES for request in EXPECTED[name].get("requests", ()) for choice in request.split("|")
    )
    assert set(asked) == set(REQUESTS)
    often = {"where_is_my_order", "cancel_order", "return_item", "damaged_item", "missing_item", "refund_status"}
    assert all(asked[request] >= 2 for request in often)


def test_every_end_is_there() -> None:
    """Some messages are answered, some wait, some are handed over, some closed, without another choice."""
    sole = Counter(EXPECTED[name]["end"][0] for name in FILES if len(EXPECTED[name]["end"]) == 1)
    assert set(sole) == {"answered", "waiting", "handed_over", "closed"}


@pytest.mark.parametrize("name", FILES)
def test_expectation_is_well_formed(name: str) -> None:
    """An expectation names known ends, requests and kinds of effect, and a message it continues is older."""
    case = EXPECTED[name]
    assert set(case) <= FIELDS
    assert case["why"]
    assert set(case["end"]) <= {"answered", "waiting", "handed_over", "closed", "quarantined"}
    assert case["end"]
    assert {kind for key in ("effects", "never", "waits") for kind in case.get(key, ())} <= set(get_args(Kind))
    assert not set(case.get("effects", ())) & set(case.get("never", ()))
    assert ("refund" in case.get("effects", ())) == ("refunded" in case)
    for earlier in (case.get("ticket"), case.get("same_as")):
        assert earlier is None or earlier < name


@pytest.mark.parametrize("name", FILES)
def test_message_is_readable(name: str) -> None:
    """The standard library reads each message without a defect: sender, aware date, identity, texts."""
    message = read(name)
    assert [defect for part in message.walk() for defect in part.defects] == []
    assert parsedate_to_datetime(str(message["Date"])).tzinfo is not None
    assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", str(message["Message-ID"]))
    assert message["Received"]
    assert len(message["From"].addresses) == 1
    assert "\N{REPLACEMENT CHARACTER}" not in words(message)


@pytest.mark.parametrize("name", FILES)
def test_addresses_are_reserved_for_examples(name: str) -> None:
    """No address in any message can belong to anybody."""
    message = read(name)
    text = words(message) + "".join(f"\n{value}" for key, value in message.items() if key in ("From", "To"))
    assert [found for found in ADDRESS.findall(text) if not RESERVED.search(found.lower())] == []


@pytest.mark.parametrize("name", FILES)
def test_trust_header_says_what_the_sample_is(name: str) -> None:
    """A genuine message carries our server's pass on top; an unproven one does not."""
    message = read(name)
    first = str(message["Authentication-Results"] or "")
    domain = sender(message).partition("@")[2]
    passed = first.startswith("mx.fernhill.example; dmarc=pass") and f"header.from={domain};" in first
    proven = not kinds(name) & {"unauthenticated", "automatic"} or "details" in kinds(name)
    assert passed or not proven
    assert not (passed and "unauthenticated" in kinds(name) and "details" not in kinds(name))


@pytest.mark.parametrize("name", FILES)
def test_orders_named_exist_and_belong_to_the_sender(name: str) -> None:
    """Order numbers are the shop's, and the sender's own, except where the sample is about that."""
    message = read(name)
    found = {f"FH-{digits}" for digits in NUMBER.findall(words(message))}
    if kinds(name) & {"wrong order number"}:
        assert not found & set(ORDERS)
        return
    assert found <= set(ORDERS)
    if kinds(name) & {"another customer's order", "details", "automatic", "injection"}:
        return
    customer = CUSTOMERS.get(sender(message))
    assert {ORDERS[number].customer for number in found} <= {customer.id if customer else ""}


def test_senders_are_customers_unless_marked() -> None:
    """Who is not marked as unknown writes from an address on record."""
    strangers = {"unknown sender", "automatic", "off-topic", "details"}
    unknown = [name for name in FILES if sender(read(name)) not in CUSTOMERS and not kinds(name) & strangers]
    assert unknown == []


def test_message_ids_are_unique_but_for_second_deliveries() -> None:
    """A second delivery repeats the identity of the first; nothing else does."""
    ids = {name: str(read(name)["Message-ID"]) for name in FILES}
    again = {name: EXPECTED[name]["same_as"] for name in FILES if "same_as" in EXPECTED[name]}
    assert again
    assert all(ids[name] == ids[first] for name, first in again.items())
    assert len(set(ids.values())) == len(FILES) - len(again)


def test_replies_name_the_message_they_continue() -> None:
    """What continues a ticket refers to its first message, and nothing else refers to a sample."""
    ids = {str(read(name)["Message-ID"]): name for name in FILES if "same_as" not in EXPECTED[name]}
    for name in FILES:
        earlier = {ids[ref] for ref in str(read(name)["References"] or "").split() if ref in ids}
        assert earlier == {EXPECTED[name]["ticket"]} if "ticket" in EXPECTED[name] else not earlier


def test_nobody_writes_more_than_the_desk_answers_in_a_day() -> None:
    """No correspondent sends more than five messages, so that the limit on replies does not blur the expectations."""
    assert max(Counter(sender(read(name)) for name in FILES).values()) <= 5


@pytest.mark.parametrize("name", [name for name in FILES if "refunded" in EXPECTED[name]])
def test_expected_refund_fits_the_order(name: str) -> None:
    """A refund that is expected is within what was taken, and the customer's first in 90 days."""
    (number,) = {f"FH-{digits}" for digits in NUMBER.findall(words(read(name)))}
    order = ORDERS[number]
    assert 0 < EXPECTED[name]["refunded"] <= order.refundable.amount
    others = [refund for other in SHOP.orders if other.customer == order.customer for refund in other.refunds]
    assert others == []


@pytest.mark.parametrize("name", [name for name in FILES if "skus" in EXPECTED[name]])
def test_expected_articles_are_in_the_order(name: str) -> None:
    """What is to be returned or sent again was bought, and can be returned or is in stock."""
    (number,) = {f"FH-{digits}" for digits in NUMBER.findall(words(read(name)))}
    bought = {item.sku: item for item in ORDERS[number].items}
    for sku in EXPECTED[name]["skus"]:
        returned = "create_return" in EXPECTED[name]["effects"]
        assert bought[sku].returnable if returned else bought[sku].stock > 0
