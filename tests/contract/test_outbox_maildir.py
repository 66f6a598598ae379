"""A Maildir outbox: one file for each key, complete or not at all, never twice."""

import email
import multiprocessing
from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.adapters.outbox import MaildirOutbox
from countersign.adapters.outbox.letter import letter
from countersign.domain.desk import MailSettings
from countersign.domain.errors import FailedError, RetryError
from countersign.domain.outcome import Outgoing

SETTINGS = MailSettings(address="support@fernhill.example", name='Fernhill & Co "Desk"')
MAIL = Outgoing(
    to="jane@example.org",
    subject="Re: Where is it?",
    body="Dear Jane,\n\nit is on its way. Price: 12.50 €",
    ticket="CS-1001",
    in_reply_to="<2@x>",
    references=("<1@x>", "<2@x>"),
)
KEY = "a" * 64
AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


def _read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=policy.default)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_reply_is_one_plain_mail(tmp_path: Path) -> None:
    """Every header that a reply needs is there, and the body arrives as written."""
    receipt = MaildirOutbox(tmp_path, SETTINGS, now=lambda: AT).send(KEY, MAIL)
    (path,) = _files(tmp_path)
    assert path == tmp_path / "new" / f"{KEY}.eml"
    message = _read(path.read_bytes())
    assert message["From"] == '"Fernhill & Co \\"Desk\\"" <support@fernhill.example>'
    assert message["To"] == "jane@example.org"
    assert message["Subject"] == "Re: Where is it? [CS-1001]"
    assert message["Message-ID"] == f"<{KEY}@fernhill.example>" == receipt.reference
    assert message["In-Reply-To"] == "<2@x>"
    assert message["References"] == "<1@x> <2@x>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message.get_content().replace("\r\n", "\n") == MAIL.body + "\n"
    assert (receipt.key, receipt.at) == (KEY, AT)


def test_the_tag_is_not_repeated(tmp_path: Path) -> None:
    """A subject that names its ticket already stays as it is."""
    tagged = MAIL.model_copy(update={"subject": "Re: [CS-1001] Where is it?"})
    MaildirOutbox(tmp_path, SETTINGS).send(KEY, tagged)
    assert _read(_files(tmp_path)[0].read_bytes())["Subject"] == "Re: [CS-1001] Where is it?"


def test_sending_again_is_not_sending_twice(tmp_path: Path) -> None:
    """The same key gives the first receipt, also after a mail program took the file."""
    times = iter([AT, AT.replace(hour=10), AT.replace(hour=11)])
    outbox = MaildirOutbox(tmp_path, SETTINGS, now=lambda: next(times))
    first = outbox.send(KEY, MAIL)
    assert outbox.send(KEY, MAIL) == first == outbox.lookup(KEY)
    (tmp_path / "new" / f"{KEY}.eml").rename(tmp_path / "cur" / f"{KEY}.eml:2,S")
    assert outbox.send(KEY, MAIL) == first == outbox.lookup(KEY)
    assert len(_files(tmp_path)) == 1


def test_a_key_belongs_to_one_mail(tmp_path: Path) -> None:
    """Another mail under the same key is refused, and the first stays."""
    outbox = MaildirOutbox(tmp_path, SETTINGS)
    outbox.send(KEY, MAIL)
    with pytest.raises(FailedError) as caught:
        outbox.send(KEY, MAIL.model_copy(update={"body": "something else"}))
    assert caught.value.full_code == "failed.key_reused"
    assert len(_files(tmp_path)) == 1


def test_what_was_not_sent_is_not_found(tmp_path: Path) -> None:
    """A look-up in an empty outbox is None."""
    assert MaildirOutbox(tmp_path / "none", SETTINGS).lookup(KEY) is None


def _race(folder: Path, start: Barrier, results: "multiprocessing.Queue[str]") -> None:
    outbox = MaildirOutbox(folder, SETTINGS)
    start.wait(30)
    results.put(outbox.send(KEY, MAIL).model_dump_json())


def test_of_many_processes_one_writes(tmp_path: Path) -> None:
    """All of them get the same receipt, and there is one file."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(4), context.Queue()
    workers = [context.Process(target=_race, args=(tmp_path, start, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    receipts = {results.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(30)
    assert len(receipts) == 1
    assert len(_files(tmp_path)) == 1


@pytest.mark.parametrize(
    "to",
    [
        "", "jane", "jane@", "a@b", "@b.example", "a@@b.example",
        "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example",
        "Jane <jane@example.org>", "a b@c.example", "<a@b.example>", "a@b.example\x00", "jäne@example.org",
        "a@b.example;c@d.example",
    ],
)  # fmt: skip
def test_one_plain_recipient_or_none(tmp_path: Path, to: str) -> None:
    """Whatever is not exactly one address is refused before anything is written."""
    with pytest.raises(FailedError):
        MaildirOutbox(tmp_path, SETTINGS).send(KEY, MAIL.model_copy(update={"to": to}))
    assert _files(tmp_path) == []


@pytest.mark.parametrize("key", ["", "../x", "a/b", "a b", "a\n", "<a>", "ä", "x" * 200])
def test_a_key_that_is_no_file_name_is_refused(tmp_path: Path, key: str) -> None:
    """No path and no header can be smuggled in as a key."""
    with pytest.raises(FailedError):
        MaildirOutbox(tmp_path, SETTINGS).send(key, MAIL)
    assert _files(tmp_path) == []


def test_a_folder_that_can_not_be_written_is_a_passing_fault(tmp_path: Path) -> None:
    """Nothing was sent; somebody mends the folder, and it is tried again."""
    (tmp_path / "box").write_bytes(b"")
    with pytest.raises(RetryError):
        MaildirOutbox(tmp_path / "box", SETTINGS).send(KEY, MAIL)


_NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Countersign-Content",     "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
]  # fmt: skip


def _names(raw: bytes) -> Sequence[str]:
    return [name for name, _ in email.message_from_bytes(raw).items()]


@given(
    subject=st.text() | st.text(alphabet="a\r\nBc: @<>\u2028\x85\x00=?"),
    body=st.text(),
    name=st.text(max_size=40),
    reference=st.text(max_size=40),
)
def test_no_text_adds_a_header_or_a_recipient(subject: str, body: str, name: str, reference: str) -> None:
    """Whatever subject, body, name and references hold, the headers are ours and the recipient is one."""
    settings = SETTINGS.model_copy(update={"name": name})
    mail = MAIL.model_copy(update={"subject": subject, "body": body, "references": ("<1@x>", reference)})
    raw = letter(KEY, mail, settings, AT)
    assert raw.isascii()
    assert sorted(_names(raw)) == sorted(_NAMES)
    message = _read(raw)
    assert [address.addr_spec for address in message["To"].addresses] == ["jane@example.org"]
    assert [address.addr_spec for address in message["From"].addresses] == ["support@fernhill.example"]
    assert "[CS-1001]" in message["Subject"]


def test_long_threads_keep_their_first_and_latest_ids() -> None:
    """Ids are neither encoded nor broken, and no line is longer than SMTP allows."""
    ids = tuple(f"<{at:03}{'x' * 200}@mail.example>" for at in range(60))
    raw = letter(KEY, MAIL.model_copy(update={"references": ids}), SETTINGS, AT)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert _read(raw)["References"].split() == [ids[0], *ids[-7:]]
