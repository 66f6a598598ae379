"""What there is in the world after a ticket: changes in the shop's own file, and mails that left. Plain reading."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path

_WRITES = "SELECT kind, target, arguments FROM writes ORDER BY at, key"


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

    file: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class World:
    """All of both."""

    changes: tuple[Change, ...]
    mails: tuple[Mail, ...]

    def since(self, before: "World") -> "World":
        """What was not there before."""
        return World(
            tuple(one for one in self.changes if one not in before.changes),
            tuple(one for one in self.mails if one not in before.mails),
        )


def world(var: Path) -> World:
    """As the shop's file and the outbox's Maildir have it."""
    with closing(sqlite3.connect(f"file:{var / 'shop.db'}?mode=ro", uri=True)) as books:
        rows = books.execute(_WRITES).fetchall()
    changes = tuple(Change(kind, target, json.dumps(json.loads(args), sort_keys=True)) for kind, target, args in rows)
    return World(changes, tuple(_mail(path) for path in sorted((var / "outbox").glob("new/*"))))


def _mail(path: Path) -> Mail:
    mail = message_from_bytes(path.read_bytes(), policy=default)
    body = mail.get_body(("plain",))
    return Mail(path.name, str(mail["To"]), body.get_content() if body else "")
