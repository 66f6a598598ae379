"""The quality gate: what it lets through and what it finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.desk import DeskSettings, MailSettings
from countersign.domain.facts import Fact, FactKind
from countersign.domain.perception import Sender
from countersign.domain.plan import Draft, Kind, Plan, Principal, Promise, Proposal
from countersign.quality import claims
from countersign.quality.gate import check
from countersign.quality.language import language_of

SETTINGS = DeskSettings(
    name="Fernhill & Co",
    site="https://www.fernhill.example/",
    links=("https://www.fernhill.example/",),
    mail=MailSettings(address="support@fernhill.example", name="Fernhill"),
    phases={},
)
MAYA = Sender(
    address="maya@example.org", customer="C-00001", on_record="maya@example.org", verified="address", name="Maya Oduya"
)
GOOD = (
    "Hello Maya,\n\nwe have refunded 12.90 € for order FH-10023 today. The money reaches your account within a few "
    "days.\nYour invoice: https://www.fernhill.example/account/orders/FH-10023/invoice\n\nKind regards\nFernhill"
)


def fact(kind: FactKind, value: str) -> Fact:
    return Fact(name=kind, kind=kind, value=value, source="shop:order/FH-10023@1")


FACTS = (
    fact("amount", "12.90 €"),
    fact("order", "FH-10023"),
    fact("name", "Maya"),
    fact("date", "14 November 2026"),
    fact("link", "https://www.fernhill.example/account/orders/FH-10023/invoice"),
)


def refund(amount: int = 1290) -> Proposal:
    return Proposal(
        kind="refund",
        target="order/FH-10023",
        args={"amount": amount, "currency": "EUR", "reason": "late"},
        by=Principal(kind="Playbook", id="orders"),
        summary="Refund.",
    )


def draft(body: str = GOOD, **changes: object) -> Draft:
    values: dict[str, object] = {
        "to": "maya@example.org",
        "subject": "Re: my tent",
        "body": body,
        "language": "en",
        "templates": ("refunded",),
        "promises": (Promise(kind="refund", target="order/FH-10023", amount=1290, currency="EUR"),),
    }
    return Draft.model_validate({**values, **changes})


def plan(*proposals: Proposal, facts: tuple[Fact, ...] = FACTS) -> tuple[Plan, ...]:
    return (Plan(request="refund_status", category="billing", facts=facts, proposals=proposals),)


def codes(body: str = GOOD, sender: Sender = MAYA, wanted: str = "en", **changes: object) -> set[str]:
    return {finding.code for finding in check(draft(body, **changes), plan(refund()), sender, wanted, SETTINGS)}


def test_reply_made_of_facts_and_backed_promises_has_no_findings() -> None:
    """A reply whose every statement is a fact and whose promise has a proposal may leave."""
    assert codes() == set()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("12.90 €", "129.00 €"), "fact.amount"),
        (("12.90 €", "€13"), "fact.amount"),
        (("12.90 €", "12,91 EUR"), "fact.amount"),
        (("12.90 €", "thirteen euros or 13 euros"), "fact.amount"),
        (("today", "on 15 November 2026"), "fact.date"),
        (("today", "on Nov 3rd"), "fact.date"),
        (("today", "on 2026-11-15"), "fact.date"),
        (("FH-10023 today", "FH-10024 today"), "fact.order"),
        (("FH-10023/invoice", "FH-99999/invoice"), "fact.link"),
        (("www.fernhill.example/account/orders/FH-10023/invoice", "evil.example/pay"), "link.foreign"),
        (("Kind regards", "write to carl@example.net"), "fact.email"),
        (("Hello Maya", "Hello Carl"), "fact.name"),
        (("Kind regards", "{{ closing }}"), "form.residue"),
        (("Kind regards", "[name]"), "form.residue"),
        (("Kind regards", "We have cancelled your order."), "promise.unproposed"),
        (("Kind regards", "We'll send you a replacement."), "promise.unproposed"),
        (("Kind regards", "I've paused it."), "promise.unproposed"),
        (("Kind regards", "bell \x07"), "form.control"),
    ],
)
def test_each_wrong_statement_is_found(change: tuple[str, str], code: str) -> None:
    """One wrong amount, date, order, link, name, promise or residue is named by its code."""
    body = GOOD.replace(*change)
    assert body != GOOD
    assert code in codes(body)


def test_account_facts_go_to_the_address_on_record_alone() -> None:
    """An unverified sender, or another address, gets no account facts."""
    stranger = Sender(address="eve@example.net")
    assert "recipient.account" in codes(sender=stranger, to="eve@example.net")
    assert "recipient.account" in codes(to="eve@example.net")
    assert "recipient.account" in codes(sender=MAYA.model_copy(update={"verified": "none"}))


def test_fact_free_reply_may_go_to_the_sender_but_to_nobody_else() -> None:
    """Without account facts the sender may be answered; a third address never."""
    stranger = Sender(address="eve@example.net")
    body = "Hello,\n\nreturns are explained in our help centre, please have a look there.\n\nKind regards"
    assert codes(body, stranger, to="eve@example.net", account_facts=False, promises=()) == set()
    third = codes(body, stranger, to="carl@example.net", account_facts=False, promises=())
    assert third == {"recipient.unknown"}


def test_promise_without_its_proposal_is_found() -> None:
    """A declared promise needs a proposal of that kind for that very target."""
    other = Promise(kind="refund", target="order/FH-10099", amount=1290, currency="EUR")
    assert "promise.unbacked" in codes(promises=(other,))


def test_length_and_language_must_fit() -> None:
    """Empty, endless, other-language and unsupported-language replies are found."""
    assert "form.short" in codes(" ")
    assert "form.long" in codes(GOOD + "x" * 5000)
    assert "language.other" in codes(wanted="de")
    assert "language.unsupported" in codes(language="de", wanted="de")
    german = "Hallo,\n\nvielen Dank für Ihre Nachricht. Wir kümmern uns gerne darum und melden uns bald bei Ihnen."
    assert "language.text" in codes(german)


@given(st.text(max_size=400))
def test_no_text_makes_the_gate_err(text: str) -> None:
    """Any text at all is judged, never an exception."""
    check(draft(text), plan(refund()), MAYA, "und", SETTINGS)


@given(st.integers(min_value=0, max_value=9_999_999))
def test_every_way_to_write_an_amount_reads_the_same(amount: int) -> None:
    """Symbol before or after, point or comma: one amount."""
    plain = f"{amount // 100}.{amount % 100:02d}"
    comma = plain.replace(".", ",")
    grouped = f"{amount // 100:,}".replace(",", ".") + f",{amount % 100:02d}"
    for text in (f"{plain} €", f"€{plain}", f"EUR {comma}", f"{comma} EUR", f"{grouped} €"):
        assert claims.amounts(text) == {amount}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("pls cancel", "en"),
        ("where's my stuff FH-10023", "en"),
        ("Wo ist meine Bestellung FH-10023?", "de"),
        ("Où est mon colis", "fr"),
        ("注文した商品が届きません", "ja"),
        ("FH-10023", "und"),
        ("", "und"),
    ],
)
def test_language_is_told_or_left_open(text: str, language: str) -> None:
    """Short English is English; a number alone is nothing."""
    assert language_of(text) == language


def test_passive_report_of_the_past_is_no_promise() -> None:
    """What the records show may be said: only what we say we do must be proposed."""
    kinds: set[Kind] = {kind for _, could_be in claims.said_done("The order was cancelled.") for kind in could_be}
    assert kinds == set()


def test_rule_quoted_from_the_help_centre_is_no_promise() -> None:
    """A passage may say “we refund the difference”; the same words of our own must be proposed."""
    rule = "If our own price falls within 7 days, we refund the difference."
    quoted = Fact(name="passage", kind="text", value=rule, source="knowledge:price-match#Adjustments")
    body = f"Hello,\n\nhere is what our help centre says:\n\n{rule}\n\nKind regards\nFernhill"
    quoting = draft(body, promises=(), account_facts=False)
    assert check(quoting, plan(facts=(quoted,)), MAYA, "en", SETTINGS) == ()
    assert {finding.code for finding in check(quoting, plan(), MAYA, "en", SETTINGS)} == {"promise.unproposed"}


def test_bare_host_is_the_site_it_names() -> None:
    """The desk's own site without its scheme is no foreign link, another host is."""
    for host, codes_found in (
        ("www.fernhill.example", set[str]()),
        ("www.fernhill.example.evil.example", {"link.foreign"}),
    ):
        told = Fact(name="site", kind="link", value=host, source="knowledge:site#Address")
        body = f"Hello,\n\nplease have a look at {host} for the whole list of our shops.\n\nKind regards"
        found = check(draft(body, promises=(), account_facts=False), plan(facts=(told,)), MAYA, "en", SETTINGS)
        assert {finding.code for finding in found} == codes_found
