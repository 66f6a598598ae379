"""Charsets, attachments, bounds and records: what a parsed message holds."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.adapters.mail.parse import parse_mail, parse_record
from countersign.adapters.mail.parsed import Record
from countersign.domain.errors import InputError
from tests.unit.mail_parsing import SETTINGS, mail, parsed


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("utf-8", "utf-8", "Grüße aus Köln – 12 €"),
        ("iso-8859-1", "cp1252", "Grüße – 12 €"),
        ("us-ascii", "utf-8", "Grüße"),
        ("us-ascii", "cp1252", "Schöne Grüße aus Köln, der Rucksack für 12,50 € ist beschädigt"),
        ("", "utf-8", "Grüße"),
        ("utf-8", "cp1252", "Schöne Grüße aus Köln, der Rucksack für 12,50 € ist beschädigt"),
        ("x-unknown", "koi8-r", "Здравствуйте, где мой заказ? Он должен был прийти ещё на прошлой неделе."),
        ("ks_c_5601-1987", "cp949", "안녕하세요"),
        ("gb2312", "gb18030", "你好"),
        ("shift_jis", "shift_jis", "注文はどこですか"),
        ("utf-7", "utf-7", "Grüße"),
    ],
)
def test_texts_are_read_in_their_charset(declared: str, encoding: str, text: str) -> None:
    """Declared rightly, wrongly or not at all, the words come out."""
    header = f"Content-Type: text/plain; charset={declared}" if declared else "X-None: x"
    raw = f"{header}\r\nFrom: a@b.example\r\n\r\n".encode() + text.encode(encoding)
    assert parse_mail(raw, SETTINGS).text == text


def test_undecodable_bytes_are_replaced() -> None:
    """Nothing is lost because of one bad byte."""
    raw = b"Content-Type: text/plain; charset=utf-16\r\nFrom: a@b.example\r\n\r\nodd bytes\xff\xfe\x00"
    assert parse_mail(raw, SETTINGS).text


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==?= =?utf-8?q?_an_alle?=", "Grüße an alle"),
        ("Grüße", "Grüße"),
        ("folded\r\n over lines", "folded over lines"),
        ("=?x-unknown?q?abc?=", "abc"),
        ("=?utf-8?b?broken", "=?utf-8?b?broken"),
        ("=?utf-8?q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),
        ("zero\u200bwidth", "zerowidth"),
    ],
)
def test_subjects_are_one_clean_line(field: str, subject: str) -> None:
    """Encoded, raw or broken, a subject is text on one line."""
    assert parsed(f"Subject: {field}").subject == subject


def _with_attachment(*headers: str, data: bytes = b"%PDF-1.4") -> bytes:
    part = "\r\n".join([*headers, "Content-Transfer-Encoding: base64", "", base64.b64encode(data).decode()])
    body = f"--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--b\r\n{part}\r\n--b--"
    return mail("Content-Type: multipart/mixed; boundary=b", body=body)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="photo.pdf"', "photo.pdf"),
        ('attachment; filename="../../etc/cron.d/x"', "../../etc/cron.d/x"),
        ("attachment; filename*=utf-8''gr%C3%BCn.pdf", "grün.pdf"),
        ('attachment; filename="=?utf-8?q?gr=C3=BCn.pdf?="', "grün.pdf"),
        ("attachment", ""),
        ('attachment; filename="' + "x" * 500 + '"', "x" * 200),
    ],
)
def test_attachments_are_kept_unread(header: str, name: str) -> None:
    """Bytes, type and the untrusted name; never a part of the text."""
    message = parse_mail(_with_attachment("Content-Type: application/pdf", f"Content-Disposition: {header}"), SETTINGS)
    (part,) = message.attachments
    assert (part.name, part.media_type, part.data) == (name, "application/pdf", b"%PDF-1.4")
    assert message.text == "see the file"


def test_texts_and_messages_can_be_attached() -> None:
    """A text file and an enclosed mail are attachments, not words of the sender."""
    attached = _with_attachment("Content-Type: text/plain", 'Content-Disposition: attachment; filename="a.txt"')
    assert [part.name for part in parse_mail(attached, SETTINGS).attachments] == ["a.txt"]
    inner = "From: other@example.net\r\nSubject: inner\r\n\r\nInner words"
    body = f"--b\r\n\r\nouter\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    message = parsed("Content-Type: multipart/mixed; boundary=b", body=body)
    assert (message.text, message.sender) == ("outer", "jane@example.org")
    assert b"Inner words" in message.attachments[0].data


def test_empty_mail_is_a_message() -> None:
    """A mail without a word, or with an attachment alone, is somebody's request."""
    assert parsed(body="").text == ""
    assert parse_mail(b"From: a@b.example\r\nSubject: only this", SETTINGS).subject == "only this"


def test_quotes_and_signatures_are_parted() -> None:
    """The parsed text is what was written now."""
    history = "On Mon, 3 Jun 2024 at 10:00, Desk <s@d.example> wrote:\r\n> hi"
    body = f"Please cancel it.\r\n\r\nBest regards,\r\nJane\r\n\r\n{history}"
    message = parsed("In-Reply-To: <1@x>", body=body)
    assert (message.text, message.signature) == ("Please cancel it.", "Best regards,\nJane")
    assert "hi" in message.quoted


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"From: a@b.example\r\nX: " + b"y" * 70_000 + b"\r\n\r\nhi", "headers"),
        (mail("Content-Type: multipart/mixed; boundary=b", body="--b\r\n\r\nx\r\n" * 300), "parts"),
    ],
)
def test_bounds_are_errors_with_codes(raw: bytes, code: str) -> None:
    """What exceeds a bound says which."""
    with pytest.raises(InputError) as caught:
        parse_mail(raw, SETTINGS)
    assert caught.value.full_code == f"input.{code}"


@given(st.binary(max_size=400) | st.text(alphabet='From: <>@;=?"()\r\n\t a1-/.', max_size=300).map(str.encode))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    """Every short message is parsed; texts are clean."""
    message = parse_mail(raw, SETTINGS)
    assert "\x00" not in message.text + message.subject + message.sender


def test_a_records_sender_must_be_an_address() -> None:
    """A record says who writes, or leaves it empty; anything else is an error."""
    assert parse_record(Record(sender="", text="x"), SETTINGS).sender == ""
    with pytest.raises(InputError, match="not an address"):
        parse_record(Record(sender="Jane", text="x"), SETTINGS)


def test_an_operator_vouches_only_for_a_plain_address() -> None:
    """`authenticated` in a record does not cover a display name that pretends."""
    assert parse_record(Record(sender="jane@example.org", authenticated=True), SETTINGS).authenticated
    pretending = Record(sender="ceo@corp.com <evil@x.y>", authenticated=True)
    assert not parse_record(pretending, SETTINGS).authenticated


def test_our_own_records_are_never_answered() -> None:
    """A record from our address is ours."""
    assert parse_record(Record(sender="Support@fernhill.example"), SETTINGS).automatic == "own"
