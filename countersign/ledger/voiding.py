"""What is no longer wanted: open proposals, unused grants and open reviews, voided with a note in the audit."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from countersign.ledger import audit
from countersign.ledger.schema import effects, grants, proposals, reviews


def void_all(connection: sa.Connection, ticket: str, now: datetime, why: str) -> int:
    """Voids whatever is open in the ticket, of any turn; answers how many proposals that were."""
    void_review(connection, ticket, now, why)
    return void_proposals(connection, ticket, (), now, why)


def void_proposals(connection: sa.Connection, ticket: str, keep: Collection[str], now: datetime, why: str) -> int:
    """Voids the ticket's open proposals but those to keep, with their grants; what was carried out stays."""
    open_ones = sa.select(proposals.c.id).where(
        proposals.c.ticket == ticket, proposals.c.status == "proposed", proposals.c.id.not_in(keep), ~_carried_out()
    )
    found = connection.scalars(open_ones.order_by(proposals.c.seq)).all()
    for proposal in found:
        void_grant(connection, ticket, proposal, now, why)
        connection.execute(proposals.update().where(proposals.c.id == proposal).values(status="void"))
        audit.append(connection, now, "proposal.void", ticket, {"proposal": proposal, "why": why})
    return len(found)


def void_grant(connection: sa.Connection, ticket: str, proposal: str, now: datetime, why: str) -> None:
    """Voids the proposal's unused grant, if it has one, and the next try that a failed effect may be waiting for."""
    _give_up(connection, ticket, proposal, now)
    unused = (grants.c.proposal == proposal, grants.c.void == 0, grants.c.consumed_by.is_(None))
    grant = connection.scalar(sa.select(grants.c.id).where(*unused))
    if grant is None:
        return
    connection.execute(grants.update().where(grants.c.id == grant).values(void=1))
    audit.append(connection, now, "grant.void", ticket, {"grant": grant, "proposal": proposal, "why": why})


def void_review(connection: sa.Connection, ticket: str, now: datetime, why: str) -> None:
    """Voids the ticket's open review, if it has one."""
    open_one = (reviews.c.ticket == ticket, reviews.c.status == "open")
    review = connection.scalar(sa.select(reviews.c.id).where(*open_one))
    if review is None:
        return
    connection.execute(reviews.update().where(reviews.c.id == review).values(status="void"))
    audit.append(connection, now, "review.void", ticket, {"review": review, "why": why})


def _carried_out() -> sa.ColumnElement[bool]:
    """The proposal has an effect that happened or may have happened."""
    return sa.exists().where(effects.c.proposal == proposals.c.id, effects.c.status != "failed")


def _give_up(connection: sa.Connection, ticket: str, proposal: str, now: datetime) -> None:
    """An effect that waited for another try will not get one."""
    waiting = (effects.c.proposal == proposal, effects.c.again == 1)
    effect = connection.scalar(sa.select(effects.c.id).where(*waiting))
    if effect is None:
        return
    connection.execute(effects.update().where(effects.c.id == effect).values(again=0, settled_at=now))
    audit.append(connection, now, "effect.failed", ticket, {"effect": effect, "why": "void"})
