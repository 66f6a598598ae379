"""How a value's bytes are laid out, so that what two versions of it share is stored once.

A short value stays in its row. A long one is cut at fixed places: the first bytes stay in the row (they hold
the length that changes with every append), the rest becomes pieces, named by their digest and kept once per
thread. A list that grows at its end so adds its new end and a few digests, not itself; and a value that a node
wrote shares its pieces with the channel that took it.
"""

import zlib
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

INLINE = 256
"""Bytes up to which a value stays whole in its row: below, naming a piece costs more than it saves."""
HEAD = 64
"""Bytes of a long value that stay in the row."""
PIECE = 2048
"""Bytes of a piece; two fit a page of SQLite's 4,096."""
DIGEST = 16
"""Bytes of a piece's name."""


class Packed(NamedTuple):
    """A value as a row holds it: type tag, first bytes, names of its pieces end to end, checksum of the whole."""

    type: str
    body: bytes
    refs: bytes
    crc: int


def pack(type_: str, data: bytes) -> tuple[Packed, dict[bytes, bytes]]:
    """The row of a value, and its pieces by name."""
    crc = checksum(type_, data)
    if len(data) <= INLINE:
        return Packed(type_, data, b"", crc), {}
    cut = [data[at : at + PIECE] for at in range(HEAD, len(data), PIECE)]
    names = [blake2b(piece, digest_size=DIGEST).digest() for piece in cut]
    return Packed(type_, data[:HEAD], b"".join(names), crc), dict(zip(names, cut, strict=True))


def join(packed: Packed, find: Callable[[bytes], bytes]) -> bytes:
    """The value's bytes; `find` answers a piece by its name, or nothing where it is lost."""
    if not packed.refs:
        return packed.body
    return packed.body + b"".join(find(name) for name in names(packed.refs))


def squeeze(data: bytes) -> bytes:
    """Bytes as they are kept where there are many: by zlib at its fastest."""
    return zlib.compress(data, 1)


def unsqueeze(kept: bytes) -> bytes:
    """The bytes again; nothing where they were damaged, which the checksum of the whole tells."""
    try:
        return zlib.decompress(kept)
    except zlib.error:
        return b""


def verified(packed: Packed, data: bytes) -> tuple[str, bytes]:
    """The type tag and bytes, when they are what was stored. Raises ValueError otherwise."""
    if checksum(packed.type, data) != packed.crc:
        raise ValueError("the stored bytes don't match their checksum")
    return packed.type, data


def names(refs: bytes) -> list[bytes]:
    """The pieces' names, in order."""
    return [refs[at : at + DIGEST] for at in range(0, len(refs), DIGEST)]


def checksum(type_: str, data: bytes) -> int:
    """CRC-32 over tag and bytes: it finds damage, not malice."""
    return zlib.crc32(data, zlib.crc32(type_.encode()))
