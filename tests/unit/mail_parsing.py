"""Mail in tests: settings of a desk, and a message parsed in this process."""

from countersign.adapters.mail.parse import parse_mail
from countersign.adapters.mail.parsed import Parsed
from countersign.domain.desk import MailSettings

SETTINGS = MailSettings(
    address="support@fernhill.example",
    name="Fernhill & Co",
    own_addresses=("returns@fernhill.example",),
    trusted_authserv=("mx.fernhill.example",),
)

PASSED = "Authentication-Results: mx.fernhill.example; dmarc=pass header.from=example.org"


def mail(*headers: str, body: str = "Hello", sender: str = "From: Jane <jane@example.org>") -> bytes:
    """Raw bytes of a message with these header lines."""
    return "\r\n".join([*headers, sender, "", body]).encode("utf-8", "surrogateescape")


def parsed(*headers: str, body: str = "Hello", sender: str = "From: Jane <jane@example.org>") -> Parsed:
    """The parsed message with these header lines."""
    return parse_mail(mail(*headers, body=body, sender=sender), SETTINGS)


def html_mail(source: str) -> Parsed:
    """A message that is HTML alone."""
    return parsed("Content-Type: text/html; charset=utf-8", body=source)
