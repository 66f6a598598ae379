"""Where a turn stands: what is to be carried out next, what is left, and how the turn ended."""

from datetime import datetime

import sqlalchemy as sa

from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import Granted, Outcome, Progress
from countersign.domain.perception import Sender
from countersign.domain.plan import Proposal
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit, voiding
from countersign.ledger.rows import Row, first, grant_of, is_current, pack, proposal_of, update_ticket
from countersign.ledger.schema import decisions, effects, grants, outcomes, proposals, verdicts

_ENDS = {
    "started": "an effect was started and may have happened",
    "unknown": "an effect may or may not have happened",
    "failed": "an effect failed",
}


def all_proposals(connection: sa.Connection, ref: TicketRef) -> tuple[Proposal, ...]:
    """See `ports.Ledger.proposals`."""
    return tuple(proposal_of(row) for row in _plan(connection, ref, ("proposed", "denied")))


def next_granted(connection: sa.Connection, ref: TicketRef) -> Granted | None:
    """See `ports.Ledger.next_granted`."""
    for proposal in _plan(connection, ref, ("proposed",)):
        effect = _last_effect(connection, proposal["id"])
        if effect is None or effect["status"] != "done":
            grant = _usable_grant(connection, proposal["id"], effect)
            return None if grant is None else _granted(connection, proposal, grant)
        if effect["problem"]:
            return None
    return None


def progress(connection: sa.Connection, ref: TicketRef) -> Progress:
    """See `ports.Ledger.progress`."""
    done = remaining = 0
    problem = ""
    for proposal in _plan(connection, ref, ("proposed",)):
        effect = _last_effect(connection, proposal["id"])
        is_done = effect is not None and effect["status"] == "done"
        done, remaining = done + is_done, remaining + (not is_done)
        problem = problem or _problem(connection, proposal, effect)
    return Progress(done=done, remaining=remaining, problem=problem)


def record_outcome(connection: sa.Connection, ref: TicketRef, outcome: Outcome, now: datetime) -> None:
    """See `ports.Ledger.record_outcome`."""
    same = (outcomes.c.ticket == ref.id, outcomes.c.turn == ref.turn)
    ended = connection.scalar(sa.select(outcomes.c.outcome).where(*same))
    if ended is not None:
        _note_difference(connection, ref, Outcome.model_validate_json(ended), outcome, now)
        return
    current = is_current(connection, ref)
    connection.execute(outcomes.insert().values(ticket=ref.id, turn=ref.turn, outcome=pack(outcome), at=now))
    body: dict[str, Json] = {"turn": ref.turn, "kind": outcome.kind, "category": outcome.category}
    audit.append(connection, now, "outcome.recorded", ref.id, body | {"outcome": digest(outcome)})
    if current:
        _end_turn(connection, ref, outcome, now)


def _end_turn(connection: sa.Connection, ref: TicketRef, outcome: Outcome, now: datetime) -> None:
    voiding.void_all(connection, ref.id, now, "the turn ended")
    named = {"customer": outcome.customer} if outcome.customer else {}
    update_ticket(
        connection, ref.id, now, status=outcome.kind, category=outcome.category, requests=pack(outcome.requests),
        reason=outcome.reason, **named,
    )  # fmt: skip


def _note_difference(connection: sa.Connection, ref: TicketRef, known: Outcome, wanted: Outcome, now: datetime) -> None:
    if known.kind != wanted.kind:
        body: dict[str, Json] = {"turn": ref.turn, "kind": wanted.kind, "stands": known.kind}
        audit.append_once(connection, now, "outcome.ignored", ref.id, body)


def _plan(connection: sa.Connection, ref: TicketRef, statuses: tuple[str, ...]) -> list[Row]:
    """The turn's proposals in plan order, the reply last."""
    same = (proposals.c.ticket == ref.id, proposals.c.turn == ref.turn, proposals.c.status.in_(statuses))
    order = (proposals.c.kind == "send_reply", proposals.c.position, proposals.c.seq)
    return list(connection.execute(sa.select(proposals).where(*same).order_by(*order)).mappings())


def _last_effect(connection: sa.Connection, proposal: str) -> Row | None:
    same = sa.select(effects).where(effects.c.proposal == proposal)
    return first(connection, same.order_by(effects.c.seq.desc()).limit(1))


def _usable_grant(connection: sa.Connection, proposal: str, effect: Row | None) -> Row | None:
    """The grant that a claim could use: an unused one, or that of an effect which may be tried again."""
    if effect is not None and effect["again"]:
        return first(connection, sa.select(grants).where(grants.c.id == effect["grant_id"]))
    if effect is not None and effect["status"] != "failed":
        return None
    unused = (grants.c.proposal == proposal, grants.c.void == 0, grants.c.consumed_by.is_(None))
    return first(connection, sa.select(grants).where(*unused))


def _problem(connection: sa.Connection, proposal: Row, effect: Row | None) -> str:
    """Why this proposal holds up the turn; empty where it does not."""
    what = f"{proposal['kind']} on {proposal['target']}"
    if effect is not None and effect["status"] == "done":
        return f"{what}: {effect['problem']}" if effect["problem"] else ""
    if _usable_grant(connection, proposal["id"], effect) is not None:
        return ""
    if effect is None:
        return f"{what}: there is no grant"
    detail = f": {effect['problem']}" if effect["problem"] else ""
    return f"{what}: {_ENDS[effect['status']]}{detail}"


def _granted(connection: sa.Connection, proposal: Row, grant: Row) -> Granted:
    ruled = decisions.join(verdicts, verdicts.c.id == decisions.c.verdict)
    sender = connection.execute(
        sa.select(verdicts.c.sender).select_from(ruled).where(decisions.c.seq == grant["decision"])
    ).scalar_one()
    return Granted(
        ticket=proposal["ticket"], turn=proposal["turn"], proposal_id=proposal["id"], proposal=proposal_of(proposal),
        sender=Sender.model_validate_json(sender), grant=grant_of(grant),
    )  # fmt: skip
