"""Messages that come as records: JSON Lines and CSV."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from countersign.adapters.mail.parsed import Record
from countersign.adapters.mail.streams import Cut
from countersign.domain.text import whole

_NAMES = {
    "id": "id",
    "message_id": "id",
    "from": "sender",
    "sender": "sender",
    "subject": "subject",
    "text": "text",
    "body": "text",
    "html": "html",
    "date": "sent_at",
    "authenticated": "authenticated",
}
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0", ""})
_NOTHING: list[str] = []
_DELIMITERS = ",;\t|"


class Row(NamedTuple):
    """One record, or the reason why there is none; `number` is the line it begins on."""

    number: int
    raw: bytes
    record: Record | None = None
    code: str = ""
    reason: str = ""


def json_rows(cuts: Iterable[Cut]) -> Iterator[Row]:
    """One row for each line that is not empty."""
    for number, cut in enumerate(cuts, 1):
        if not cut.whole:
            yield Row(number, cut.data, code="size", reason=f"line {number} is too large")
        elif cut.data.strip():
            yield _json_row(number, cut.data)


def csv_rows(parts: Iterable[bytes]) -> Iterator[Row]:
    """One row for each record under the header row; a file without a usable header is one bad row."""
    source = _Recorded(parts)
    header = next(iter(source), "")
    reader = csv.reader(source, delimiter=_delimiter(header), strict=True)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=_delimiter(header)), _NOTHING)]
    missing = _missing(names)
    if missing:
        yield Row(1, source.taken(), code="field", reason=f"line 1: the header has no column `{missing}`")
        return
    source.taken()
    yield from _csv_rows(reader, names, source)


def is_header(line: str) -> bool:
    """Whether a line is the header row of a CSV that `csv_rows` can read."""
    names = [name.strip().strip('"').lower() for name in line.strip("\ufeff\r\n").split(_delimiter(line))]
    return len(names) > 1 and not _missing(names)


def _csv_rows(reader: Iterator[list[str]], names: list[str], source: "_Recorded") -> Iterator[Row]:
    while True:
        number = source.count + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Row(number, source.taken(), code="format", reason=f"line {number}: not valid CSV ({error})")
            continue
        raw = source.taken()
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            reason = f"line {number} has {len(cells)} fields, the header has {len(names)}"
            yield Row(number, raw, code="format", reason=reason)
        else:
            yield _row(number, raw, dict(zip(names, cells, strict=True)))


class _Recorded:
    """Decoded lines that remember the bytes they came from."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._raw = bytearray()
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        piece = next(self._parts)
        self._raw += piece
        self.count += 1
        text = _text(piece).replace("\x00", "")
        return text.removeprefix("\ufeff") if self.count == 1 else text

    def taken(self) -> bytes:
        raw = bytes(self._raw)
        self._raw.clear()
        return raw


def _json_row(number: int, raw: bytes) -> Row:
    try:
        value: JsonValue = json.loads(_text(raw).removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return Row(number, raw, code="format", reason=f"line {number}: not valid JSON")
    if not isinstance(value, dict):
        return Row(number, raw, code="format", reason=f"line {number}: not a JSON object")
    return _row(number, raw, {name.lower(): item for name, item in value.items()})


def _row(number: int, raw: bytes, values: Mapping[str, JsonValue]) -> Row:
    missing = _missing(list(values))
    if missing:
        return Row(number, raw, code="field", reason=f"line {number}: the field `{missing}` is missing")
    fields: dict[str, str | bool] = {}
    for name, value in values.items():
        if name not in _NAMES or value is None:
            continue
        held = _vouched(value) if name == "authenticated" else _words(value)
        if held is None:
            return Row(number, raw, code="field", reason=f"line {number}: the field `{name}` has the wrong type")
        fields[_NAMES[name]] = held
    return Row(number, raw, Record.model_validate(fields))


def _missing(names: list[str]) -> str:
    """The first required field that no column gives."""
    given = {_NAMES.get(name, "") for name in names}
    if "sender" not in given:
        return "from"
    return "" if given & {"text", "html"} else "text"


def _vouched(value: JsonValue) -> bool | None:
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    return value if isinstance(value, bool) else None


def _words(value: JsonValue) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return str(value)
    return whole(value) if isinstance(value, str) else None


def _text(raw: bytes) -> str:
    """UTF-8, or what a spreadsheet writes in western Europe."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)
