"""The SQL behind the saver: rows in, rows out. Nothing here knows what a value means, and nothing commits."""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from checkpoints.pieces import Packed, checksum, join, squeeze, unsqueeze, verified

Version = str | int | float
_FILTER_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_SQUEEZED = "zlib:"
"""What the type tag of a squeezed body begins with; the bodies of earlier programs are as the serializer made them."""


class Place(NamedTuple):
    """A checkpoint, or without its id the latest one, of a namespace of a thread."""

    thread_id: str
    ns: str
    checkpoint_id: str | None = None


LOST = Packed("", b"", b"", -1)
"""In the place of a value that is not there: no bytes have this checksum."""


class CheckpointRow(NamedTuple):
    """A checkpoint as stored: its parent's id, its metadata as JSON text, its typed body with a checksum."""

    thread_id: str
    ns: str
    checkpoint_id: str
    parent_id: str | None
    metadata: str
    type: str
    body: bytes
    crc: int

    def verified(self) -> tuple[str, bytes]:
        """The type tag and bytes of the body. Raises ValueError where they were damaged."""
        type_, data = verified(Packed(self.type, self.body, b"", self.crc), self.body)
        if not type_.startswith(_SQUEEZED):
            return type_, data
        return type_.removeprefix(_SQUEEZED), unsqueeze(data)


class WriteRow(NamedTuple):
    """What a task wrote to a channel. Negative idx: an error, interrupt or resume; the last one counts."""

    task_id: str
    idx: int
    task_path: str
    channel: str
    packed: Packed


def add_checkpoint(db: sqlite3.Connection, place: Place, parent_id: str | None, metadata: str, body: Packed) -> None:
    """Stores a checkpoint, in the place of one with the same id."""
    row = (*place, parent_id, metadata, body.type, body.body, body.crc)
    db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def whole(type_: str, data: bytes) -> Packed:
    """A checkpoint's own body, which is not cut but squeezed: it says the same few versions over and over."""
    tag, squeezed = _SQUEEZED + type_, squeeze(data)
    return Packed(tag, squeezed, b"", checksum(tag, squeezed))


def add_value(db: sqlite3.Connection, place: Place, channel: str, version: Version, value: Packed) -> None:
    """Stores a channel's value at a version."""
    row = (place.thread_id, place.ns, channel, version, *value)
    db.execute("INSERT OR REPLACE INTO channel_values VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def add_writes(db: sqlite3.Connection, place: Place, writes: Sequence[WriteRow]) -> None:
    """Stores a task's writes: a plain one once, a special one in the place of the one before."""
    for verb, special in (("INSERT OR IGNORE", False), ("INSERT OR REPLACE", True)):
        found = [(*place, *write[:4], *write.packed) for write in writes if (write.idx < 0) is special]
        db.executemany(f"{verb} INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", found)


def add_pieces(db: sqlite3.Connection, thread_id: str, pieces: Mapping[bytes, bytes]) -> None:
    """Stores the pieces that the thread does not have yet."""
    if pieces:
        found = [(thread_id, name, squeeze(piece)) for name, piece in pieces.items()]
        db.executemany("INSERT OR IGNORE INTO pieces VALUES (?, ?, ?)", found)


def checkpoint(db: sqlite3.Connection, place: Place) -> CheckpointRow | None:
    """The checkpoint at a place, or None."""
    sql = "SELECT * FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ?"
    if place.checkpoint_id is None:
        found = db.execute(f"{sql} ORDER BY checkpoint_id DESC LIMIT 1", place[:2]).fetchone()
    else:
        found = db.execute(f"{sql} AND checkpoint_id = ?", place).fetchone()
    return CheckpointRow(*found) if found else None


def checkpoints(db: sqlite3.Connection, thread_id: str) -> list[CheckpointRow]:
    """Every checkpoint of a thread, in all namespaces."""
    found = db.execute("SELECT * FROM checkpoints WHERE thread_id = ?", (thread_id,))
    return [CheckpointRow(*row) for row in found]


def value(db: sqlite3.Connection, place: Place, channel: str, version: Version) -> Packed:
    """A channel's value at a version, or `LOST`."""
    sql = """SELECT type, body, refs, crc FROM channel_values
        WHERE (thread_id, checkpoint_ns, channel, version) = (?, ?, ?, ?)"""
    found = db.execute(sql, (place.thread_id, place.ns, channel, version)).fetchone()
    return Packed(*found) if found else LOST


def writes(db: sqlite3.Connection, row: CheckpointRow) -> list[WriteRow]:
    """What tasks wrote on top of a checkpoint, in the order in which a run applies it."""
    sql = """SELECT task_id, idx, task_path, channel, type, body, refs, crc FROM writes
        WHERE (thread_id, checkpoint_ns, checkpoint_id) = (?, ?, ?) ORDER BY task_path, task_id, idx"""
    found = db.execute(sql, row[:3])
    return [WriteRow(task, idx, path, channel, Packed(*packed)) for task, idx, path, channel, *packed in found]


def data_of(db: sqlite3.Connection, thread_id: str, packed: Packed) -> bytes:
    """A value's bytes, joined from its pieces; a lost piece counts as empty, which the checksum tells."""
    sql = "SELECT body FROM pieces WHERE thread_id = ? AND digest = ?"

    def find(name: bytes) -> bytes:
        found = db.execute(sql, (thread_id, name)).fetchone()
        return unsqueeze(found[0]) if found else b""

    return join(packed, find)


def places(
    db: sqlite3.Connection,
    within: Mapping[str, str | None],
    metadata: Mapping[str, object],
    before: str | None,
    limit: int | None,
) -> list[Place]:
    """Checkpoints, newest first: those whose columns and metadata have these values and whose id is smaller.

    Raises ValueError for a metadata key with anything but letters, digits, underscore, dot and hyphen.
    """
    clauses = [f"{column} = ?" for column in within]
    values: list[object] = [*within.values()]
    for key, wanted in metadata.items():
        clause, bound = _metadata_clause(key, wanted)
        clauses.append(clause)
        values += bound
    if before is not None:
        clauses.append("checkpoint_id < ?")
        values.append(before)
    sql = f"""SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints
        WHERE {" AND ".join(clauses or ["TRUE"])} ORDER BY checkpoint_id DESC LIMIT ?"""
    return [Place(*found) for found in db.execute(sql, (*values, -1 if limit is None else limit))]


def _metadata_clause(key: str, wanted: object) -> tuple[str, list[object]]:
    if not _FILTER_KEY.fullmatch(key):
        raise ValueError(f"metadata key {key!r} may hold letters, digits, underscore, dot and hyphen only")
    stored = "CASE WHEN json_valid(metadata) THEN json_extract(metadata, ?) END"
    path = f'$."{key}"'
    if isinstance(wanted, (dict, list, tuple)):
        return f"{stored} = json(?)", [path, json.dumps(wanted)]
    return f"{stored} IS ?", [path, wanted]
