"""Every source is read to its end: each record is a message or quarantined, in a fixed order, raw bytes kept."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.mail import read_sources
from countersign.domain.ticket import Message, Quarantined
from tests.unit.mail_parsing import SETTINGS, mail

Read = Callable[..., list[Message | Quarantined]]


@pytest.fixture
def blobs(tmp_path_factory: pytest.TempPathFactory) -> FolderBlobs:
    return FolderBlobs(tmp_path_factory.mktemp("blobs"))


@pytest.fixture
def read(blobs: FolderBlobs) -> Read:
    def everything(*sources: Path | str, stdin: bytes = b"") -> list[Message | Quarantined]:
        return list(read_sources([str(source) for source in sources], blobs, SETTINGS, io.BytesIO(stdin)))

    return everything


def _texts(items: list[Message | Quarantined]) -> list[str]:
    return [item.text if isinstance(item, Message) else item.code for item in items]


def _line(**fields: object) -> str:
    return json.dumps({"from": "jane@example.org", "subject": "Hi", "text": "hello"} | fields) + "\n"


MBOX = b"".join(
    b"From jane@example.org Mon Jun  3 10:00:00 2024\n" + mail(body=body).replace(b"\r\n", b"\n") + b"\n\n"
    for body in ("one", ">From here\nFrom the start\nit was late", "three")
)


def test_an_eml_file_is_one_message(tmp_path: Path, read: Read, blobs: FolderBlobs) -> None:
    """Its bytes are kept, and its name is the source."""
    raw = mail(
        "Message-ID: <1@x>", "In-Reply-To: <0@x>", "References: <a@x> <0@x>", "Date: Mon, 3 Jun 2024 12:00:00 +0200"
    )
    path = tmp_path / "a.eml"
    path.write_bytes(raw)
    (message,) = read(path)
    assert isinstance(message, Message)
    assert blobs.get(message.raw) == raw
    assert (message.source, message.message_id, message.references) == (str(path), "<1@x>", ("<0@x>", "<a@x>"))
    assert message.sent_at is not None
    assert message.sent_at.isoformat() == "2024-06-03T10:00:00+00:00"


def test_an_mbox_is_cut_at_its_from_lines(tmp_path: Path, read: Read) -> None:
    """Escaped and unescaped From lines inside a body do not cut it; messages are numbered."""
    path = tmp_path / "box"
    path.write_bytes(MBOX)
    items = read(path)
    assert _texts(items) == ["one", "From here\nFrom the start\nit was late", "three"]
    assert [item.source for item in items] == [f"{path}#1", f"{path}#2", f"{path}#3"]


def test_a_maildir_has_new_and_seen_mail(tmp_path: Path, read: Read) -> None:
    """`cur` and `new` are read, `tmp` and other files of the program are not."""
    for folder, body in (("new", "fresh"), ("cur", "seen"), ("tmp", "half")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.x:2,S").write_bytes(mail(body=body))
    (tmp_path / "dovecot.index").write_bytes(b"\x00\x01")
    assert _texts(read(tmp_path)) == ["seen", "fresh"]


def test_a_folder_is_read_to_its_last_file(tmp_path: Path, read: Read) -> None:
    """Below a folder every file is accounted for, in the order of its path."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mail.eml").write_bytes(mail(body="deep"))
    (tmp_path / "a.txt").write_bytes(mail(body="raw mail in a text file"))
    (tmp_path / "c.txt").write_text("only words")
    (tmp_path / "d.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (tmp_path / "e.eml").write_bytes(b"")
    (tmp_path / "f.jsonl").write_text(_line(text="from a record"))
    (tmp_path / "LICENSE").write_text("Permission is granted to everybody")
    (tmp_path / "z").symlink_to(tmp_path)
    expected = [
        "input.kind",
        "raw mail in a text file",
        "deep",
        "only words",
        "input.kind",
        "input.empty",
        "from a record",
    ]
    assert _texts(read(tmp_path)) == [*expected, "input.kind"]


def test_a_text_without_headers_is_a_message_without_sender(tmp_path: Path, read: Read, blobs: FolderBlobs) -> None:
    """Its first line is not mistaken for a header, and its bytes are kept as they are."""
    (tmp_path / "a.txt").write_text("Subject is: my parcel\nWhere is it?")
    (message,) = read(tmp_path / "a.txt")
    assert isinstance(message, Message)
    assert (message.sender, message.text) == ("", "Subject is: my parcel\nWhere is it?")
    assert blobs.get(message.raw) == b"Subject is: my parcel\nWhere is it?"


def test_json_lines_and_their_bad_records(tmp_path: Path, read: Read, blobs: FolderBlobs) -> None:
    """A bad line is quarantined with its line number and its bytes; the others are read."""
    path = tmp_path / "a.ndjson"
    lines = [
        _line(text="good"),
        "not json\n",
        "\n",
        '["a list"]\n',
        '{"subject": "no sender", "text": "x"}\n',
        '{"from": "jane@example.org"}\n',
        _line(**{"from": "nobody"}),
        _line(text=["a", "list"]),
        _line(authenticated="maybe"),
        _line(body="by another name", text=None),
        _line(html="<p>in HTML</p>", text=None),
        _line(text="\ud83d\ude00 last", id="<7@x>", date="2024-06-03T10:00:00Z", authenticated=True),
    ]
    path.write_text("".join(lines).removesuffix("\n"))
    items = read(path)
    bad = [item for item in items if isinstance(item, Quarantined)]
    assert [item.source.rpartition("#")[2] for item in bad] == ["2", "4", "5", "6", "7", "8", "9"]
    assert {item.code for item in bad} == {"input.format", "input.field"}
    assert all(item.reason.startswith(str(path)) and "\n" not in item.reason for item in bad)
    assert blobs.get(bad[0].raw) == b"not json\n"
    good = [item for item in items if isinstance(item, Message)]
    assert [item.text for item in good] == ["good", "by another name", "in HTML", "😀 last"]
    assert (good[-1].message_id, good[-1].authenticated) == ("<7@x>", True)
    assert good[-1].sent_at is not None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_and_its_bad_rows(tmp_path: Path, read: Read, delimiter: str, encoding: str) -> None:
    """What spreadsheets write is read; a row with too few fields is quarantined with its line."""
    rows = ["From|Subject|Body|Date", 'jane@example.org|Größe|"two\nlines"|', "too|few", "", "x@example.org|b|last|"]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(rows).replace("|", delimiter).encode(encoding))
    first, bad, last = read(path)
    assert isinstance(first, Message)
    assert (first.subject, first.text, first.source) == ("Größe", "two\nlines", f"{path}#2")
    assert isinstance(bad, Quarantined)
    assert (bad.code, bad.source) == ("input.format", f"{path}#4")
    assert isinstance(last, Message)
    assert last.text == "last"


def test_csv_without_a_usable_header_is_one_bad_record(tmp_path: Path, read: Read) -> None:
    """A missing column is named once, not on every line."""
    path = tmp_path / "a.csv"
    path.write_text("name,text\na,b\nc,d\n")
    (item,) = read(path)
    assert isinstance(item, Quarantined)
    assert item.code == "input.field"
    assert "`from`" in item.reason


@pytest.mark.parametrize(
    ("stdin", "texts"),
    [
        (mail(body="one message"), ["one message"]),
        (MBOX, ["one", "From here\nFrom the start\nit was late", "three"]),
        ((_line(text="a") + _line(text="b")).encode(), ["a", "b"]),
        (b"from,subject,text\njane@example.org,s,c\n", ["c"]),
        (b"just words", ["just words"]),
        (b"", ["input.empty"]),
        (b"\x00\x01\x02", ["input.kind"]),
    ],
)
def test_standard_input_is_recognised(read: Read, stdin: bytes, texts: list[str]) -> None:
    """Mail, a mailbox, records or plain words may come through a pipe."""
    assert _texts(read("-", stdin=stdin)) == texts


def test_what_is_missing_or_locked_is_said_and_the_rest_goes_on(tmp_path: Path, read: Read) -> None:
    """A source that does not exist and one that is no file have their own codes."""
    (tmp_path / "a.eml").write_bytes(mail(body="fine"))
    os.mkfifo(tmp_path / "pipe")
    items = read(tmp_path / "none.eml", tmp_path / "pipe", "bad\x00name", tmp_path / "a.eml")
    assert _texts(items) == ["input.missing", "input.kind", "input.missing", "fine"]
    assert isinstance(items[0], Quarantined)
    assert items[0].reason == f"{tmp_path / 'none.eml'}: no such file or folder"


def test_the_same_message_has_the_same_key(tmp_path: Path, read: Read) -> None:
    """Delivered twice it is one message; another sender's or text's is another."""
    (tmp_path / "a.eml").write_bytes(mail("Message-ID: <1@x>", "Received: by one", body="hi"))
    (tmp_path / "b.eml").write_bytes(mail("Message-ID: <1@x>", "Received: by two", body="hi"))
    (tmp_path / "c.eml").write_bytes(mail("Message-ID: <1@x>", sender="From: evil@example.net", body="hi"))
    (tmp_path / "d.eml").write_bytes(mail("Received: by one", body="hi"))
    (tmp_path / "e.eml").write_bytes(mail("Received: by two", body="hi"))
    (tmp_path / "f.eml").write_bytes(mail(body="other"))
    (tmp_path / "g.eml").write_bytes(mail("Message-ID: <1@x>", "Message-ID: <2@x>", body="hi"))
    a, b, c, d, e, f, g = (item.key for item in read(tmp_path))
    assert a == b
    assert d == e == g
    assert len({a, c, d, f}) == 4


def test_reading_twice_gives_the_same(tmp_path: Path, read: Read) -> None:
    """Order, keys and texts do not depend on the run."""
    (tmp_path / "a.mbox").write_bytes(MBOX)
    (tmp_path / "b.jsonl").write_text(_line() + "bad\n")
    assert read(tmp_path) == read(tmp_path)


def test_what_is_too_large_is_a_stub(tmp_path: Path, read: Read, blobs: FolderBlobs) -> None:
    """A message over the limit is quarantined with its beginning; the mailbox goes on behind it."""
    large = b"From x@y Mon Jun  3 10:00:00 2024\nFrom: x@y.example\n\n" + b"word " * 2_200_000 + b"\n\n"
    (tmp_path / "a.mbox").write_bytes(large + MBOX)
    items = read(tmp_path / "a.mbox")
    assert _texts(items)[:2] == ["input.size", "one"]
    assert len(blobs.get(items[0].raw)) == 64 * 1024


def test_a_mailbox_is_never_held_at_once(tmp_path: Path, blobs: FolderBlobs) -> None:
    """The first message of a long mailbox comes before the rest was read."""

    class Endless(io.RawIOBase):
        """A mailbox that never ends."""

        def __init__(self) -> None:
            self.served = 0
            self.left = b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
            self.left = self.left or MBOX
            count = min(len(buffer), len(self.left))
            buffer[:count] = self.left[:count]
            self.left = self.left[count:]
            self.served += count
            return count

    source = Endless()
    items = read_sources(["-"], blobs, SETTINGS, io.BufferedReader(source))
    first = [next(items) for _ in range(5)]
    assert _texts(first)[:3] == ["one", "From here\nFrom the start\nit was late", "three"]
    assert source.served < 1_000_000
