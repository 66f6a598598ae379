"""What can be erased: the audit's bodies go out of its chain, which holds their seals under a secret for each ticket.

The chain that was there is made anew over the seals, and says so in a row with the head that it had: a head that was
noted elsewhere is found by that. What was wrong with a row before is wrong with it afterwards.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_STATEMENTS = (
    """CREATE TABLE secrets (
        seq INTEGER NOT NULL PRIMARY KEY, ref TEXT NOT NULL UNIQUE, secret TEXT NOT NULL) STRICT""",
    """CREATE TABLE erasures (
        seq INTEGER NOT NULL PRIMARY KEY, ref TEXT NOT NULL UNIQUE, by TEXT NOT NULL, effects INTEGER NOT NULL,
        begun_at TEXT NOT NULL, done_at TEXT) STRICT""",
    "ALTER TABLE audit ADD COLUMN seal TEXT NOT NULL DEFAULT ''",
    "DROP TRIGGER IF EXISTS audit_are_fixed",
    "INSERT INTO secrets (ref, secret) SELECT id, lower(hex(randomblob(32))) FROM tickets ORDER BY number",
    "INSERT INTO secrets (ref, secret) SELECT 'Q-' || seq, lower(hex(randomblob(32))) FROM quarantine ORDER BY seq",
)
_ROWS = """SELECT a.*, CASE WHEN q.seq IS NULL THEN a.ref ELSE 'Q-' || q.seq END AS about, s.secret
    FROM audit AS a LEFT JOIN quarantine AS q ON a.event = 'message.quarantined' AND q.key = a.ref
    LEFT JOIN secrets AS s ON s.ref = CASE WHEN q.seq IS NULL THEN a.ref ELSE 'Q-' || q.seq END ORDER BY a.seq"""
_SEALED = "UPDATE audit SET ref = :ref, seal = :seal, prev = :prev, hash = :hash WHERE seq = :seq"
_SAID = """INSERT INTO audit (seq, at, actor, event, ref, body, seal, prev, hash)
    VALUES (:seq, :at, 'desk', 'audit.sealed', 'audit', :body, :seal, :prev, :hash)"""


def upgrade() -> None:
    """Adds the tables and seals the chain; `migrate.upgrade` puts the triggers in place afterwards."""
    for statement in _STATEMENTS:
        op.execute(sa.text(statement))
    connection = op.get_bind()
    before, after = _seal_all(connection)
    if before["seq"]:
        _say(connection, before, after)


def _seal_all(connection: sa.Connection) -> tuple[dict[str, object], str]:
    """Seals each row; the head that the chain had, and the hash that its last row has now."""
    before: dict[str, object] = {"seq": 0, "hash": ""}
    last = ""
    for row in connection.execute(sa.text(_ROWS)).mappings().all():
        follows = row["prev"] == before["hash"]
        sound = row["hash"] == _digest([row[name] for name in ("seq", "at", "actor", "event", "ref", "body", "prev")])
        sealed = {"seq": row["seq"], "ref": row["about"], "seal": _seal(row["secret"] or "", row["body"])}
        sealed["prev"] = last if follows else row["prev"]
        chained = [row["seq"], row["at"], row["actor"], row["event"], sealed["ref"], sealed["seal"], sealed["prev"]]
        last = _digest(chained) if sound else row["hash"]
        connection.execute(sa.text(_SEALED), {**sealed, "hash": last})
        before = {"seq": row["seq"], "hash": row["hash"]}
    return before, last


def _say(connection: sa.Connection, before: dict[str, object], last: str) -> None:
    body = _canonical(before)
    row = {"seq": int(str(before["seq"])) + 1, "at": datetime.now(UTC).isoformat(timespec="microseconds")}
    row |= {"seal": _seal("", body), "prev": last}
    chained = [row["seq"], row["at"], "desk", "audit.sealed", "audit", row["seal"], row["prev"]]
    connection.execute(sa.text(_SAID), {**row, "body": body, "hash": _digest(chained)})


def _seal(secret: str, body: str) -> str:
    return hmac.new(bytes.fromhex(secret), body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode("utf-8", "replace")).hexdigest()
