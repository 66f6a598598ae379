"""What the ledger says was decided in a turn, as JSON: the part of a record that outlives the thread."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue

from countersign.ledger import SqlLedger
from countersign.ledger.recording import Recording
from countersign.ledger.rows import Row, first
from countersign.ledger.schema import decisions, outcomes, proposals
from countersign.ledger.schema import verdicts as verdicts_table
from countersign.replay.compare import difference, unpacked
from countersign.replay.found import Difference

Found = tuple[str, dict[str, Any], dict[str, Any], Difference]
"""The node that a difference points to, what was decided then and now, and the difference."""

_PROPOSED = ("kind", "target", "by_kind", "by_id", "version")
_DECIDED = ("answer", "reason", "alarm", "version", "ceiling")


def compared(record: Recording, ledger: SqlLedger, turn: int, *, restarted: bool) -> Found | None:
    """The first difference between a turn as recorded and as it was run again; of one run twice, its last verdict."""
    then = [_verdict(row, record.proposals, record.decisions) for row in record.verdicts_of(turn)]
    now = _verdicts_now(ledger, record.id, turn)
    if restarted and now:
        same = [one for one in then if difference(one, now[-1]) is None]
        then, now = (same or then)[-1:], now[-1:]
    for first_one, second in zip(then, now, strict=False):
        if found := difference(first_one, second):
            return _node(found.path), _as_step(first_one), _as_step(second), found
    if len(now) > len(then) and _stands_still(record, turn):
        return "authorize", {}, _as_step(now[-1]), Difference(path="verdict", then=None, now=now[-1]["answer"])
    return _outcomes(record, ledger, turn)


def _stands_still(record: Recording, turn: int) -> bool:
    """Whether the turn has ended or waits: one that was left on the way may come further here."""
    waits = record.ticket["status"] == "waiting" and record.ticket["turn"] == turn
    return waits or record.outcome_of(turn) is not None


def verdicts(ledger: SqlLedger, ticket: str, turn: int) -> Sequence[Row]:
    """The turn's verdicts in a ledger."""
    same = (verdicts_table.c.ticket == ticket, verdicts_table.c.turn == turn)
    with ledger.file.reading() as connection:
        found = connection.execute(sa.select(verdicts_table).where(*same).order_by(verdicts_table.c.seq))
        return found.mappings().all()


def outcome(ledger: SqlLedger, ticket: str, turn: int) -> Any:
    """The turn's outcome in a ledger; None where it has none."""
    with ledger.file.reading() as connection:
        same = (outcomes.c.ticket == ticket, outcomes.c.turn == turn)
        row = first(connection, sa.select(outcomes).where(*same))
    return unpacked(row["outcome"]) if row is not None else None


def _outcomes(record: Recording, ledger: SqlLedger, turn: int) -> Found | None:
    kept, now = record.outcome_of(turn), outcome(ledger, record.id, turn)
    then = unpacked(kept["outcome"]) if kept is not None else None
    if then is None or now is None:
        return None
    found = difference(then, now, "outcome")
    return ("hand_over", {"outcome": then}, {"outcome": now}, found) if found else None


def _verdicts_now(ledger: SqlLedger, ticket: str, turn: int) -> list[dict[str, Any]]:
    own = sa.select(proposals).where(proposals.c.ticket == ticket)
    with ledger.file.reading() as connection:
        proposed = connection.execute(own).mappings().all()
        ruled = connection.execute(sa.select(decisions).order_by(decisions.c.seq)).mappings().all()
    return [_verdict(row, proposed, ruled) for row in verdicts(ledger, ticket, turn)]


def _verdict(row: Row, proposed: Sequence[Row], ruled: Sequence[Row]) -> dict[str, Any]:
    by_id = {one["id"]: one for one in proposed}
    own = [one for one in ruled if one["verdict"] == row["id"]]
    return {
        "proposals": [_proposal(by_id[one["proposal"]]) for one in own],
        "decisions": [_decision(one) for one in own],
        "answer": row["answer"],
        "reasons": unpacked(row["reasons"]),
        "approver": row["approver"],
    }


def _proposal(row: Row) -> dict[str, JsonValue]:
    return {"args": unpacked(row["args"])} | {name: row[name] for name in _PROPOSED}


def _decision(row: Row) -> dict[str, JsonValue]:
    packed = {"rules": unpacked(row["rules"]), "context": unpacked(row["context"])}
    return packed | {name: row[name] for name in _DECIDED}


def _node(path: str) -> str:
    """The node that decides what stands there."""
    if path.endswith(("args.body", "args.subject", "args.to")):
        return "draft"
    return "playbook" if path.startswith("proposals") else "authorize"


def _as_step(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict in the form of what the nodes write, as far as causes are looked for in it."""
    replies = [one["args"] for one in verdict["proposals"] if one["kind"] == "send_reply"]
    draft: dict[str, Any] = {name: replies[0].get(name) for name in ("templates", "language")} if replies else {}
    judged = [{"decision": {"rules": one["rules"]}} for one in verdict["decisions"]]
    return {"verdict": {"judged": judged}, "draft": draft}
