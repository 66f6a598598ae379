"""Labels: what people say that a turn asks. A later word on the same turn takes an earlier one's place."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.frozen import Json, digest
from countersign.domain.learning import Label
from countersign.domain.perception import Triage
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit
from countersign.ledger.read import Source, view
from countersign.ledger.records import triaged
from countersign.ledger.rows import Row, first, pack, storable, texts
from countersign.ledger.schema import inbox, labels, outcomes, reviews
from countersign.ledger.sql import SqlLedger


def add(ledger: SqlLedger, label: Label) -> Label:
    """Keeps a label, unless the turn's latest one says the same by the same person; answers the one that stands."""
    same_turn = sa.select(labels).where(labels.c.ticket == label.ticket, labels.c.turn == label.turn)
    with ledger.file.writing("label") as connection:
        row = first(connection, same_turn.order_by(labels.c.seq.desc()).limit(1))
        if row and row["removed_at"] is None and (texts(row["requests"]), row["by"]) == (label.requests, label.by):
            return _label(row)
        number = connection.scalar(sa.select(sa.func.count()).select_from(labels)) or 0
        named = label.model_copy(update={"id": "L-" + digest([number, label])[:16], "text": storable(label.text)})
        fields = dict(named) | {"requests": pack(named.requests), "said": pack(named.said)}
        connection.execute(labels.insert().values(**fields))
        body: dict[str, Json] = {
            "label": named.id, "turn": named.turn, "requests": list(named.requests), "source": named.source,
            "text": digest(named.text),
        }  # fmt: skip
        audit.append(connection, named.at, "label.given", named.ticket, body, actor=named.by)
        return named


def standing(source: Source) -> tuple[Label, ...]:
    """The latest label of each turn that has one, those that were removed left out; oldest first."""
    latest = sa.select(sa.func.max(labels.c.seq)).group_by(labels.c.ticket, labels.c.turn)
    kept = sa.select(labels).where(labels.c.seq.in_(latest), labels.c.removed_at.is_(None))
    with view(source) as connection:
        return tuple(_label(row) for row in connection.execute(kept.order_by(labels.c.seq)).mappings())


def forget(ledger: SqlLedger, tickets: Iterable[str], by: str, now: datetime) -> int:
    """Empties the text of every label of these tickets, for good; answers how many there were.

    Whoever removes a customer's data names the customer's tickets. What a model learnt from them stays in its file
    until the next learning: `countersign doctor` says so.
    """
    about = sa.and_(labels.c.ticket.in_(list(tickets)), labels.c.removed_at.is_(None))
    with ledger.file.writing("forget_labels") as connection:
        rows = connection.execute(sa.select(labels.c.id, labels.c.ticket).where(about).order_by(labels.c.seq)).all()
        connection.execute(labels.update().where(about).values(text="", removed_at=now))
        for row in rows:
            audit.append(connection, now, "label.removed", row.ticket, {"label": row.id}, actor=by)
    return len(rows)


def removed(source: Source) -> frozenset[str]:
    """Ids of the labels whose text was removed."""
    with view(source) as connection:
        return frozenset(connection.scalars(sa.select(labels.c.id).where(labels.c.removed_at.is_not(None))))


def approved(source: Source) -> Mapping[tuple[str, int], tuple[str, ...]]:
    """Requests by ticket and turn, where a person approved what they led to: who approves has read the message."""
    signed = sa.exists().where(
        reviews.c.ticket == outcomes.c.ticket, reviews.c.turn == outcomes.c.turn, reviews.c.answer == "approve"
    )
    found = sa.select(
        outcomes.c.ticket, outcomes.c.turn, sa.func.json_extract(outcomes.c.outcome, "$.requests").label("requests")
    ).where(signed)
    with view(source) as connection:
        return {(row.ticket, row.turn): texts(row.requests) for row in connection.execute(found)}


def past(source: Source, most: int) -> tuple[TicketRef, ...]:
    """The latest turns in which a person wrote, at most so many, oldest first."""
    written = sa.select(inbox.c.ticket, inbox.c.turn).where(inbox.c.automatic.is_(None))
    latest = written.group_by(inbox.c.ticket, inbox.c.turn).order_by(sa.func.max(inbox.c.seq).desc()).limit(most)
    with view(source) as connection:
        return tuple(TicketRef(id=row.ticket, turn=row.turn) for row in connection.execute(latest))[::-1]


def said(source: Source, ref: TicketRef) -> tuple[str, ...]:
    """The requests that triage named in a turn; empty where it abstained or never ran."""
    with view(source) as connection:
        found = triaged(connection, ref.id).get(ref.turn)
    return tuple(intent.request for intent in Triage.model_validate(found).intents) if found else ()


def _label(row: Row) -> Label:
    names = ("id", "ticket", "turn", "text", "language", "source", "by", "at")
    return Label(requests=texts(row["requests"]), said=texts(row["said"]), **{name: row[name] for name in names})
