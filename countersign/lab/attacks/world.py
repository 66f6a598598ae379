"""What there is in the world after a ticket: changes in the shop's own file, and mails that left. Plain reading."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path

_WRITES = "SELECT kind, target, arguments FROM writes ORDER BY rowid LIMIT -1 OFFSET ?"


@dataclass(frozen=True, slots=True)
class Change:
    """A change in the shop."""

    kind: str
    target: str
    arguments: str

    @property
    def text(self) -> str:
        """On one line."""
        return f"{self.kind} {self.target} {self.arguments}"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that left."""

    to: str
    text: str


class World:
    """The shop's file and the outbox's Maildir, of which each look tells what is new."""

    def __init__(self, var: Path) -> None:
        self._var, self._changes, self._mails = var, 0, set[str]()

    def news(self) -> tuple[tuple[Change, ...], tuple[Mail, ...]]:
        """What was not there at the last look."""
        with closing(sqlite3.connect(f"file:{self._var / 'shop.db'}?mode=ro", uri=True)) as books:
            rows = books.execute(_WRITES, (self._changes,)).fetchall()
        paths = [path for path in sorted((self._var / "outbox").glob("new/*")) if path.name not in self._mails]
        self._changes += len(rows)
        self._mails |= {path.name for path in paths}
        changes = tuple(
            Change(kind, target, json.dumps(json.loads(args), sort_keys=True)) for kind, target, args in rows
        )
        return changes, tuple(map(_mail, paths))


def _mail(path: Path) -> Mail:
    mail = message_from_bytes(path.read_bytes(), policy=default)
    body = mail.get_body(("plain",))
    return Mail(str(mail["To"]), body.get_content() if body else "")
