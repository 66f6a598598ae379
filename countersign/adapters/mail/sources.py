"""Where mail comes from: files, mailboxes, folders, records, standard input."""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from countersign.adapters.mail import records, streams
from countersign.adapters.mail.kinds import Kind, kind_of
from countersign.adapters.mail.parse import MAX_BYTES
from countersign.adapters.mail.parsed import Parsed, Record, Request
from countersign.adapters.mail.process import ParserProcess
from countersign.domain.desk import MailSettings
from countersign.domain.frozen import digest
from countersign.domain.text import whole
from countersign.domain.ticket import Attachment, Message, Quarantined
from countersign.ports import Blobs

_STUB = 64 * 1024
"""So many bytes are kept of what is too large to read."""
STANDARD_INPUT = "-"
_STDIN = "standard input"


class Item(NamedTuple):
    """One thing that was found: a message's bytes or record, or (with a code) the reason why it is none."""

    source: str
    raw: bytes
    record: Record | None = None
    code: str = ""
    reason: str = ""
    headless: bool = False
    """The bytes are a body alone, without mail headers."""


def read_sources(
    sources: Sequence[str], blobs: Blobs, settings: MailSettings, stdin: BinaryIO
) -> Iterator[Message | Quarantined]:
    """Yields every message of the sources in a fixed order, and what could not become one with its reason.

    A source is a file (.eml, mbox, .jsonl or .ndjson, .csv; other files are recognised by their content), a Maildir, a
    folder of any of these, or `-` for `stdin`. Nothing is skipped: every record of every file is yielded once.
    A source that does not exist has the code `input.missing`, one that can't be read `input.denied`.
    """
    with ParserProcess() as parser:
        for source in sources:
            for item in _stdin_items(stdin) if source == STANDARD_INPUT else _path_items(Path(source), source):
                yield _taken(item._replace(source=whole(item.source)), blobs, settings, parser)


def _taken(item: Item, blobs: Blobs, settings: MailSettings, parser: ParserProcess) -> Message | Quarantined:
    if item.code:
        return _quarantined(item, blobs)
    raw = b"\n" + item.raw if item.headless else item.raw
    answer = parser.parse(Request(settings=settings, raw=b"" if item.record else raw, record=item.record))
    if answer.parsed is None:
        return _quarantined(item._replace(code=answer.code, reason=answer.reason), blobs)
    return message_of(answer.parsed, item.source, blobs.put(item.raw), blobs)


def message_of(parsed: Parsed, source: str, raw: str, blobs: Blobs) -> Message:
    """Gives a parsed message its identity and stores its attachments.

    The key is the Message-ID together with the sender: a Message-ID alone is anybody's to repeat, and a mail that
    arrives twice differs in its trace headers, so its bytes say nothing. Without a Message-ID it is the content.
    """
    attachments = tuple(
        Attachment(name=part.name, media_type=part.media_type, size=len(part.data), blob=blobs.put(part.data))
        for part in parsed.attachments
    )
    named = bool(parsed.id and parsed.sender)
    content = (parsed.subject, parsed.text, parsed.quoted, parsed.signature, parsed.sent_at, attachments)
    identity = ["id", parsed.id, parsed.sender] if named else ["content", parsed.sender, *content]
    fields = {name: getattr(parsed, name) for name in Parsed.model_fields if name in Message.model_fields}
    return Message.model_validate(
        {
            **fields,
            "key": digest(identity),
            "attachments": attachments,
            "raw": raw,
            "source": source,
        }
    )


def _quarantined(item: Item, blobs: Blobs) -> Quarantined:
    raw = blobs.put(item.raw[:MAX_BYTES]) if item.raw else ""
    code = f"input.{item.code}"
    reason = f"{item.source}: {item.reason}"
    return Quarantined(key=digest([item.source, code, raw]), source=item.source, code=code, reason=reason, raw=raw)


def _path_items(path: Path, source: str) -> Iterator[Item]:
    try:
        if not source:
            yield Item(source, b"", code="missing", reason="an empty name names no file")
        elif path.is_dir():
            yield from _folder_items(path)
        elif path.is_file():
            with path.open("rb") as stream:
                yield from _stream_items(streams.pieces(stream), str(path))
        elif path.exists() or path.is_symlink():
            yield Item(str(path), b"", code="kind", reason="neither a file nor a folder")
        else:
            yield Item(source, b"", code="missing", reason="no such file or folder")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        yield Item(source, b"", code="denied", reason=f"can't be read ({why})")


def _folder_items(folder: Path) -> Iterator[Item]:
    """A Maildir's `cur` and `new`, or every file below a folder, in the order of their paths."""
    maildir = _is_maildir(folder)
    for path in sorted(folder.iterdir(), key=os.fsencode):
        if maildir and path.name not in {"cur", "new"}:
            continue
        if path.is_symlink() and path.is_dir():
            yield Item(str(path), b"", code="kind", reason="a link to a folder; links are not followed")
        else:
            yield from _path_items(path, str(path))


def _is_maildir(folder: Path) -> bool:
    return (folder / "cur").is_dir() and (folder / "new").is_dir()


def _stdin_items(stdin: BinaryIO) -> Iterator[Item]:
    return _stream_items(streams.pieces(stdin), _STDIN)


def _stream_items(parts: Iterator[bytes], source: str) -> Iterator[Item]:
    first = list(itertools.islice(parts, 40))
    kind = kind_of("-" if source == _STDIN else Path(source).suffix.lower(), first)
    rest = itertools.chain(first, parts)
    if kind is Kind.MBOX:
        for number, cut in enumerate(streams.messages(rest, MAX_BYTES), 1):
            yield _mail_item(f"{source}#{number}", cut)
    elif kind is Kind.JSON_LINES:
        yield from _row_items(records.json_rows(streams.lines(rest, MAX_BYTES)), source)
    elif kind is Kind.CSV:
        yield from _row_items(records.csv_rows(rest), source)
    else:
        yield _single_item(kind, source, streams.everything(rest, MAX_BYTES))


def _row_items(rows: Iterable[records.Row], source: str) -> Iterator[Item]:
    for row in rows:
        yield Item(f"{source}#{row.number}", row.raw, row.record, row.code, row.reason)


def _single_item(kind: Kind, source: str, cut: streams.Cut) -> Item:
    if not cut.data.strip():
        return Item(source, cut.data, code="empty", reason="the file is empty")
    if kind is Kind.UNKNOWN:
        return Item(source, cut.data, code="kind", reason="not a kind of file that holds mail")
    return _mail_item(source, cut)._replace(headless=kind is Kind.TEXT)


def _mail_item(source: str, cut: streams.Cut) -> Item:
    if not cut.whole:
        return Item(source, cut.data[:_STUB], code="size", reason=f"larger than {MAX_BYTES // 1024 // 1024} MB")
    if not cut.data.strip():
        return Item(source, cut.data, code="empty", reason="the message is empty")
    return Item(source, cut.data)
