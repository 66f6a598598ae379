"""A customer of whom traces are everywhere, others beside them, and a look at every byte of a folder."""

import os
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path

from checkpoints.thread import thread_id
from countersign.cli.recording import export
from countersign.domain.review import Approve
from countersign.review import shown
from countersign.runtime import Runtime
from tests.graph.reviewing import deliver as deliver_of_simon
from tests.graph.reviewing import say
from tests.graph.teaching import MAYA, ROOT, deliver, label_all

NADIA, NADIA_ID, ORDER = "nadia.kowalczyk@example.com", "C-00005", "FH-10006"
WORD = "zugspitzlampe"
"""A word that only Nadia says, in each of her labelled messages."""
LABELLED = tuple(f"Your direct debit for the {WORD} was collected {time}." for time in (
    "on Monday and again on Tuesday", "twice from my giro account", "again after I had settled it",
))  # fmt: skip
MARKS = ("nadia", "kowalczyk", NADIA_ID.lower(), ORDER.lower(), WORD, "attached-by-her")
"""What must be found of her before, and nowhere after; in lower case."""
_ATTACHMENT = """--x
Content-Type: text/plain

{text}
--x
Content-Type: text/plain
Content-Disposition: attachment; filename="note.txt"

attached-by-her
--x--
"""


def fill(runtime: Runtime, folder: Path) -> Path:
    """Nadia writes, is answered, waits for a person, is labelled and learnt from; so do others. Answers a cassette."""
    runtime.run([str(next((ROOT / "desk" / "mail").glob("006-*.eml")))])
    for number, text in enumerate((f"Please close my account, says Nadia of the {WORD}.", "The same id, other words.")):
        name = folder / f"{number}.eml"
        head = f"From: Nadia Kowalczyk <{NADIA}>\nMessage-ID: <same@example.com>\nSubject: {ORDER}\nMIME-Version: 1.0\n"
        name.write_text(head + 'Content-Type: multipart/mixed; boundary="x"\n\n' + _ATTACHMENT.format(text=text))
        runtime.run([str(name)])
    for text in LABELLED:
        runtime.triage.label(deliver(runtime, text, NADIA).id, "double_charge", by="maria")
    label_all(runtime, "double_charge")
    waiting = deliver_of_simon(runtime)
    say(runtime, shown(runtime, waiting.id), Approve(note="The carrier says it is lost."))
    deliver(runtime, "Could somebody tell me whether my choir may sing in your shop?", NADIA)
    deliver(runtime, "Could somebody tell me whether the snails of my garden may race in your shop?", MAYA)
    tickets = tickets_of(runtime, "1 = 1")
    runtime.saver.copy_thread(thread_id("CS-1001"), "a-copy")
    export(runtime, tickets, folder / "cassette")
    for path in (runtime.settings.var / "blobs").rglob("*"):
        os.utime(path, (0, 0))  # nothing of it is under way into the inbox
    return folder / "cassette"


def tickets_of(runtime: Runtime, condition: str) -> list[str]:
    """Tickets by a condition on their rows."""
    with runtime.ledger.file.reading() as connection:
        return list(connection.exec_driver_sql(f"SELECT id FROM tickets WHERE {condition} ORDER BY number").scalars())


def found_in(*folders: Path) -> dict[str, set[str]]:
    """Which marks stand in which files, unpacked ones too; the shop is the system of record."""
    found: dict[str, set[str]] = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
        if not path.name.startswith("shop.db"):
            texts = list(_texts(path.read_bytes()))
            marks = {mark for mark in MARKS if any(mark.encode() in text for text in texts)}
            found |= {str(path): marks} if marks else {}
    return found


def _texts(data: bytes) -> Iterator[bytes]:
    """A file's bytes in lower case, with whatever is packed in them, in pages that are no longer in use too."""
    yield data.lower()
    if zipfile.is_zipfile(BytesIO(data)):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            yield from (archive.read(name).lower() for name in archive.namelist())
        return
    for head in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
        place = data.find(head)
        while place >= 0:
            with suppress(zlib.error):
                yield zlib.decompressobj().decompress(data[place : place + 65_536], 1_000_000).lower()
            place = data.find(head, place + 1)


def mail_of(runtime: Runtime, folder: Path, tickets: list[str]) -> dict[Path, bytes]:
    """The mails, copies of replies and recorded answers of some tickets, by file."""
    listed = ", ".join(f"'{ticket}'" for ticket in tickets)
    with runtime.ledger.file.reading() as connection:
        named = connection.exec_driver_sql(f"SELECT body FROM inbox WHERE ticket IN ({listed})").scalars()
        blobs = [folder / "var" / "blobs" / name[:2] / name for name in named]
    sent = (path for path in (folder / "var" / "outbox").rglob("*.eml"))
    ours = [path for path in sent if any(f"[{ticket}]".encode() in path.read_bytes() for ticket in tickets)]
    recorded = [path for path in (folder / "cassette").glob("CS-*") if path.name[:7] in tickets]
    assert min(map(len, (blobs, ours, recorded))) > 0
    return {path: path.read_bytes() for path in (*blobs, *ours, *recorded)}


def rows_of_others(runtime: Runtime, tickets: list[str]) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the two databases that is about a ticket of somebody else's."""
    settings, found = runtime.settings, dict[str, list[tuple[object, ...]]]()
    threads = [thread_id(ticket) for ticket in tickets]
    for path, column, names in (
        (settings.ledger_file, "ticket", tickets), (settings.ledger_file, "ref", tickets),
        (settings.checkpoint_file, "thread_id", threads),
    ):  # fmt: skip
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                if any(row[1] == column for row in db.execute(f"PRAGMA table_info({table})")):
                    listed = ", ".join(f"'{name}'" for name in names)
                    rows = db.execute(f"SELECT * FROM {table} WHERE {column} IN ({listed})")
                    found[f"{path.name} {table}"] = sorted(rows.fetchall(), key=repr)
    return found
