"""Reads labelled texts from CSV, JSON Lines or JSON files; every problem names file and line."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from countersign.domain.desk import Example
from countersign.domain.errors import SettingsError
from countersign.triage.decide import NONE

TEXTS = ("text", "sentence", "utterance", "query")
LABELS = ("request", "label", "category", "intent")
OUTSIDE = (NONE, "oos", "out_of_scope", "NO_NODES_DETECTED")
"""Labels that say that no request covers the text."""
IN_DOMAIN = "in_domain"
"""The column that says, of a text that no request covers, whether it is about the same business."""
_HINT = f"columns or keys: one of {', '.join(TEXTS)} and one of {', '.join(LABELS)}"


class Labelled(Example):
    """A labelled text; `in_domain` says of an unknown whether it is about the same business, where that is known."""

    in_domain: bool | None = None


def read_labelled(path: Path) -> tuple[Labelled, ...]:
    """The examples of a .csv or .jsonl file, or of all such files of a folder, in order.

    Raises SettingsError naming file and line where a row has no text or label.
    """
    if path.is_dir():
        files = sorted(own for own in path.iterdir() if own.suffix in {".csv", ".jsonl"})
        found = tuple(example for own in files for example in read_labelled(own))
    else:
        rows = _csv_rows(path) if path.suffix == ".csv" else _json_rows(path)
        found = tuple(_labelled(row, f"{path}:{line}") for line, row in rows)
    if not found:
        raise SettingsError("holds no labelled texts", where=str(path), hint=_HINT)
    return found


def read_json(path: Path) -> Any:
    """A JSON file's content; SettingsError where it is none."""
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise SettingsError(f"not valid JSON: {error}", where=str(path), hint="download it again") from None


def read_text(path: Path) -> str:
    """A file's text; SettingsError where it can't be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"can't be read: {reason}", where=str(path), hint="check the path") from None


def outside(label: str) -> str:
    """The label, or `none` where it says in other words that no request covers the text."""
    return NONE if label in OUTSIDE else label


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(read_text(path).splitlines(keepends=True), strict=True)
    try:
        for row in reader:
            yield reader.line_num, cast("Mapping[str, object]", row)
    except csv.Error as error:
        raise SettingsError(f"not valid CSV: {error}", where=f"{path}:{reader.line_num}", hint=_HINT) from None


def _json_rows(path: Path) -> Iterable[tuple[int, Mapping[str, object]]]:
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise SettingsError("the line is no JSON object", where=f"{path}:{number}", hint=_HINT)
        yield number, cast("Mapping[str, object]", row)


def _labelled(row: Mapping[str, object], where: str) -> Labelled:
    text = next((row[name] for name in TEXTS if row.get(name)), None)
    label = next((row[name] for name in LABELS if row.get(name)), None)
    if not isinstance(text, str) or not isinstance(label, str):
        raise SettingsError("the row has no text or no label", where=where, hint=_HINT)
    told = str(row.get(IN_DOMAIN, "")).strip().lower()
    in_domain = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(told)
    return Labelled(text=text, request=outside(label), in_domain=in_domain)
