"""Steps back: a turn that has begun to undo never goes forward again, and undoes only what it has done."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import RejectedError
from countersign.domain.frozen import Json
from countersign.domain.plan import UNDO, Proposal
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit
from countersign.ledger.rows import first
from countersign.ledger.schema import effects, proposals


def require_one_way(connection: sa.Connection, ref: TicketRef, ruled: Collection[Proposal], now: datetime) -> None:
    """Notes in the audit that a turn begins to undo.

    Raises RejectedError: `rejected.undoing` where it would go forward after that, `rejected.nothing_to_undo` where
    nothing failed or a step back is for a step that has not been taken.
    """
    back = [proposal for proposal in ruled if proposal.by == UNDO]
    begun = _begun(connection, ref)
    if len(back) < len(ruled) and (back or begun):
        raise RejectedError(f"turn {ref.turn} of {ref.id} undoes what it began", detail="undoing")
    if not back:
        return
    for proposal in back:
        if not _taken(connection, ref, proposal):
            text = f"turn {ref.turn} of {ref.id} has no {proposal.kind} on {proposal.target} to take back"
            raise RejectedError(text, detail="nothing_to_undo")
    if not begun:
        body: dict[str, Json] = {"turn": ref.turn, "failed": _failed(connection, ref)}
        audit.append(connection, now, "undo.begun", ref.id, body)


def _begun(connection: sa.Connection, ref: TicketRef) -> bool:
    same = (proposals.c.ticket == ref.id, proposals.c.turn == ref.turn)
    by_undo = (proposals.c.by_kind == UNDO.kind, proposals.c.by_id == UNDO.id)
    return first(connection, sa.select(proposals.c.seq).where(*same, *by_undo).limit(1)) is not None


def _taken(connection: sa.Connection, ref: TicketRef, proposal: Proposal) -> bool:
    """That step was taken in this turn, and a step of the turn failed."""
    turn = (effects.c.ticket == ref.id, effects.c.turn == ref.turn)
    same = (effects.c.kind == proposal.kind, effects.c.target == proposal.target, effects.c.status == "done")
    return bool(first(connection, sa.select(effects.c.seq).where(*turn, *same).limit(1)) and _failed(connection, ref))


def _failed(connection: sa.Connection, ref: TicketRef) -> str:
    """The last step that failed for good, as the timeline says it; empty where none did."""
    turn = (effects.c.ticket == ref.id, effects.c.turn == ref.turn)
    failed = (effects.c.status == "failed", effects.c.again == 0)
    row = first(connection, sa.select(effects).where(*turn, *failed).order_by(effects.c.seq.desc()).limit(1))
    return f"{row['kind']} on {row['target']}" if row else ""
