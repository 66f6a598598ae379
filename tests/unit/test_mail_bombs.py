"""Hostile mail ends as a message or quarantined, within its limits, and the next message is read as if nothing was."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.mail import process, read_sources
from countersign.adapters.mail.parsed import Record, Request
from countersign.adapters.mail.process import ParserProcess
from countersign.domain.errors import StorageError
from countersign.domain.ticket import Message, Quarantined
from tests.unit.mail_parsing import SETTINGS, mail

SENDER = "From: a@b.example\r\n"
HTML = f"{SENDER}Content-Type: text/html\r\n\r\n"


def _nested(depth: int) -> str:
    inner = "".join(f"--b{at}\r\nContent-Type: multipart/mixed; boundary=b{at + 1}\r\n\r\n" for at in range(depth))
    return f"{SENDER}Content-Type: multipart/mixed; boundary=b0\r\n\r\n{inner}"


def _parameters(count: int) -> str:
    return "Content-Type: text/plain; " + "; ".join(f"p{at}=v" for at in range(count))


BOMBS = {
    "a thousand multiparts": (_nested(1000), "input.depth"),
    "thirty multiparts": (_nested(30), "input.depth"),
    "a thousand messages": (SENDER + "Content-Type: message/rfc822\r\n\r\n" * 1000, "input.depth"),
    "5,000 parts": (
        f"{SENDER}Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "--b\r\n\r\nx\r\n" * 5000,
        "input.parts",
    ),
    "20,000 header fields": (SENDER + "".join(f"X-{at}: y\r\n" for at in range(20_000)) + "\r\nhi", "input.headers"),
    "32,000 parameters": (f"{SENDER}{_parameters(32_000)}\r\n\r\nhi", "input.headers"),
    "32,000 parameters in a part": (
        f"{SENDER}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{_parameters(32_000)}\r\n\r\nhi\r\n--b--",
        "input.headers",
    ),
    "20,000 encoded words": (SENDER + "Subject: " + "=?utf-8?q?a?= " * 20_000 + "\r\n\r\nhi", "input.headers"),
    "style for every element": (
        HTML + "<style>" + ".a .b .c{color:red} " * 3000 + "</style>" + "<b class='c'>x</b>" * 20_000,
        "input.time",
    ),
    "text that grows when folded": (
        f"{SENDER}Content-Type: text/plain; charset=utf-8\r\n\r\n" + "\ufdfa" * 3_000_000,
        "input.time",
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_quarantined(tmp_path: Path, bomb: str) -> None:
    """Each has its code, its raw bytes are kept, and the message behind it is read."""
    source, code = BOMBS[bomb]
    (tmp_path / "1.eml").write_bytes(source.encode())
    (tmp_path / "2.eml").write_bytes(mail(body="still here"))
    blobs = FolderBlobs(tmp_path.with_name("blobs"))
    item, after = read_sources([str(tmp_path / "1.eml"), str(tmp_path / "2.eml")], blobs, SETTINGS, io.BytesIO())
    assert isinstance(item, Quarantined)
    assert item.code in {code, "input.memory", "input.time"}
    assert blobs.get(item.raw) == source.encode()
    assert isinstance(after, Message)
    assert after.text == "still here"


HARMLESS = {
    "parentheses": SENDER.replace("a@b", "((((" * 1000 + "a@b") + "To: " + "(" * 1000 + "\r\n\r\nhi",
    "encoded words up to the limit": SENDER + "Subject: " + "=?utf-8?q?a?= " * 4000 + "\r\n\r\nhi",
    "deep HTML": HTML + "<div>" * 50_000 + "hi",
    "one attribution": f"{SENDER}\r\n" + "On " * 20_000 + "wrote:",
    "many attributions": f"{SENDER}\r\n" + ("On 2020 " + "a" * 280 + " wrote \n") * 2_000,
    "many seams": f"{SENDER}\r\n" + "On 12 May 2020 x@y.example wrote:\n> x\n" * 3_000,
    "many header labels": f"{SENDER}\r\n" + "From: \n" * 5_000,
    "many closings": f"{SENDER}\r\n" + "Thanks\n" * 50_000,
    "many delimiters": f"{SENDER}\r\n" + "--\n" * 50_000,
    "an unknown charset": f"{SENDER}Content-Type: text/plain; charset=x-no-such\r\n\r\nhi",
    "a charset that is no charset": f"{SENDER}Content-Type: text/plain; charset=zip\r\n\r\nhi",
    "bad base64": f"{SENDER}Content-Transfer-Encoding: base64\r\n\r\n=====",
    "bad dates": f"{SENDER}Date: Mon, 99 Foo 99999999 99:99:99 +9999\r\n\r\nhi",
    "bad references": f"{SENDER}In-Reply-To: <<<>>>\r\nReferences: {'<a@b> ' * 2000}\r\n\r\nhi",
    "a bad file name": f"{SENDER}Content-Type: a/b; name*=x'y'%zz; name=\"=?zip?b?x?=\"\r\n\r\nhi",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_strange_mail_is_read(tmp_path: Path, case: str) -> None:
    """What only looks dangerous becomes a message, well within the limits."""
    (tmp_path / "1.eml").write_bytes(HARMLESS[case].encode())
    (item,) = read_sources([str(tmp_path / "1.eml")], FolderBlobs(tmp_path / "blobs"), SETTINGS, io.BytesIO())
    assert isinstance(item, Message)


def test_hostile_records_have_the_same_limits() -> None:
    """A record's HTML is parsed in the process too."""
    html = BOMBS["style for every element"][0]
    with ParserProcess() as parser:
        answer = parser.parse(Request(settings=SETTINGS, record=Record(sender="a@b.example", html=html)))
        assert answer.code == "time"


def test_a_stuck_process_is_killed_and_replaced() -> None:
    """Where the CPU limit does not end it, the wall clock does."""
    slow = Request(settings=SETTINGS, record=Record(sender="a@b.example", html=BOMBS["style for every element"][0]))
    with ParserProcess(seconds=0.0) as impatient:
        assert impatient.parse(slow).code == "time"
    with ParserProcess() as parser:
        answers = [parser.parse(Request(settings=SETTINGS, raw=mail(body=str(at)))) for at in range(3)]
        assert [answer.parsed.text for answer in answers if answer.parsed] == ["0", "1", "2"]


def test_threads_share_a_process() -> None:
    """Every thread gets the answer to its own question."""
    with ParserProcess() as parser, ThreadPoolExecutor(8) as pool:
        questions = [Request(settings=SETTINGS, raw=mail(body=f"body {at}")) for at in range(40)]
        answers = list(pool.map(parser.parse, questions))
    assert [answer.parsed.text if answer.parsed else "" for answer in answers] == [f"body {at}" for at in range(40)]


def test_a_process_that_died_is_started_again() -> None:
    """Somebody else's kill costs nothing but the start."""
    with ParserProcess() as parser:
        parser.parse(Request(settings=SETTINGS, raw=mail()))
        running = parser._process  # pyright: ignore[reportPrivateUsage]  # the test plays the operating system
        assert running is not None
        running.kill()
        running.wait()
        answer = parser.parse(Request(settings=SETTINGS, raw=mail(body="again")))
        assert answer.parsed is not None
        assert answer.parsed.text == "again"


def test_the_process_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of our environment but what Python needs reaches the parser."""
    monkeypatch.setenv("COUNTERSIGN_SMTP__PASSWORD", "hunter2")
    handed = process._environment()  # pyright: ignore[reportPrivateUsage]  # the only view on it from outside
    assert "hunter2" not in str(handed)


def test_a_process_that_can_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is said; it does not quarantine the whole mailbox."""
    monkeypatch.setattr("sys.executable", "/bin/false")
    with ParserProcess() as parser, pytest.raises(StorageError) as caught:
        parser.parse(Request(settings=SETTINGS, raw=mail()))
    assert caught.value.full_code == "storage.parser"


def test_the_process_ends_with_its_reader() -> None:
    """A closed reader leaves no process behind."""
    parser = ParserProcess()
    parser.parse(Request(settings=SETTINGS, raw=mail()))
    running = parser._process  # pyright: ignore[reportPrivateUsage]
    parser.close()
    assert running is not None
    deadline = time.monotonic() + 10
    while running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.poll() is not None
