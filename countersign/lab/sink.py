"""A mail server that takes whatever it is handed, as often as it is handed, and writes each acceptance down."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from mailbox import mbox
from pathlib import Path

from countersign.adapters.outbox.letter import letter, message_id
from countersign.domain.desk import MailSettings
from countersign.domain.outcome import Outgoing, Receipt


class MailSink:
    """An outbox that spares nobody: unlike a Maildir named by keys, it hides no mail that leaves twice.

    Its records are one mbox file, which the checker reads.
    """

    def __init__(self, path: Path, settings: MailSettings) -> None:
        self._path, self._settings = path, settings

    def send(self, key: str, mail: Outgoing) -> Receipt:
        """Takes the mail."""
        now = datetime.now(UTC)
        with self._open() as box:
            box.add(letter(key, mail, self._settings, now))
        return Receipt(key=key, reference=message_id(key, self._settings), at=now)

    def lookup(self, key: str) -> Receipt | None:
        """The first acceptance under a key."""
        reference = message_id(key, self._settings)
        with self._open() as box:
            known = any("".join(str(mail["Message-ID"]).split()) == reference for mail in box)
        return Receipt(key=key, reference=reference, at=datetime.now(UTC)) if known else None

    def count(self) -> int:
        """How many mails were taken."""
        with self._open() as box:
            return len(box)

    @contextmanager
    def _open(self) -> Generator[mbox]:
        box = mbox(self._path)
        box.lock()
        try:
            yield box
        finally:
            box.close()
