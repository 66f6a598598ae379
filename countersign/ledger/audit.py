"""The audit: every event of the ledger in one chain, each row hashed together with the hash of the row before."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.frozen import Json, canonical, digest
from countersign.ledger.anchor import Head
from countersign.ledger.instants import instant
from countersign.ledger.schema import audit
from countersign.ledger.triggers import Problem

DESK = "desk"
"""The actor of what the program does by itself."""


def append(
    connection: sa.Connection, now: datetime, event: str, ref: str, body: Mapping[str, Json], actor: str = DESK
) -> None:
    """Adds one event to the chain, inside the caller's transaction.

    `ref` is the ticket where there is one; `body` holds digests and references only, never a person's data.
    """
    last = head(connection)
    row = {"seq": last.seq + 1, "at": instant(now), "actor": actor, "event": event, "ref": ref}
    row |= {"body": canonical(body), "prev": last.hash}
    connection.execute(audit.insert().values(**row, hash=_hash(row)))


def append_once(connection: sa.Connection, now: datetime, event: str, ref: str, body: Mapping[str, Json]) -> None:
    """Adds an event, unless the same one with the same body is the last that its `ref` saw."""
    last = sa.select(audit.c.event, audit.c.body).where(audit.c.ref == ref).order_by(audit.c.seq.desc()).limit(1)
    row = connection.execute(last).first()
    if row is None or (row.event, row.body) != (event, canonical(body)):
        append(connection, now, event, ref, body)


def head(connection: sa.Connection) -> Head:
    """The chain's last row."""
    row = connection.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return Head(0, "") if row is None else Head(row.seq, row.hash)


def chain_problems(connection: sa.Connection, anchored: Head | None) -> tuple[Problem, ...]:
    """What is wrong with the chain: rows edited, removed, inserted, reordered, or cut off at the end.

    `anchored` is read before the connection's view begins, or a commit in between would look like a cut.
    """
    rows = connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings()
    hashes: dict[int, str] = {}
    broken = tuple(_broken_links(rows, hashes))
    return broken + tuple(_off_anchor(anchored, hashes))


def head_problems(connection: sa.Connection, noted: Head) -> tuple[Problem, ...]:
    """Whether a head that was noted once is still the row of its number."""
    found = connection.scalar(sa.select(audit.c.hash).where(audit.c.seq == noted.seq))
    return tuple(_off_anchor(noted, {noted.seq: found} if found else {head(connection).seq: ""}))


def _broken_links(rows: sa.MappingResult, hashes: dict[int, str]) -> Iterator[Problem]:
    last = Head(0, "")
    for row in rows:
        seq: int = row["seq"]
        if seq != last.seq + 1:
            yield Problem(code="audit.missing", seq=seq, text=f"rows {last.seq + 1} to {seq - 1} are missing")
        if row["prev"] != last.hash:
            yield Problem(code="audit.order", seq=seq, text=f"row {seq} does not follow the row before it")
        if row["hash"] != _hash(dict(row)):
            yield Problem(code="audit.edited", seq=seq, text=f"row {seq} was edited")
        last = Head(seq, row["hash"])
        hashes[seq] = last.hash


def _off_anchor(anchored: Head | None, hashes: Mapping[int, str]) -> Iterator[Problem]:
    if anchored is None:
        if hashes:
            yield Problem(code="audit.anchor", text="the anchor file is missing or can't be read")
        return
    last = max(hashes, default=0)
    if anchored.seq > last:
        yield Problem(
            code="audit.truncated", seq=last, text=f"rows after {last} were cut off; {anchored.seq} is anchored"
        )
    elif anchored.seq and hashes.get(anchored.seq) != anchored.hash:
        yield Problem(code="audit.rewritten", seq=anchored.seq, text=f"row {anchored.seq} is not the one anchored")


def _hash(row: Mapping[str, Json]) -> str:
    return digest([row[name] for name in ("seq", "at", "actor", "event", "ref", "body", "prev")])
