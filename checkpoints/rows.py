"""The SQL behind the saver: rows in, rows out. Nothing here knows what a value means, and nothing commits."""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, cast

import ormsgpack

from checkpoints.pieces import Packed, checksum, join, squeeze, unsqueeze, verified

Version = str | int | float

_WRITES = """SELECT task_id, idx, task_path, channel, type, body, refs, crc FROM writes
    WHERE (thread_id, checkpoint_ns, checkpoint_id) = (?, ?, ?)"""
_FILTER_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_SEARCHED = 80
"""Characters up to which a metadata value stands in its column; a longer one is in the body, its digest here."""
_GROUP = "group"
"""The type tag of a row that holds all that a task wrote; earlier programs made a row for each channel."""


class Place(NamedTuple):
    """A checkpoint, or without its id the latest one, of a namespace of a thread."""

    thread_id: str
    ns: str
    checkpoint_id: str | None = None


LOST = Packed("", b"", b"", -1)
"""In the place of a value that is not there: no bytes have this checksum."""


class CheckpointRow(NamedTuple):
    """A checkpoint as stored: its parent's id, its metadata as they are searched, its typed body with a checksum."""

    thread_id: str
    ns: str
    checkpoint_id: str
    parent_id: str | None
    metadata: str
    type: str
    body: bytes
    crc: int


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


def set_body(db: sqlite3.Connection, row: CheckpointRow, body: Packed) -> None:
    """Keeps another form of a checkpoint's body."""
    sql = """UPDATE checkpoints SET type = ?, body = ?, crc = ?
        WHERE (thread_id, checkpoint_ns, checkpoint_id) = (?, ?, ?)"""
    db.execute(sql, (body.type, body.body, body.crc, *row[:3]))


def add_value(db: sqlite3.Connection, place: Place, channel: str, version: Version, value: Packed) -> None:
    """Stores a channel's value at a version."""
    row = (place.thread_id, place.ns, channel, version, *value)
    db.execute("INSERT OR REPLACE INTO channel_values VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def add_writes(db: sqlite3.Connection, place: Place, writes: Sequence[WriteRow]) -> None:
    """Stores a task's writes: the plain ones together and once, a special one in the place of the one before."""
    special = [(*place, *write[:4], *write.packed) for write in writes if write.idx < 0]
    db.executemany("INSERT OR REPLACE INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", special)
    there = {write.idx for write in _plain(db, place, writes)}
    new = [write for write in writes if write.idx >= 0 and write.idx not in there]
    if new:
        row = (*place, *_group(new))
        db.execute("INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _plain(db: sqlite3.Connection, place: Place, writes: Sequence[WriteRow]) -> list[WriteRow]:
    """The plain writes that the same task stored before."""
    found = db.execute(f"{_WRITES} AND task_id = ? AND idx >= 0", (*place, writes[0].task_id)) if writes else ()
    return [write for row in found for write in _ungrouped(row)]


def _group(writes: Sequence[WriteRow]) -> tuple[str, int, str, str, str, bytes, bytes, int]:
    """One row for them all: what they hold but for their pieces, whose names stand end to end."""
    content = [
        (write.idx, write.channel, *write.packed[:2], len(write.packed.refs), write.packed.crc) for write in writes
    ]
    body = squeeze(ormsgpack.packb(content))
    refs = b"".join(write.packed.refs for write in writes)
    first = writes[0]
    return first.task_id, first.idx, first.task_path, "", _GROUP, body, refs, checksum(_GROUP, body)


def _ungrouped(row: tuple[Any, ...]) -> Iterator[WriteRow]:
    """The writes of a row. Raises ValueError where it was damaged."""
    task, idx, path, channel, *packed = row
    stored = Packed(*packed)
    if stored.type != _GROUP:
        yield WriteRow(task, idx, path, channel, stored)
        return
    at = 0
    content = ormsgpack.unpackb(unsqueeze(verified(stored, stored.body)[1]))
    for number, name, type_, body, length, crc in cast("list[tuple[int, str, str, bytes, int, int]]", content):
        yield WriteRow(task, number, path, name, Packed(type_, body, stored.refs[at : at + length], crc))
        at += length


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
    """What tasks wrote on top of a checkpoint, in the order in which a run applies it.

    Raises ValueError where it was damaged.
    """
    found = db.execute(f"{_WRITES} ORDER BY task_path, task_id, idx", row[:3])
    return [write for each in found for write in _ungrouped(each)]


def data_of(db: sqlite3.Connection, thread_id: str, packed: Packed) -> bytes:
    """A value's bytes, joined from its pieces; a lost piece counts as empty, which the checksum tells."""
    return join(packed, lambda name: piece(db, thread_id, name))


def piece(db: sqlite3.Connection, thread_id: str, name: bytes) -> bytes:
    """A piece of a thread; nothing where it is lost."""
    found = db.execute("SELECT body FROM pieces WHERE thread_id = ? AND digest = ?", (thread_id, name)).fetchone()
    return unsqueeze(found[0]) if found else b""


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
        clause, bound = _metadata_clause(key, searched(wanted))
        clauses.append(clause)
        values += bound
    if before is not None:
        clauses.append("checkpoint_id < ?")
        values.append(before)
    sql = f"""SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints
        WHERE {" AND ".join(clauses or ["TRUE"])} ORDER BY checkpoint_id DESC LIMIT ?"""
    return [Place(*found) for found in db.execute(sql, (*values, -1 if limit is None else limit))]


def searched(value: object) -> object:
    """What a metadata value is found by in its column: itself, or the digest of a long one."""
    text = json.dumps(value, sort_keys=True)
    return value if len(text) <= _SEARCHED else f"blake2b:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def _metadata_clause(key: str, wanted: object) -> tuple[str, list[object]]:
    if not _FILTER_KEY.fullmatch(key):
        raise ValueError(f"metadata key {key!r} may hold letters, digits, underscore, dot and hyphen only")
    stored = "CASE WHEN json_valid(metadata) THEN json_extract(metadata, ?) END"
    path = f'$."{key}"'
    if isinstance(wanted, (dict, list, tuple)):
        return f"{stored} = json(?)", [path, json.dumps(wanted)]
    return f"{stored} IS ?", [path, wanted]
