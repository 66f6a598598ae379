"""Byte streams cut into messages, without ever holding a whole mailbox."""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

PIECE = 1024 * 1024
FROM_LINE = re.compile(rb"From \S.{0,200}\d")
"""What a message of an mbox begins with: sender and date."""
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Cut(NamedTuple):
    """One message's bytes; `whole` is False where they exceed the limit and only their beginning was kept."""

    data: bytes
    whole: bool


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The stream's lines; a line longer than 1 MiB comes in pieces."""
    while piece := stream.readline(PIECE):
        yield piece


def messages(parts: Iterable[bytes], limit: int) -> Iterator[Cut]:
    """The messages of an mbox: each begins with a "From " line after an empty one (or at the start)."""
    buffer = _Buffer(limit)
    fresh, begins = True, True
    for piece in parts:
        if fresh and begins and FROM_LINE.match(piece):
            if buffer.used:
                yield _unescaped(buffer.take())
            begins = False
            buffer.used = True
            continue
        buffer.add(piece)
        fresh = not piece.strip(b"\r\n")
        begins = piece.endswith(b"\n")
    if buffer.used:
        yield _unescaped(buffer.take())


def lines(parts: Iterable[bytes], limit: int) -> Iterator[Cut]:
    """The lines of a text, each whole or marked as cut."""
    buffer = _Buffer(limit)
    for piece in parts:
        buffer.add(piece)
        if piece.endswith(b"\n"):
            yield buffer.take()
    if buffer.used:
        yield buffer.take()


def everything(parts: Iterable[bytes], limit: int) -> Cut:
    """All bytes as one message; of what exceeds the limit only the beginning is read."""
    buffer = _Buffer(limit)
    for piece in parts:
        buffer.add(piece)
        if not buffer.whole:
            break
    return buffer.take()


class _Buffer:
    """Collects up to a limit of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self.whole = True
        self.used = False

    def add(self, piece: bytes) -> None:
        self.used = True
        room = self._limit - len(self._data)
        self._data += piece[:room]
        self.whole = self.whole and len(piece) <= room

    def take(self) -> Cut:
        cut = Cut(bytes(self._data), self.whole)
        self._data.clear()
        self.whole, self.used = True, False
        return cut


def _unescaped(cut: Cut) -> Cut:
    return Cut(_ESCAPED.sub(rb"\1", cut.data), cut.whole)
