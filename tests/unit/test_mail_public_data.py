"""Real mail from public collections: every file is accounted for, and its history is split off."""

import io
import re
from pathlib import Path

import pytest

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.mail import read_sources
from countersign.domain.ticket import Message, Quarantined
from tests.unit.mail_parsing import SETTINGS

_HEADER = re.compile(
    r"(?:wrote|schrieb|écrit|escribió|escreveu|scritto|schreef|napisał|napisał\(a\)|skrev|írta)\s?:?\s*$"
    r"|^[\s*>]*(?:From|Von|De|Da|Van)\s?:.*@|^-+\s?Original Message|^>",
    re.IGNORECASE | re.MULTILINE,
)
"""What an introduction of quoted history looks like."""


@pytest.fixture(scope="module")
def items(public_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Message | Quarantined]:
    folder = FolderBlobs(tmp_path_factory.mktemp("blobs"))
    return list(read_sources([str(public_data / "mail")], folder, SETTINGS, io.BytesIO()))


def test_every_file_is_accounted_for(items: list[Message | Quarantined], public_data: Path) -> None:
    """Each file is exactly one message or one quarantined item with a reason."""
    files = sorted(str(path) for path in (public_data / "mail").rglob("*") if path.is_file())
    assert sorted(item.source for item in items) == files
    assert all(item.reason for item in items if isinstance(item, Quarantined))


def test_all_mail_is_read(items: list[Message | Quarantined]) -> None:
    """No .eml file and no text is quarantined; what is, is no mail."""
    refused = [item for item in items if isinstance(item, Quarantined)]
    assert {item.code for item in refused} <= {"input.kind", "input.empty"}
    assert not [item.source for item in refused if item.source.endswith((".eml", ".txt"))]


def test_reports_and_lists_are_never_answered(items: list[Message | Quarantined]) -> None:
    """The delivery reports of the collection are bounces."""
    reports = [item for item in items if isinstance(item, Message) and "multipart_report" in item.source]
    assert {item.automatic for item in reports} == {"bounce"}


def test_no_reply_keeps_a_quote_header(items: list[Message | Quarantined]) -> None:
    """Of the replies in many languages none leaves an introduction of its history in the text."""
    replies = [item for item in items if isinstance(item, Message) and re.search(r"(crisp|github)-reply", item.source)]
    assert len(replies) >= 60
    assert [item.source for item in replies if _HEADER.search(item.text)] == []


def test_no_reply_loses_its_text(items: list[Message | Quarantined]) -> None:
    """Splitting leaves every reply something to say."""
    replies = [item for item in items if isinstance(item, Message) and "-reply/test" in item.source]
    assert all(item.text for item in replies)
