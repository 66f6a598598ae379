"""Small questions to the ledger: how many, since when, and whether a kind is stopped."""

from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import MisuseError
from countersign.domain.outcome import Outcome
from countersign.domain.perception import PastTicket, PastTurn
from countersign.ledger import audit
from countersign.ledger.rows import Row, texts
from countersign.ledger.schema import effects, erasures, halts, outcomes, proposals, tickets

ALL_KINDS = "*"
"""A halt of this kind stops every kind."""


def effects_on(connection: sa.Connection, kind: str, target: str) -> int:
    """See `ports.Ledger.effects_on`."""
    seen = (effects.c.kind == kind, effects.c.target == target, effects.c.status != "failed")
    return _count(connection, sa.select(sa.func.count()).where(*seen))


def next_slot(connection: sa.Connection, kind: str, target: str) -> int:
    """The number that the next effect of that kind on that target goes by.

    What was erased may have been about any target: all of its numbers count as used, so that no key comes twice.
    """
    erased = _count(connection, sa.select(sa.func.coalesce(sa.func.sum(erasures.c.effects), 0)))
    return effects_on(connection, kind, target) + erased + 1


def open_elsewhere(connection: sa.Connection, kind: str, target: str, ticket: str) -> int:
    """See `ports.Ledger.open_elsewhere`."""
    carried_out = sa.exists().where(effects.c.proposal == proposals.c.id, effects.c.again == 0)
    same = (proposals.c.kind == kind, proposals.c.target == target, proposals.c.status == "proposed")
    others = sa.select(sa.func.count()).where(*same, proposals.c.ticket != ticket, ~carried_out)
    return _count(connection, others)


def replies_since(connection: sa.Connection, address: str, since: datetime) -> int:
    """See `ports.Ledger.replies_since`."""
    to = sa.func.lower(sa.func.json_extract(proposals.c.args, "$.to"))
    sent = (effects.c.kind == "send_reply", effects.c.status != "failed", effects.c.started_at >= since)
    joined = sa.select(sa.func.count()).select_from(effects.join(proposals, proposals.c.id == effects.c.proposal))
    return _count(connection, joined.where(*sent, to == address.lower()))


def other_tickets(connection: sa.Connection, sender: str, ticket: str, since: datetime) -> int:
    """See `ports.Ledger.other_tickets`."""
    same = (tickets.c.sender == sender, tickets.c.id != ticket, tickets.c.opened_at >= since)
    return _count(connection, sa.select(sa.func.count()).where(*same))


def past_turns(connection: sa.Connection, ticket: str) -> tuple[PastTurn, ...]:
    """See `ports.Ledger.past_turns`."""
    ended = sa.select(outcomes.c.turn, outcomes.c.outcome).where(outcomes.c.ticket == ticket)
    rows = connection.execute(ended.order_by(outcomes.c.turn))
    return tuple(_past_turn(row.turn, Outcome.model_validate_json(row.outcome)) for row in rows)


def _past_turn(turn: int, outcome: Outcome) -> PastTurn:
    named = {"requests": outcome.requests, "orders": outcome.orders, "asked": outcome.asked}
    return PastTurn.model_validate({"turn": turn, "outcome": outcome.kind} | named)


def tickets_of(connection: sa.Connection, customer: str, ticket: str, limit: int) -> tuple[PastTicket, ...]:
    """See `ports.History.tickets_of`."""
    if not customer:
        return ()
    others = sa.select(tickets).where(tickets.c.customer == customer, tickets.c.id != ticket)
    rows = connection.execute(others.order_by(tickets.c.number.desc()).limit(limit)).mappings().all()
    return tuple(_past_ticket(row, _last_reply(connection, row["id"])) for row in rows)


def _past_ticket(row: Row, reply: str) -> PastTicket:
    same = {name: row[name] for name in ("id", "subject", "opened_at", "status")}
    return PastTicket(requests=texts(row["requests"]), reply=reply, **same)


def _last_reply(connection: sa.Connection, ticket: str) -> str:
    """The text of the last reply that left."""
    body = sa.func.json_extract(proposals.c.args, "$.body")
    sent = (effects.c.ticket == ticket, effects.c.kind == "send_reply", effects.c.status == "done")
    joined = sa.select(body).select_from(effects.join(proposals, proposals.c.id == effects.c.proposal)).where(*sent)
    return connection.scalar(joined.order_by(effects.c.seq.desc()).limit(1)) or ""


def halted(connection: sa.Connection, kind: str) -> bool:
    """See `ports.Ledger.halted`."""
    stopped = (halts.c.kind.in_((kind, ALL_KINDS)), halts.c.lifted_by == "")
    return _count(connection, sa.select(sa.func.count()).where(*stopped)) > 0


def halt(connection: sa.Connection, kind: str, by: str, reason: str, now: datetime) -> bool:
    """Stops new effects of a kind, or of all with `*`; False where it is stopped already."""
    _require_name(by)
    same = (halts.c.kind == kind, halts.c.lifted_by == "")
    if _count(connection, sa.select(sa.func.count()).where(*same)):
        return False
    connection.execute(halts.insert().values(kind=kind, by=by, reason=reason, at=now, lifted_by=""))
    audit.append(connection, now, "kind.halted", kind, {}, actor=by)
    return True


def unhalt(connection: sa.Connection, kind: str, by: str, now: datetime) -> bool:
    """Lifts a halt; False where the kind is not stopped."""
    _require_name(by)
    same = (halts.c.kind == kind, halts.c.lifted_by == "")
    if not connection.execute(halts.update().where(*same).values(lifted_by=by, lifted_at=now)).rowcount:
        return False
    audit.append(connection, now, "kind.unhalted", kind, {}, actor=by)
    return True


def _require_name(by: str) -> None:
    if not by.strip():
        raise MisuseError("name the person who does this", where="by")


def _count(connection: sa.Connection, query: sa.Select[int]) -> int:
    return connection.scalar(query) or 0
