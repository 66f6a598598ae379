"""A person's word on each proposal of a review, and how much of the day's limit it takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from countersign.domain.frozen import digest
from countersign.domain.review import Asked, Edited, Permit, Rejection
from countersign.domain.ticket import TicketRef
from countersign.ledger.counts import next_slot
from countersign.ledger.rows import Row, proposal_of, values
from countersign.ledger.schema import decisions, proposals, reviews, signatures, verdicts


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """One proposal with the money that its approval counts for, minor units."""

    asked: Asked
    key: str
    amount: int


def asked_in(connection: sa.Connection, ref: TicketRef) -> tuple[Asked, ...]:
    """What the turn's last verdict asks about: its proposals with what the policy saw of them, in plan order."""
    same = (verdicts.c.ticket == ref.id, verdicts.c.turn == ref.turn)
    last = sa.select(verdicts.c.id).where(*same).order_by(verdicts.c.seq.desc()).limit(1).scalar_subquery()
    judged = decisions.c.version.label("judged"), decisions.c.context
    found = sa.select(proposals, *judged).join(decisions, decisions.c.proposal == proposals.c.id)
    rows = connection.execute(found.where(decisions.c.verdict == last).order_by(decisions.c.seq)).mappings()
    made = _editors(connection, ref)
    return tuple(_asked(row, made.get(row["id"], "")) for row in rows)


def _editors(connection: sa.Connection, ref: TicketRef) -> dict[str, str]:
    """Who made which proposals of the turn by editing."""
    edits = (reviews.c.ticket == ref.id, reviews.c.turn == ref.turn, reviews.c.edited.is_not(None))
    found = connection.scalars(sa.select(reviews.c.edited).where(*edits).order_by(reviews.c.seq))
    return {name: edit.by for edit in map(Edited.model_validate_json, found) for name in edit.changed}


def permitted(
    connection: sa.Connection, ref: TicketRef, asked: Sequence[Asked], by: str, now: datetime, permit: Permit
) -> tuple[Signed, ...]:
    """What that person approves, each within what is left of the day's limit after the one before.

    Raises whatever `permit` raises where they may not; nothing is written.
    """
    signed: list[Signed] = []
    keys = {item.id: key_of(connection, ref, item) for item in asked}
    spent = _spent_today(connection, by, now, tuple(keys.values()))
    for item in asked:
        kind = item.proposal.kind
        amount = permit(item, spent.get(kind, 0))
        spent[kind] = spent.get(kind, 0) + amount
        signed.append(Signed(asked=item, key=keys[item.id], amount=amount))
    return tuple(signed)


def approve(connection: sa.Connection, review: Row, signed: Iterable[Signed], by: str, now: datetime) -> None:
    """Writes an approval of each."""
    for item in signed:
        _sign(connection, review, item, "approve", by, now)


def reject(connection: sa.Connection, review: Row, asked: Iterable[Asked], by: str, now: datetime) -> None:
    """Writes a rejection of each."""
    ref = TicketRef(id=review["ticket"], turn=review["turn"])
    for item in asked:
        signed = Signed(asked=item, key=key_of(connection, ref, item), amount=0)
        _sign(connection, review, signed, "reject", by, now)


def rejections(connection: sa.Connection, ticket: str, but: str = "") -> tuple[Rejection, ...]:
    """See `ports.Ledger.rejections`."""
    same = (signatures.c.ticket == ticket, signatures.c.kind != "send_reply", signatures.c.review != but)
    rows = connection.execute(sa.select(signatures).where(*same).order_by(signatures.c.seq)).mappings()
    latest = {(row["kind"], row["target"]): row for row in rows}
    return tuple(
        Rejection(kind=row["kind"], target=row["target"], by=row["by"], date=row["at"].date().isoformat())
        for row in latest.values()
        if row["answer"] == "reject"
    )


def covers(connection: sa.Connection, proposal: str, arguments: str, version: str, by: str) -> bool:
    """Whether that person approved exactly this, of a record that has not changed since."""
    same = (signatures.c.proposal == proposal, signatures.c.arguments_digest == arguments, signatures.c.by == by)
    approved = (signatures.c.answer == "approve", signatures.c.version == version)
    return connection.scalar(sa.select(signatures.c.seq).where(*same, *approved).limit(1)) is not None


def key_of(connection: sa.Connection, ref: TicketRef, item: Asked) -> str:
    """The effect's key: the recorded proposal's own, or the one that a new proposal would get now."""
    kept = connection.scalar(sa.select(proposals.c.key).where(proposals.c.id == item.id))
    if kept is not None:
        return str(kept)
    proposal = item.proposal
    slot = ref.turn if proposal.kind == "send_reply" else next_slot(connection, proposal.kind, proposal.target)
    return digest([proposal.kind, proposal.target, slot])


def _asked(row: Row, editor: str) -> Asked:
    seen = values(row["context"])
    return Asked(id=row["id"], proposal=proposal_of(row), version=row["judged"], context=seen, editor=editor)


def _sign(
    connection: sa.Connection, review: Row, item: Signed, answer: Literal["approve", "reject"], by: str, now: datetime
) -> None:
    proposal = item.asked.proposal
    connection.execute(
        signatures.insert().values(
            review=review["id"], ticket=review["ticket"], proposal=item.asked.id, kind=proposal.kind,
            target=proposal.target, key=item.key, arguments_digest=proposal.arguments_digest,
            version=item.asked.version, answer=answer, by=by, amount=item.amount, at=now,
        )
    )  # fmt: skip


def _spent_today(connection: sa.Connection, by: str, now: datetime, without: Sequence[str]) -> dict[str, int]:
    """Money by kind that the person has approved since midnight UTC.

    Under one key only one effect can ever happen, so whatever was approved under it counts once, at its most.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ours = (signatures.c.by == by, signatures.c.answer == "approve", signatures.c.at >= midnight)
    most = sa.func.max(signatures.c.amount).label("amount")
    once = sa.select(signatures.c.kind, most).where(*ours, signatures.c.key.not_in(without))
    by_key = once.group_by(signatures.c.kind, signatures.c.key).subquery()
    total = sa.select(by_key.c.kind, sa.func.sum(by_key.c.amount)).group_by(by_key.c.kind)
    return {row[0]: int(row[1]) for row in connection.execute(total)}
