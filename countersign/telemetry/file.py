"""Spans in a file of bounded size, one line of OTLP's JSON for each: a collector can read it as it is."""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import INVALID_SPAN_CONTEXT, StatusCode

from countersign.telemetry.reading import BEFORE, NOW

_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_MEGABYTE = 1_000_000
_NONE = -1


class SpanFile(SpanProcessor):
    """Writes each span when it ends, at once: `kill -9` loses those that had not ended, and no other.

    Any number of threads and processes may write. The file is for its owner alone. At half of its bound it becomes
    the one before, which is deleted. What can't be written is counted.
    """

    def __init__(self, folder: Path, megabytes: int, resource: Mapping[str, str], version: str) -> None:
        self.lost = 0
        self._path, self._most = folder / NOW, megabytes * _MEGABYTE // 2
        self._torn = False
        scope = _json({"name": "countersign", "version": version})
        head = f'{{"resourceSpans":[{{"resource":{{"attributes":{_pairs(resource)}}}'
        self._head = f'{head},"scopeSpans":[{{"scope":{scope},"spans":['
        self._file, self._closed = _NONE, False

    def on_end(self, span: ReadableSpan) -> None:
        """See `SpanProcessor`."""
        line = f"{self._head}{_written(span)}]}}]}}]}}\n"
        try:
            if self._file == _NONE and not self._closed:
                self._file = _opened(self._path)
            if os.fstat(self._file).st_size >= self._most:
                self._turn_over()
            self._write(line.encode("ascii"))
        except OSError:
            self.lost += 1

    def shutdown(self) -> None:
        """See `SpanProcessor`."""
        self._closed = True
        file, self._file = self._file, _NONE
        if file != _NONE:
            os.close(file)

    def _write(self, line: bytes) -> None:
        """One write, so that lines of several writers do not mix; one that a full disk cut short is ended first."""
        whole = b"\n" + line if self._torn else line
        self._torn = os.write(self._file, whole) != len(whole)
        self.lost += self._torn

    def _turn_over(self) -> None:
        """Begins a new file, unless somebody else just did; the number of ours stays, for threads that write."""
        with closing(_Lock(self._path.with_suffix(".lock"))):
            with suppress(FileNotFoundError):
                there = self._path.stat()
                if there.st_size >= self._most:
                    self._path.replace(self._path.with_name(BEFORE))
            fresh = _opened(self._path)
            os.dup2(fresh, self._file, inheritable=False)
            os.close(fresh)


class _Lock:
    """Held from its making to its closing, by one process and thread."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def close(self) -> None:
        os.close(self._file)


def _opened(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _written(span: ReadableSpan) -> str:
    """The span as OTLP's JSON has it, ids in hex, 64-bit numbers as text; put together, which is quicker by far."""
    context = span.context or INVALID_SPAN_CONTEXT
    parts = [f'{{"traceId":"{context.trace_id:032x}","spanId":"{context.span_id:016x}"']
    if span.parent:
        parts.append(f'"parentSpanId":"{span.parent.span_id:016x}"')
    parts.append(f'"name":{_json(span.name)},"kind":{_KINDS[span.kind.name]}')
    parts.append(f'"startTimeUnixNano":"{span.start_time}","endTimeUnixNano":"{span.end_time}"')
    parts.append(f'"attributes":{_pairs(span.attributes or {})}')
    if span.links:
        ids = ((link.context.trace_id, link.context.span_id) for link in span.links)
        parts.append(f'"links":{_json([{"traceId": f"{trace:032x}", "spanId": f"{one:016x}"} for trace, one in ids])}')
    if span.status.status_code is StatusCode.ERROR:
        parts.append('"status":{"code":2}')
    return ",".join(parts) + "}"


def _pairs(values: Mapping[str, Any]) -> str:
    return f"[{','.join(_pair(name, value) for name, value in values.items())}]"


@lru_cache(maxsize=4096, typed=True)
def _pair(name: str, value: object) -> str:
    """One attribute; most are said again and again."""
    if isinstance(value, bool):
        told: dict[str, object] = {"boolValue": value}
    elif isinstance(value, float):
        told = {"doubleValue": value}
    else:
        told = {"intValue" if isinstance(value, int) else "stringValue": str(value)}
    return _json({"key": name, "value": told})


_json = json.JSONEncoder(separators=(",", ":")).encode
