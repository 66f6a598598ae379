"""Who wrote, and whether that is believed."""

import pytest

from tests.unit.mail_parsing import PASSED, SETTINGS, parse_mail, parsed


@pytest.mark.parametrize(
    ("field", "address", "name"),
    [
        ("Jane Doe <jane@example.org>", "jane@example.org", "Jane Doe"),
        ("jane@example.org", "jane@example.org", ""),
        ("<JANE@Example.ORG>", "jane@example.org", ""),
        ('"Doe, Jane" <jane@example.org>', "jane@example.org", "Doe, Jane"),
        ("jane@example.org (Jane)", "jane@example.org", "Jane"),
        ("=?utf-8?q?J=C3=A4ne?= <jane@example.org>", "jane@example.org", "Jäne"),
        ('"ceo@corp.com" <evil@x.y>', "evil@x.y", "ceo@corp.com"),
        ("ceo@corp.com <evil@x.y>", "evil@x.y", "ceo@corp.com"),
        ("<ceo@corp.com> <evil@x.y>", "evil@x.y", ""),
        ("=?utf-8?q?x_=3Cceo=40corp.com=3E?= <evil@x.y>", "evil@x.y", "x <ceo@corp.com>"),
        ("(<ceo@corp.com>) evil@x.y", "evil@x.y", "<ceo@corp.com>"),
        ("Undisclosed", "", ""),
        ("jane@", "", ""),
        ("j\u200bane@example.org", "", ""),
        ("", "", ""),
    ],
)
def test_the_true_address_is_used(field: str, address: str, name: str) -> None:
    """The address is what stands in the angle brackets, whatever the display name pretends."""
    message = parsed(sender=f"From: {field}")
    assert (message.sender, message.sender_name) == (address, name)


def test_letters_of_other_scripts_never_become_ascii() -> None:
    """A Kelvin sign or a full-width letter does not turn a stranger's address into one on record."""
    assert parsed(sender="From: <\u212aim@example.org>").sender == "\u212aim@example.org"
    assert parsed(sender="From: <jane@ｅxample.org>").sender == "jane@ｅxample.org"


@pytest.mark.parametrize(
    "sender",
    [
        '"ceo@corp.com" <jane@example.org>',
        "ceo@corp.com <jane@example.org>",
        "<ceo@corp.com> <jane@example.org>",
        "=?utf-8?q?ceo=40corp.com?= <jane@example.org>",
        "jane@example.org, evil@x.y",
        "Jane <jane@example.org>\r\nFrom: Evil <evil@x.y>",
    ],
)
def test_what_looks_like_somebody_else_is_never_authenticated(sender: str) -> None:
    """A display name that holds another address, two addresses or two From fields are not believed."""
    assert not parsed(PASSED, sender=f"From: {sender}").authenticated


def test_a_display_name_with_the_same_address_is_fine() -> None:
    """Many programs repeat the address as the name."""
    assert parsed(PASSED, sender='From: "jane@example.org" <jane@example.org>').authenticated


RESULTS = "Authentication-Results: mx.fernhill.example"


@pytest.mark.parametrize(
    "results",
    [
        "dmarc=pass header.from=example.org",
        "dmarc=pass (p=reject dis=none) header.from=example.org",
        "spf=fail smtp.mailfrom=x.y; dkim=pass header.d=example.org",
        "dkim=pass header.i=@example.org header.s=s1 header.b=abc",
        "dmarc=none; dkim=pass header.d=mail.example.org",
        "spf=pass (ok; really) smtp.mailfrom=bounce@example.org",
        "spf=pass smtp.mailfrom=example.org; dkim=none",
        "dkim=fail header.d=example.org; dkim=pass header.d=example.org",
    ],
)
def test_a_trusted_pass_of_the_from_domain_authenticates(results: str) -> None:
    """DMARC, or aligned DKIM or SPF, as our own server saw it."""
    assert parsed(f"{RESULTS}; {results}").authenticated


@pytest.mark.parametrize(
    "field",
    [
        "Authentication-Results: mx.other.example; dmarc=pass header.from=example.org",
        f"{RESULTS}; dmarc=fail header.from=example.org",
        f"{RESULTS}; dmarc=fail; dkim=pass header.d=example.org",
        f"{RESULTS}; dmarc=pass header.from=other.example",
        f"{RESULTS}; dkim=pass header.d=other.example",
        f"{RESULTS}; dkim=pass header.d=org",
        f"{RESULTS}; dkim=pass header.d=evilexample.org",
        f"{RESULTS}; spf=pass smtp.mailfrom=jane@other.example",
        f"{RESULTS}; spf=pass smtp.helo=example.org",
        f"{RESULTS}; none",
        f"{RESULTS}",
        f"{RESULTS}; (dmarc=pass header.from=example.org)",
        f'{RESULTS}; spf=fail smtp.mailfrom="x; dmarc=pass"@evil.example',
        f'{RESULTS}; spf=pass smtp.mailfrom="a b=c dmarc=pass',
        f"{RESULTS}; dmarc=pass header.from=example.org (unclosed",
        f"{RESULTS} dmarc=pass",
        "X-Authentication-Results: mx.fernhill.example; dmarc=pass header.from=example.org",
        "Authentication-Results: mx.fernhill.example.evil.example; dmarc=pass header.from=example.org",
        "Authentication-Results: mx.other.example; dmarc=fail\r\n" + PASSED,
        f"{RESULTS}; dmarc=fail header.from=example.org\r\n{PASSED}",
    ],
)
def test_nothing_else_authenticates(field: str) -> None:
    """Untrusted servers, failures, other domains, malformed fields, and fields below the topmost prove nothing."""
    assert not parsed(field).authenticated


def test_no_server_is_trusted_by_default() -> None:
    """A desk that names no server believes none."""
    raw = f"{PASSED}\r\nFrom: jane@example.org\r\n\r\nhi".encode()
    assert not parse_mail(raw, SETTINGS.model_copy(update={"trusted_authserv": ()})).authenticated
