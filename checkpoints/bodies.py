"""How a checkpoint's own body is kept: squeezed, with an earlier body of its thread as the dictionary.

A body names every channel and node with the versions that it saw, and differs from its parent's in a few of them.
The dictionary is a piece of the thread, which many checkpoints name; the first body that doesn't fit it is the next.
"""

import sqlite3
import zlib
from hashlib import blake2b

from checkpoints import rows
from checkpoints.pieces import DIGEST, Packed, checksum, squeeze, unsqueeze, verified
from checkpoints.rows import CheckpointRow, Place

_SQUEEZED, _ALIKE = "zlib:", "zdict:"
"""What the type tag of a squeezed body begins with; the bodies of earlier programs are as the serializer made them."""
_WINDOW = 32_768
"""Bytes of a dictionary that zlib looks at (RFC 1950): a longer body is kept for itself."""
_FITS = 3
"""A body fits a dictionary that makes it so many times shorter than squeezing it alone does."""


def add(db: sqlite3.Connection, place: Place, parent: Place, type_: str, data: bytes) -> Packed:
    """The body as its row holds it; its dictionary is added where it is new."""
    alone = squeeze(data)
    if len(data) > _WINDOW:
        return _packed(_SQUEEZED + type_, alone)
    name = _dictionary_of(db, parent)
    body = _squeeze_like(data, rows.piece(db, place.thread_id, name)) if name else alone
    if len(body) * _FITS > len(alone):
        name, body = blake2b(data, digest_size=DIGEST).digest(), _squeeze_like(data, data)
        rows.add_pieces(db, place.thread_id, {name: data})
    return _packed(_ALIKE + type_, name + body)


def read(db: sqlite3.Connection, row: CheckpointRow) -> tuple[str, bytes]:
    """The type tag and bytes of a body. Raises ValueError where they, or its dictionary, were damaged."""
    type_, data = verified(Packed(row.type, row.body, b"", row.crc), row.body)
    if type_.startswith(_ALIKE):
        like = rows.piece(db, row.thread_id, data[:DIGEST])
        return type_.removeprefix(_ALIKE), _unsqueeze_like(data[DIGEST:], like)
    if type_.startswith(_SQUEEZED):
        return type_.removeprefix(_SQUEEZED), unsqueeze(data)
    return type_, data


def stand_alone(db: sqlite3.Connection, row: CheckpointRow) -> None:
    """Keeps the body by itself from now on, because few others of its thread are left. Raises ValueError as `read`."""
    type_, data = read(db, row)
    rows.set_body(db, row, _packed(_SQUEEZED + type_, squeeze(data)))


def dictionary(type_: str, body: bytes) -> bytes:
    """The name of the piece that a stored body is squeezed with; nothing where it is none."""
    return body[:DIGEST] if type_.startswith(_ALIKE) else b""


def _dictionary_of(db: sqlite3.Connection, parent: Place) -> bytes:
    found = rows.checkpoint(db, parent) if parent.checkpoint_id else None
    return dictionary(found.type, found.body) if found else b""


def _packed(tag: str, body: bytes) -> Packed:
    return Packed(tag, body, b"", checksum(tag, body))


def _squeeze_like(data: bytes, like: bytes) -> bytes:
    squeezer = zlib.compressobj(zdict=like)
    return squeezer.compress(data) + squeezer.flush()


def _unsqueeze_like(body: bytes, like: bytes) -> bytes:
    try:
        return zlib.decompressobj(zdict=like).decompress(body)
    except zlib.error as error:
        raise ValueError(f"its bytes don't match what they were squeezed with: {error}") from error
