"""What may be forgotten: threads, runs, old checkpoints; and what nothing refers to any more goes with them.

The functions work inside the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from langgraph.checkpoint.serde.base import SerializerProtocol

from checkpoints import rows
from checkpoints.bodies import dictionary, stand_alone
from checkpoints.content import open_row, reading_thread
from checkpoints.pieces import names
from checkpoints.rows import Place

_TABLES = {
    "checkpoints": "checkpoint_ns, checkpoint_id, parent_id, metadata, type, body, crc",
    "channel_values": "checkpoint_ns, channel, version, type, body, refs, crc",
    "writes": "checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, body, refs, crc",
    "pieces": "digest, body",
}


_LENGTH = "SELECT COUNT(*) FROM checkpoints WHERE thread_id = ?"


def delete_thread(db: sqlite3.Connection, thread_id: str) -> None:
    """Deletes everything of a thread."""
    for table in _TABLES:
        db.execute(f"DELETE FROM {table} WHERE thread_id = ?", (thread_id,))
    _give_back(db)


def copy_thread(db: sqlite3.Connection, source: str, target: str) -> None:
    """Adds every row of one thread to another; rows that are already there stay."""
    for table, columns in _TABLES.items():
        sql = f"INSERT OR IGNORE INTO {table} SELECT ?, {columns} FROM {table} WHERE thread_id = ?"
        db.execute(sql, (target, source))


def delete_for_runs(db: sqlite3.Connection, run_ids: Sequence[str], serde: SerializerProtocol) -> None:
    """Deletes the checkpoints whose metadata names one of the runs.

    A delta channel that was rebuilt through them starts empty: the library's own warning holds here too.
    """
    wanted = {place for run_id in run_ids for place in rows.places(db, {}, {"run_id": run_id}, None, None)}
    _delete(db, wanted)
    for thread_id in {place.thread_id for place in wanted}:
        _sweep(db, thread_id, serde)


def keep_latest(db: sqlite3.Connection, thread_id: str, serde: SerializerProtocol) -> None:
    """Deletes all but each namespace's latest checkpoint and what that one is rebuilt from."""
    sql = "SELECT thread_id, checkpoint_ns, MAX(checkpoint_id) FROM checkpoints WHERE thread_id = ? GROUP BY 1, 2"
    heads = [Place(*found) for found in db.execute(sql, (thread_id,))]
    kept = {place for head in heads for place in _needed(db, head, serde)}
    _delete(db, set(rows.places(db, {"thread_id": thread_id}, {}, None, None)) - kept)
    for row in rows.checkpoints(db, thread_id):
        with reading_thread(thread_id):
            stand_alone(db, row)
    _sweep(db, thread_id, serde)


def keep_last(db: sqlite3.Connection, thread_id: str, serde: SerializerProtocol) -> int:
    """Deletes all of a finished thread but its last checkpoint, subgraphs' too; answers how many went."""
    before = db.execute(_LENGTH, (thread_id,)).fetchone()[0]
    for table in ("checkpoints", "writes", "channel_values"):
        db.execute(f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns <> ''", (thread_id,))
    keep_latest(db, thread_id, serde)
    return before - db.execute(_LENGTH, (thread_id,)).fetchone()[0]


def _needed(db: sqlite3.Connection, head: Place, serde: SerializerProtocol) -> Iterator[Place]:
    """A checkpoint, and its ancestors back to where each of its delta channels was last stored whole."""
    place, missing = head, None
    while row := rows.checkpoint(db, place):
        yield place
        opened = open_row(db, row, serde)
        if missing is None:
            missing = set(opened.metadata.get("counters_since_delta_snapshot", {}))
        missing -= opened.kept.keys() | opened.riding.keys()
        if not missing or row.parent_id is None:
            return
        place = place._replace(checkpoint_id=row.parent_id)


def _delete(db: sqlite3.Connection, unwanted: Iterable[Place]) -> None:
    for place in unwanted:
        for table in ("checkpoints", "writes"):
            db.execute(f"DELETE FROM {table} WHERE (thread_id, checkpoint_ns, checkpoint_id) = (?, ?, ?)", place)


def _sweep(db: sqlite3.Connection, thread_id: str, serde: SerializerProtocol) -> None:
    """Deletes the thread's values that no checkpoint keeps, then the pieces that no row names."""
    left = rows.checkpoints(db, thread_id)
    kept = {(row.ns, *value) for row in left for value in open_row(db, row, serde).kept.items()}
    values = _of(db, "SELECT checkpoint_ns, channel, version FROM channel_values WHERE thread_id = ?", thread_id)
    gone = "DELETE FROM channel_values WHERE (thread_id, checkpoint_ns, channel, version) = (?, ?, ?, ?)"
    db.executemany(gone, [(thread_id, *value) for value in values - kept])
    named = {name for table in ("channel_values", "writes") for name in _named(db, table, thread_id)}
    named |= {dictionary(row.type, row.body) for row in left}
    pieces = _of(db, "SELECT digest FROM pieces WHERE thread_id = ?", thread_id)
    gone = "DELETE FROM pieces WHERE (thread_id, digest) = (?, ?)"
    db.executemany(gone, [(thread_id, name) for (name,) in pieces if name not in named])
    _give_back(db)


def _named(db: sqlite3.Connection, table: str, thread_id: str) -> Iterator[bytes]:
    for (refs,) in db.execute(f"SELECT refs FROM {table} WHERE thread_id = ?", (thread_id,)):
        yield from names(refs)


def _of(db: sqlite3.Connection, sql: str, thread_id: str) -> set[tuple[object, ...]]:
    return set(db.execute(sql, (thread_id,)))


def _give_back(db: sqlite3.Connection) -> None:
    """Returns free pages to the disk, one for each call: Python takes one step of this statement."""
    for _ in range(db.execute("PRAGMA freelist_count").fetchone()[0]):
        db.execute("PRAGMA incremental_vacuum(1)")
