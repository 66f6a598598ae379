"""Replies as files of a Maildir, each named by its key: the file is the proof, and there can be only one."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from countersign.adapters.outbox.letter import CONTENT_FIELD, letter, message_id
from countersign.domain.desk import MailSettings
from countersign.domain.errors import FailedError, RetryError
from countersign.domain.frozen import digest
from countersign.domain.outcome import Outgoing, Receipt


def _now() -> datetime:
    return datetime.now(UTC)


class MaildirOutbox:
    """Writes each reply to `new/<key>.eml`, complete or not at all, and never twice.

    A mail program may move a reply to `cur`; it is found there too.
    """

    def __init__(self, folder: Path, settings: MailSettings, now: Callable[[], datetime] = _now) -> None:
        self._folder = folder
        self._settings = settings
        self._now = now

    def send(self, key: str, mail: Outgoing) -> Receipt:
        """Writes the mail and returns its receipt; the same key again returns the first receipt.

        Raises FailedError where key or recipient can't be used, or the key belongs to another mail
        (`failed.key_reused`); RetryError where the folder can't be written.
        """
        data = letter(key, mail, self._settings, self._now())
        try:
            if self._find(key) is None:
                self._write(key, data)
            found = self._find(key)
        except OSError as error:
            raise RetryError(
                f"can't be written ({error.strerror})", where=str(self._folder), detail="outbox"
            ) from error
        if found is None:
            raise RetryError("the mail was moved away while it was written", where=str(self._folder), detail="outbox")
        receipt, content = _receipt(key, found)
        if content != digest(mail):
            raise FailedError("another mail was sent under this key", where=found.name, detail="key_reused")
        return receipt

    def lookup(self, key: str) -> Receipt | None:
        """The receipt of what was sent under a key, or None. Raises RetryError where the folder can't be read."""
        message_id(key, self._settings)
        try:
            found = self._find(key)
            return _receipt(key, found)[0] if found else None
        except OSError as error:
            raise RetryError(f"can't be read ({error.strerror})", where=str(self._folder), detail="outbox") from error

    def forget(self, key: str, *, dry_run: bool = False) -> int:
        """Deletes what was sent under a key, and what a crash left of it; answers how many mails that were."""
        message_id(key, self._settings)
        found = [path for part in ("new", "cur") for path in self._folder.glob(f"{part}/{key}.eml*")]
        for path in () if dry_run else (*found, *self._folder.glob(f"tmp/{key[:64]}.*")):
            path.unlink(missing_ok=True)
        return len(found)

    def _find(self, key: str) -> Path | None:
        name = f"{key}.eml"
        fresh = self._folder / "new" / name
        if fresh.exists():
            return fresh
        moved = self._folder / "cur"
        seen = sorted(path for path in moved.iterdir() if path.name.partition(":")[0] == name) if moved.is_dir() else []
        return seen[0] if seen else None

    def _write(self, key: str, data: bytes) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=self._folder / "tmp", prefix=f"{key[:64]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another worker was faster: its mail is the one
                os.link(temporary, self._folder / "new" / f"{key}.eml")
            _sync(self._folder / "new")
        finally:
            Path(temporary).unlink()


def _sync(folder: Path) -> None:
    """Makes the folder's new entry survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _receipt(key: str, path: Path) -> tuple[Receipt, str]:
    """Reads a receipt back from the mail's file: the receipt, and the digest of what was sent."""
    message = BytesParser(policy=default).parsebytes(path.read_bytes(), headersonly=True)
    at = parsedate_to_datetime(str(message["Date"])).astimezone(UTC)
    reference = str(message["Message-ID"])
    return Receipt(key=key, reference=reference, at=at), str(message[CONTENT_FIELD])
