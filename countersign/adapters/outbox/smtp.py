"""Replies through an SMTP server: sent once, and never again where it is not sure that they were not."""

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Literal, Protocol

from countersign.adapters.outbox.letter import letter, message_id, recipient
from countersign.domain.desk import MailSettings
from countersign.domain.errors import FailedError, RetryError, UnknownOutcomeError
from countersign.domain.outcome import Outgoing, Receipt


class Secret(Protocol):
    """A password that has to be asked for, so that it is in no log by accident (pydantic's SecretStr is one)."""

    def get_secret_value(self) -> str: ...


class Server(Protocol):
    """Where mail is handed over, and how."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> Literal["starttls", "implicit", "none"]:
        """`starttls`: encrypt after connecting (port 587); `implicit`: at once (465); `none`: not at all."""
        ...

    @property
    def user(self) -> str:
        """Empty: no log-in."""
        ...

    @property
    def password(self) -> Secret: ...
    @property
    def timeout(self) -> float:
        """Seconds, for each step."""
        ...


class Copies(Protocol):
    """Where copies of what was sent are kept; a MaildirOutbox is one."""

    def send(self, key: str, mail: Outgoing) -> Receipt: ...

    def lookup(self, key: str) -> Receipt | None: ...


def _now() -> datetime:
    return datetime.now(UTC)


class SmtpOutbox:
    """Hands each reply to one SMTP server, to one recipient.

    SMTP can't be asked what it took: after the text has been sent, everything but a clear answer is an unknown
    outcome, and a person settles it by the Message-ID, which is made of the key.
    """

    def __init__(
        self, server: Server, settings: MailSettings, copies: Copies | None = None, now: Callable[[], datetime] = _now
    ) -> None:
        self._server = server
        self._settings = settings
        self._copies = copies
        self._now = now

    def send(self, key: str, mail: Outgoing) -> Receipt:
        """Sends one mail and returns its receipt.

        Raises RetryError where nothing was sent and the server may take it later, FailedError where it refuses,
        UnknownOutcomeError where the text was sent and no acceptance came back.
        """
        at = self._now()
        data = letter(key, mail, self._settings, at)
        with self._connected() as server:
            self._envelope(server, recipient(mail))
            _transmit(server, data)
        if self._copies is not None:
            with contextlib.suppress(
                RetryError, FailedError
            ):  # the mail has left; a missing copy is no reason to doubt it
                self._copies.send(key, mail)
        return Receipt(key=key, reference=message_id(key, self._settings), at=at)

    def lookup(self, key: str) -> Receipt | None:
        """The receipt, where a copy proves that the mail left. Raises UnknownOutcomeError otherwise."""
        found = self._copies.lookup(key) if self._copies is not None else None
        if found is None:
            reference = message_id(key, self._settings)
            raise UnknownOutcomeError(
                "an SMTP server can't say what it took", hint=f"look for the message id {reference}", detail="smtp"
            )
        return found

    @contextlib.contextmanager
    def _connected(self) -> Generator[smtplib.SMTP]:
        """A connection that is encrypted and logged in. What fails here happened before anything was sent."""
        with _before_data(self._where):
            server = self._connect()
        try:
            with _before_data(self._where):
                self._introduce(server)
            yield server
            with contextlib.suppress(OSError, smtplib.SMTPException):  # the answer is known; goodbye is only polite
                server.quit()
        finally:
            server.close()

    @property
    def _where(self) -> str:
        return f"{self._server.host}:{self._server.port}"

    def _connect(self) -> smtplib.SMTP:
        own_name = self._settings.address.rpartition("@")[2]
        host, port, timeout = self._server.host, self._server.port, self._server.timeout
        if self._server.tls == "implicit":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, own_name, timeout=timeout, context=context)
        return smtplib.SMTP(host, port, own_name, timeout=timeout)

    def _introduce(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self._server.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
        if self._server.user:
            server.login(self._server.user, self._server.password.get_secret_value())

    def _envelope(self, server: smtplib.SMTP, to: str) -> None:
        with _before_data(self._where):
            _accepted(server.mail(self._settings.address), self._where)
            _accepted(server.rcpt(to), self._where)
            _accepted(server.docmd("DATA"), self._where, wanted=3)


def _transmit(server: smtplib.SMTP, data: bytes) -> None:
    """Sends the text. From its first byte on, only a 250 says that it was taken, and only a 5xx that it was not."""
    lines = [b"." + line if line.startswith(b".") else line for line in data.replace(b"\r\n", b"\n").split(b"\n")]
    try:
        server.send(b"\r\n".join(lines).removesuffix(b"\r\n") + b"\r\n.\r\n")
        code, _ = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise UnknownOutcomeError("the connection broke after the mail was sent", detail="smtp") from error
    if 500 <= code < 600:
        raise FailedError(f"the server refused the mail ({code})", detail="smtp")
    if code != 250:
        raise UnknownOutcomeError(f"the server answered the mail with {code}", detail="smtp")


def _accepted(reply: tuple[int, bytes], where: str, wanted: int = 2) -> None:
    """Goes on where a reply's code has the wanted first digit."""
    code, _ = reply  # the server's words may name the recipient: they stay out of our errors
    if 500 <= code < 600:
        raise FailedError(f"the server refused ({code})", where=where, detail="smtp")
    if code // 100 != wanted:
        raise RetryError(f"the server can't take it now ({code})", where=where, detail="smtp")


@contextlib.contextmanager
def _before_data(where: str) -> Generator[None]:
    """Translates what smtplib raises while nothing has been sent yet."""
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        raise FailedError("the server offers no encryption or log-in", where=where, detail="smtp") from error
    except smtplib.SMTPResponseException as error:
        _accepted((error.smtp_code, b""), where)
        raise RetryError("the server does not answer as expected", where=where, detail="smtp") from error
    except (OSError, smtplib.SMTPException) as error:
        raise RetryError(f"no connection ({type(error).__name__})", where=where, detail="smtp") from error
