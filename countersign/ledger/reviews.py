"""Questions to people: opened by a verdict, answered once by compare-and-set, void when things move on."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import Review, ReviewAnswer, Ruling
from countersign.domain.plan import Proposal, bound_digest
from countersign.domain.review import Asked, Edited, Permit
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import shown_digest
from countersign.ledger import audit, signatures, voiding
from countersign.ledger.rows import Row, first, pack, review_of, storable, update_ticket
from countersign.ledger.schema import reviews


def open_review(
    connection: sa.Connection,
    ref: TicketRef,
    ruling: Ruling,
    proposals: list[tuple[str, Proposal]],
    verdict: str,
    now: datetime,
) -> None:
    """Asks a person, unless the very same question is open; another open question of the ticket is voided."""
    bound = bound_digest(proposals)
    shown = shown_digest(bound, ruling.verdict)
    is_open = (reviews.c.ticket == ref.id, reviews.c.status == "open", reviews.c.digest == shown)
    if first(connection, sa.select(reviews.c.seq).where(*is_open, reviews.c.turn == ref.turn)) is not None:
        return
    voiding.void_review(connection, ref.id, now, "another question took its place")
    name = "R-" + digest([verdict, shown])[:16]
    connection.execute(
        reviews.insert().values(
            id=name, ticket=ref.id, turn=ref.turn, digest=shown, bound=bound, status="open",
            reasons=pack(ruling.verdict.reasons), opened_at=now, deadline=ruling.review_deadline,
            decisions=pack([judged.decision for judged in ruling.verdict.judged]), answer="", by="", text="",
            signed="",
        )
    )  # fmt: skip
    audit.append(connection, now, "review.opened", ref.id, {"review": name, "digest": shown, "turn": ref.turn})


def stands(connection: sa.Connection, ref: TicketRef) -> bool:
    """Whether the turn's latest question waits for its answer, or has it."""
    review = latest(connection, ref.id, ref.turn)
    return review is not None and review.status in ("open", "answered")


def latest(connection: sa.Connection, ticket: str, turn: int) -> Review | None:
    """See `ports.Ledger.review`."""
    same = (reviews.c.ticket == ticket, reviews.c.turn == turn)
    row = first(connection, sa.select(reviews).where(*same).order_by(reviews.c.seq.desc()).limit(1))
    return None if row is None else review_of(row)


def shown(connection: sa.Connection, ticket: str, digest: str) -> Review | None:
    """See `ports.Ledger.review_shown`."""
    same = (reviews.c.ticket == ticket, reviews.c.digest == digest)
    row = first(connection, sa.select(reviews).where(*same).order_by(reviews.c.seq.desc()).limit(1))
    return None if row is None else review_of(row)


def require_approval(connection: sa.Connection, ref: TicketRef, approver: str, bound: str) -> None:
    """Raises RejectedError (`rejected.unapproved`) where the turn's last word is not that person's yes to these."""
    answered = (reviews.c.ticket == ref.id, reviews.c.turn == ref.turn, reviews.c.status == "answered")
    last = first(connection, sa.select(reviews).where(*answered).order_by(reviews.c.seq.desc()).limit(1))
    if last is None or (last["by"], last["signed"]) != (approver, bound):
        raise RejectedError(f"{approver} has not approved exactly these proposals", detail="unapproved")


def require_not_rejected(connection: sa.Connection, ref: TicketRef, bound: str) -> None:
    """Raises RejectedError (`rejected.by_person`) where a person's latest word on these very proposals was no."""
    same = (reviews.c.ticket == ref.id, reviews.c.turn == ref.turn, reviews.c.bound == bound)
    answered = sa.select(reviews.c.answer).where(*same, reviews.c.status == "answered")
    if connection.scalar(answered.order_by(reviews.c.seq.desc()).limit(1)) == "reject":
        raise RejectedError("a person rejected exactly these proposals", detail="by_person")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A person's answer as it is written; `asked` are the proposals that an edit puts in place."""

    answer: ReviewAnswer
    by: str
    text: str
    now: datetime
    permit: Permit
    edited: Edited | None = None
    asked: tuple[Asked, ...] = ()


def answer(connection: sa.Connection, row: Row, said: Said) -> Review | RejectedError:
    """Writes the first answer. `row` was read and found open in this same transaction.

    Where the person may not approve what they want approved, nothing but that is written, and the review stays open;
    an edit that they may not approve is kept without their approval.
    """
    try:
        signed = _signed(connection, row, said)
    except RejectedError as refusal:
        body: dict[str, Json] = {"review": row["id"], "answer": said.answer, "code": refusal.full_code}
        audit.append(connection, said.now, "review.refused", row["ticket"], body, actor=said.by)
        return refusal
    return _write(connection, row, said, signed)


def _signed(connection: sa.Connection, row: Row, said: Said) -> tuple[signatures.Signed, ...]:
    ref = TicketRef(id=row["ticket"], turn=row["turn"])
    if said.answer == "approve":
        asked = signatures.asked_in(connection, ref)
        return signatures.permitted(connection, ref, asked, said.by, said.now, said.permit)
    try:
        return signatures.permitted(connection, ref, said.asked, said.by, said.now, said.permit)
    except RejectedError:
        if said.answer != "edit":
            raise
        return ()


def _write(connection: sa.Connection, row: Row, said: Said, signed: tuple[signatures.Signed, ...]) -> Review:
    named = [(item.asked.id, item.asked.proposal) for item in signed]
    signed_digest = bound_digest(named) if named else ""
    answered = {
        "status": "answered", "answer": said.answer, "by": said.by, "at": said.now, "text": storable(said.text),
        "signed": signed_digest,
    }  # fmt: skip
    edited = pack(said.edited) if said.edited else None
    changes = reviews.update().where(reviews.c.id == row["id"]).values(**answered, edited=edited)
    connection.execute(changes)
    signatures.approve(connection, row, signed, said.by, said.now)
    signatures.reject(connection, row, _rejected(connection, row, said), said.by, said.now)
    body: dict[str, Json] = {
        "review": row["id"], "digest": row["digest"], "answer": said.answer, "text": digest(said.text),
        "signed": signed_digest, "edited": digest(edited) if edited else "",
    }  # fmt: skip
    audit.append(connection, said.now, "review.answered", row["ticket"], body, actor=said.by)
    update_ticket(connection, row["ticket"], said.now, status="received")
    return review_of(row).model_copy(update=answered | {"edited": said.edited})


def _rejected(connection: sa.Connection, row: Row, said: Said) -> list[Asked]:
    """What the answer says no to: all that was asked, or what an edit left out."""
    if said.answer not in ("reject", "edit", "answer"):
        return []
    kept = {(item.proposal.kind, item.proposal.target) for item in said.asked}
    asked = signatures.asked_in(connection, TicketRef(id=row["ticket"], turn=row["turn"]))
    return [item for item in asked if (item.proposal.kind, item.proposal.target) not in kept]


def find(connection: sa.Connection, review: str, shown: str, by: str) -> Row:
    """The review to answer. Raises MisuseError without a name, RejectedError where it can't be answered any more.

    `rejected.already_answered` names who answered and when; `rejected.digest` means that something else was shown;
    `rejected.void` that the question does not stand any more.
    """
    if not by.strip():
        raise MisuseError("name the person who answers", where="by")
    row = first(connection, sa.select(reviews).where(reviews.c.id == review))
    if row is None:
        raise MisuseError(f"there is no review {review}", detail="review")
    if row["status"] == "answered":
        said = f"{row['by']} answered {row['answer']} at {row['at'].isoformat(timespec='seconds')}"
        raise RejectedError(said, detail="already_answered")
    if row["status"] != "open":
        raise RejectedError(f"review {review} is {row['status']}", detail=row["status"])
    if row["digest"] != shown:
        raise RejectedError(f"review {review} asks something else than was shown", detail="digest")
    return row


def expire(connection: sa.Connection, row: Row, now: datetime) -> bool:
    """Closes a review whose deadline has come; False where there is time left."""
    if now < row["deadline"]:
        return False
    connection.execute(reviews.update().where(reviews.c.id == row["id"]).values(status="expired"))
    audit.append(connection, now, "review.expired", row["ticket"], {"review": row["id"]})
    update_ticket(connection, row["ticket"], now, status="received")
    return True


def expire_all(connection: sa.Connection, now: datetime) -> tuple[str, ...]:
    """See `ports.Ledger.expire_reviews`."""
    late = sa.select(reviews).where(reviews.c.status == "open", reviews.c.deadline <= now).order_by(reviews.c.seq)
    rows = connection.execute(late).mappings().all()
    return tuple(row["ticket"] for row in rows if expire(connection, row, now))


def any_late(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is a review to expire."""
    late = sa.select(reviews.c.seq).where(reviews.c.status == "open", reviews.c.deadline <= now)
    return first(connection, late.limit(1)) is not None


def note_refused(connection: sa.Connection, review: str, person: str, code: str, now: datetime) -> None:
    """See `ports.Ledger.refuse_person`."""
    ticket = connection.scalar(sa.select(reviews.c.ticket).where(reviews.c.id == review))
    body: dict[str, Json] = {"review": review, "code": code, "person": digest(person)}
    audit.append_once(connection, now, "review.refused", ticket or review, body)


def anyone(_asked: Asked, _spent: int) -> int:
    """A permit without conditions, which counts for nothing."""
    return 0
