"""Mail over SMTP leaves once; every fault says whether it may have left."""

import email
from datetime import UTC, datetime
from email import policy
from pathlib import Path
from typing import Literal

import pytest

from countersign.adapters.outbox import MaildirOutbox, SmtpOutbox
from countersign.domain.desk import MailSettings
from countersign.domain.errors import CountersignError, FailedError, RetryError, UnknownOutcomeError
from countersign.domain.outcome import Outgoing
from tests.contract.outbox_smtp_server import Server, SmtpServer

SETTINGS = MailSettings(address="support@fernhill.example", name="Fernhill & Co")
MAIL = Outgoing(to="jane@example.org", subject="Your order", body=".dot\nHello\n..\n.\nbye", ticket="CS-1001")
KEY = "0123456789abcdef"


def _outbox(server: SmtpServer, tls: Literal["starttls", "implicit", "none"] = "none", user: str = "") -> SmtpOutbox:
    return SmtpOutbox(Server(server.port, tls, user), SETTINGS, now=lambda: datetime(2026, 11, 16, 9, tzinfo=UTC))


def test_a_mail_is_accepted_once() -> None:
    """The text arrives as it was written, lines of dots included, with the key as its Message-ID."""
    with SmtpServer() as server:
        receipt = _outbox(server).send(KEY, MAIL)
        (text,) = server.accepted
        assert server.envelopes[0].startswith("MAIL FROM:<support@fernhill.example>".replace("MAIL", "mail"))
        assert server.envelopes[1:] == ["rcpt TO:<jane@example.org>"]
    message = email.message_from_bytes(text.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == MAIL.body + "\n"
    assert message["Message-ID"] == f"<{KEY}@fernhill.example>" == receipt.reference
    assert receipt.at == datetime(2026, 11, 16, 9, tzinfo=UTC)


FAULTS: list[tuple[str, str, type[CountersignError]]] = [
    ("connect", "drop", RetryError),
    ("connect", "421 busy", RetryError),
    ("connect", "554 go away", FailedError),
    ("connect", "stall", RetryError),
    ("EHLO", "drop", RetryError),
    ("MAIL", "451 later", RetryError),
    ("MAIL", "550 no", FailedError),
    ("MAIL", "drop", RetryError),
    ("RCPT", "450 greylisted", RetryError),
    ("RCPT", "550 nobody here", FailedError),
    ("RCPT", "drop", RetryError),
    ("DATA", "421 closing", RetryError),
    ("DATA", "554 no", FailedError),
    ("DATA", "drop", RetryError),
    ("text", "drop", UnknownOutcomeError),
    ("text", "drop after accepting", UnknownOutcomeError),
    ("text", "stall", UnknownOutcomeError),
    ("text", "451 perhaps", UnknownOutcomeError),
    ("text", "554 spam", FailedError),
]


@pytest.mark.parametrize(("step", "reply", "error"), FAULTS)
def test_every_fault_says_whether_the_mail_may_have_left(step: str, reply: str, error: type[CountersignError]) -> None:
    """Before the text was sent nothing happened; after it only a clear answer counts."""
    with SmtpServer({step: reply}) as server:
        with pytest.raises(error) as caught:
            _outbox(server).send(KEY, MAIL)
        assert len(server.accepted) == (reply == "drop after accepting")
    assert "jane@example.org" not in str(caught.value)


def test_no_server_is_a_passing_fault() -> None:
    """A refused connection may be tried again."""
    with SmtpServer() as server:
        outbox = _outbox(server)
    with pytest.raises(RetryError):
        outbox.send(KEY, MAIL)


def test_encryption_and_log_in_are_never_skipped() -> None:
    """A server that offers neither gets no mail and no password."""
    with SmtpServer() as server:
        with pytest.raises(FailedError):
            _outbox(server, tls="starttls").send(KEY, MAIL)
        with pytest.raises(FailedError):
            _outbox(server, user="desk").send(KEY, MAIL)
        assert not server.accepted


def test_smtp_can_not_be_asked() -> None:
    """Without a copy the outcome is unknown, and the hint names the id to look for."""
    with pytest.raises(UnknownOutcomeError) as caught:
        SmtpOutbox(Server(1), SETTINGS).lookup(KEY)
    assert f"<{KEY}@fernhill.example>" in caught.value.hint


def test_a_copy_proves_that_the_mail_left(tmp_path: Path) -> None:
    """A copy is kept of what was accepted only, and answers for the server."""
    copies = MaildirOutbox(tmp_path, SETTINGS)
    with SmtpServer() as server:
        SmtpOutbox(Server(server.port), SETTINGS, copies).send(KEY, MAIL)
    found = SmtpOutbox(Server(1), SETTINGS, copies).lookup(KEY)
    assert found is not None
    assert found.reference == f"<{KEY}@fernhill.example>"
    with SmtpServer({"text": "drop"}) as server, pytest.raises(UnknownOutcomeError):
        SmtpOutbox(Server(server.port), SETTINGS, copies).send("other", MAIL)
    with pytest.raises(UnknownOutcomeError):
        SmtpOutbox(Server(1), SETTINGS, copies).lookup("other")
