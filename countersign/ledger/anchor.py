"""The audit's head, kept in a second file beside the ledger: it shows that rows were cut off at the end."""

import os
from pathlib import Path
from typing import NamedTuple

_WIDTH = 20
_SIZE = _WIDTH + 1 + 64 + 1


class Head(NamedTuple):
    """The last audit row: its number and its hash; 0 and empty where there is none."""

    seq: int
    hash: str


def anchor_of(path: Path) -> Path:
    """Where the head of a ledger's audit is anchored."""
    return path.with_name(path.name + ".anchor")


def write(path: Path, head: Head) -> None:
    """Overwrites the anchor in one call, unless another process has anchored a later head.

    It runs after the commit, so a crash in between leaves an older head: that is a prefix, and no problem.
    """
    descriptor = os.open(anchor_of(path), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        known = _parse(os.pread(descriptor, _SIZE, 0))
        if known is None or known.seq < head.seq:
            os.pwrite(descriptor, f"{head.seq:0{_WIDTH}d} {head.hash}\n".encode(), 0)
    finally:
        os.close(descriptor)


def read(path: Path) -> Head | None:
    """The anchored head; None where there is no readable anchor."""
    file = anchor_of(path)
    return _parse(file.read_bytes()) if file.is_file() else None


def _parse(data: bytes) -> Head | None:
    number, _, rest = data.decode("ascii", "replace").partition(" ")
    if not number.isdigit() or len(rest) != _SIZE - _WIDTH - 1:
        return None
    return Head(int(number), rest.strip())
