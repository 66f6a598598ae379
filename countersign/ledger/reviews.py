"""Questions to people: opened by a verdict, answered once by compare-and-set, void when things move on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import Review, Ruling
from countersign.domain.plan import Proposal
from countersign.domain.ticket import TicketRef
from countersign.ledger import audit, voiding
from countersign.ledger.rows import Row, first, pack, review_of, update_ticket
from countersign.ledger.schema import reviews

ReviewAnswer = Literal["approve", "reject", "edit", "answer", "take_over", "close"]


def bound_digest(proposals: Iterable[tuple[str, Proposal]]) -> str:
    """What an approval permits: exactly these proposals with exactly these arguments."""
    return digest([[name, proposal.arguments_digest] for name, proposal in proposals])


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
    shown = digest([bound, ruling.verdict.reasons])
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


def require_approval(connection: sa.Connection, ref: TicketRef, approver: str, bound: str) -> None:
    """Raises RejectedError (`rejected.unapproved`) where that person did not approve exactly these proposals."""
    same = (reviews.c.ticket == ref.id, reviews.c.turn == ref.turn, reviews.c.bound == bound)
    approved = (reviews.c.status == "answered", reviews.c.answer == "approve", reviews.c.by == approver)
    if first(connection, sa.select(reviews.c.seq).where(*same, *approved)) is None:
        raise RejectedError(f"{approver} has not approved exactly these proposals", detail="unapproved")


def require_not_rejected(connection: sa.Connection, ref: TicketRef, bound: str) -> None:
    """Raises RejectedError (`rejected.by_person`) where a person's latest word on these very proposals was no."""
    same = (reviews.c.ticket == ref.id, reviews.c.turn == ref.turn, reviews.c.bound == bound)
    answered = sa.select(reviews.c.answer).where(*same, reviews.c.status == "answered")
    if connection.scalar(answered.order_by(reviews.c.seq.desc()).limit(1)) == "reject":
        raise RejectedError("a person rejected exactly these proposals", detail="by_person")


def answer(connection: sa.Connection, row: Row, answer: ReviewAnswer, by: str, text: str, now: datetime) -> Review:
    """Writes the first answer. `row` was read and found open in this same transaction."""
    answered = {"status": "answered", "answer": answer, "by": by, "at": now, "text": text}
    connection.execute(reviews.update().where(reviews.c.id == row["id"]).values(**answered))
    body: dict[str, Json] = {"review": row["id"], "digest": row["digest"], "answer": answer, "text": digest(text)}
    audit.append(connection, now, "review.answered", row["ticket"], body, actor=by)
    update_ticket(connection, row["ticket"], now, status="received")
    return review_of(row).model_copy(update=answered)


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
