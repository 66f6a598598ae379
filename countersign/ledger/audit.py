"""The audit: every event of the ledger in one chain, each row hashed together with the hash of the row before.

What an event says, its body, is not in the chain itself but sealed there, under its ticket's secret. Erasing a ticket
destroys bodies and secret; the chain over the seals stays as it is.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from countersign.domain.frozen import Json, canonical, digest
from countersign.ledger.anchor import Head
from countersign.ledger.instants import instant
from countersign.ledger.schema import audit, secrets
from countersign.ledger.seals import seal, secret_of
from countersign.ledger.triggers import Problem

DESK = "desk"
"""The actor of what the program does by itself."""
ERASED = "data.erased"
"""All that was known about the row's `ref` was destroyed: its earlier rows have no bodies any more."""
RESEALED = "audit.sealed"
"""A chain that held its bodies themselves was made anew; the body names the head that it had."""


def append(
    connection: sa.Connection, now: datetime, event: str, ref: str, body: Mapping[str, Json], actor: str = DESK
) -> None:
    """Adds one event to the chain, inside the caller's transaction.

    `ref` is the ticket where there is one; `body` holds digests and references only, never a person's data.
    """
    last, text = head(connection), canonical(body)
    row = {"seq": last.seq + 1, "at": instant(now), "actor": actor, "event": event, "ref": ref}
    row |= {"seal": seal(secret_of(connection, ref), text), "prev": last.hash}
    connection.execute(audit.insert().values(**row, body=text, hash=_hash(row)))


def append_once(
    connection: sa.Connection, now: datetime, event: str, ref: str, body: Mapping[str, Json], actor: str = DESK
) -> None:
    """Adds an event, unless the same one with the same body is the last that its `ref` saw."""
    last = sa.select(audit.c.event, audit.c.body).where(audit.c.ref == ref).order_by(audit.c.seq.desc()).limit(1)
    row = connection.execute(last).first()
    if row is None or (row.event, row.body) != (event, canonical(body)):
        append(connection, now, event, ref, body, actor)


def head(connection: sa.Connection) -> Head:
    """The chain's last row."""
    row = connection.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return Head(0, "") if row is None else Head(row.seq, row.hash)


def chain_problems(connection: sa.Connection, anchored: Head | None) -> tuple[Problem, ...]:
    """What is wrong with the chain: rows edited, removed, inserted, reordered, emptied, or cut off at the end.

    `anchored` is read before the connection's view begins, or a commit in between would look like a cut.
    """
    joined = sa.select(audit, secrets.c.secret).outerjoin(secrets, secrets.c.ref == audit.c.ref)
    rows = connection.execute(joined.order_by(audit.c.seq)).mappings()
    seen = _Seen()
    broken = tuple(_broken_links(rows, seen))
    return broken + tuple(seen.emptied_unsaid()) + tuple(_off_anchor(anchored, seen.hashes, seen.former))


def head_problems(connection: sa.Connection, noted: Head) -> tuple[Problem, ...]:
    """Whether a head that was noted once is still the row of its number."""
    found = connection.scalar(sa.select(audit.c.hash).where(audit.c.seq == noted.seq))
    bodies = connection.scalars(sa.select(audit.c.body).where(audit.c.event == RESEALED))
    former = {head.seq: head.hash for head in map(_former, bodies)}
    return tuple(_off_anchor(noted, {noted.seq: found} if found else {head(connection).seq: ""}, former))


@dataclass(slots=True)
class _Seen:
    """What reading the chain came upon."""

    hashes: dict[int, str] = field(default_factory=dict[int, str])
    emptied: dict[str, int] = field(default_factory=dict[str, int])
    """The first row without a body, by what it refers to."""
    erased: set[str] = field(default_factory=set[str])
    former: dict[int, str] = field(default_factory=dict[int, str])
    """Heads from before the chain was sealed."""

    def note(self, row: sa.RowMapping) -> None:
        self.hashes[row["seq"]] = row["hash"]
        if not row["body"]:
            self.emptied.setdefault(row["ref"], row["seq"])
        elif row["event"] == ERASED:
            self.erased.add(row["ref"])
        elif row["event"] == RESEALED:
            former = _former(row["body"])
            self.former[former.seq] = former.hash

    def emptied_unsaid(self) -> Iterator[Problem]:
        for ref, seq in self.emptied.items():
            if ref not in self.erased:
                yield Problem(code="audit.emptied", seq=seq, text=f"row {seq} was emptied, and no erasure says so")


def _broken_links(rows: sa.MappingResult, seen: _Seen) -> Iterator[Problem]:
    last = Head(0, "")
    for row in rows:
        seq: int = row["seq"]
        if seq != last.seq + 1:
            yield Problem(code="audit.missing", seq=seq, text=f"rows {last.seq + 1} to {seq - 1} are missing")
        if row["prev"] != last.hash:
            yield Problem(code="audit.order", seq=seq, text=f"row {seq} does not follow the row before it")
        if row["hash"] != _hash(row) or not _is_sealed(row):
            yield Problem(code="audit.edited", seq=seq, text=f"row {seq} was edited")
        last = Head(seq, row["hash"])
        seen.note(row)


def _is_sealed(row: sa.RowMapping) -> bool:
    """Whether the body is the one that was sealed; one that was erased is not there to be asked."""
    return not row["body"] or seal(row["secret"] or "", row["body"]) == row["seal"]


def _former(body: str) -> Head:
    """The head that the chain had before its bodies were sealed."""
    found = json.loads(body)
    return Head(found["seq"], found["hash"])


def _off_anchor(anchored: Head | None, hashes: Mapping[int, str], former: Mapping[int, str]) -> Iterator[Problem]:
    if anchored is None:
        if hashes:
            yield Problem(code="audit.anchor", text="the anchor file is missing or can't be read")
        return
    last = max(hashes, default=0)
    if anchored.seq > last:
        yield Problem(
            code="audit.truncated", seq=last, text=f"rows after {last} were cut off; {anchored.seq} is anchored"
        )
    elif anchored.seq and anchored.hash not in (hashes.get(anchored.seq), former.get(anchored.seq)):
        yield Problem(code="audit.rewritten", seq=anchored.seq, text=f"row {anchored.seq} is not the one anchored")


def _hash(row: Mapping[str, Any] | sa.RowMapping) -> str:
    return digest([row[name] for name in ("seq", "at", "actor", "event", "ref", "seal", "prev")])
