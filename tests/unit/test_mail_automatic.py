"""Machines are recognised, so that they are never answered; people are not taken for machines."""

import pytest

from tests.unit.mail_parsing import parsed


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Auto-Submitted: auto-replied", "auto-reply"),
        ("Auto-Submitted: auto-generated; owner-email=x", "auto-reply"),
        ("Precedence: bulk", "list"),
        ("Precedence: junk", "list"),
        ("precedence: LIST", "list"),
        ("Precedence: auto_reply", "auto-reply"),
        ("List-Id: <news.example.org>", "list"),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "auto-reply"),
        ("X-Autoreply: yes", "auto-reply"),
        ("Return-Path: <>", "bounce"),
        ("Subject: Automatic reply: your parcel", "auto-reply"),
        ("Subject: Out of Office: Re: your order", "auto-reply"),
        ("Subject: =?utf-8?q?Automatische_Antwort=3A_Bestellung?=", "auto-reply"),
        ("Subject: =?utf-8?b?UsOpcG9uc2UgYXV0b21hdGlxdWUgOiBjb21tYW5kZQ==?=", "auto-reply"),
        ("Subject: Respuesta automática: pedido", "auto-reply"),
        ("Subject: Risposta automatica: ordine", "auto-reply"),
        ("Subject: Automatisch antwoord: bestelling", "auto-reply"),
        ("Subject: Automatyczna odpowiedź", "auto-reply"),
        ("Subject: Autosvar: ordre", "auto-reply"),
        ("Subject: Абсенс\r\nAuto-Submitted: auto-replied", "auto-reply"),
        ("Subject: 自動返信: 注文", "auto-reply"),
        ('Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "bounce"),
        ('Content-Type: multipart/report; report-type=disposition-notification; boundary="b"', "auto-reply"),
    ],
)
def test_machines_are_recognised(header: str, why: str) -> None:
    """Every way a machine announces itself is known."""
    assert parsed(header).automatic == why


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("MAILER-DAEMON@mx.example.org", "bounce"),
        ("postmaster@example.org", "bounce"),
        ("no-reply@shop.example", "auto-reply"),
        ("noreply+x@shop.example", "auto-reply"),
        ("orders.do-not-reply@shop.example", "auto-reply"),
        ("support@fernhill.example", "own"),
        ("Returns@Fernhill.example", "own"),
    ],
)
def test_machines_addresses_are_recognised(sender: str, why: str) -> None:
    """Bounces, addresses that take no answer, and our own are never answered."""
    assert parsed(sender=f"From: <{sender}>").automatic == why


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Precedence: normal",
        "List-Unsubscribe: <mailto:leave@example.org>",
        "Return-Path: <jane@example.org>",
        "Subject: My automatic coffee machine is broken",
        "Subject: Re: is the office open?",
        "Subject: I am out of patience",
        "X-Auto-Response-Suppress: DR",
    ],
)
def test_people_are_not_taken_for_machines(header: str) -> None:
    """Ordinary headers and subjects leave a message answerable."""
    assert parsed(header).automatic is None


def test_a_reply_of_a_norbert_is_no_machine() -> None:
    """A name that merely resembles a machine's is a person's."""
    assert parsed(sender="From: <norbert.postma@example.org>").automatic is None
