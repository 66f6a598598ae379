"""The ledger over one SQLite file: every method is one transaction."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from countersign.domain.errors import RejectedError
from countersign.domain.outcome import (
    Claim,
    Effect,
    Granted,
    Outcome,
    Progress,
    Receipt,
    Refusal,
    Review,
    ReviewAnswer,
    Ruling,
)
from countersign.domain.perception import PastTicket, PastTurn
from countersign.domain.plan import Proposal
from countersign.domain.review import Asked, Edited, Permit, Rejection
from countersign.domain.ticket import Accepted, InboxMessage, Message, Quarantined, Ticket, TicketRef
from countersign.domain.verdict import Judged
from countersign.ledger import audit, claims, counts, effects, ended, execution, inbox, reviews, rulings, signatures
from countersign.ledger.file import LedgerFile, OnPoint
from countersign.ledger.parts import keep_parts
from countersign.ledger.rows import first, message_of, ticket_of
from countersign.ledger.schema import inbox as inbox_table
from countersign.ledger.schema import tickets

_RECALL = "SELECT answer FROM journal WHERE ticket = ? AND step = ? AND request = ?"
_RECORD = "INSERT OR IGNORE INTO journal (ticket, step, request, method, answer, parts) VALUES (?, ?, ?, ?, ?, ?)"
"""As text: every read of every step asks one and says the other, and building them costs more than running them."""


def open_ledger(path: Path, on_point: OnPoint | None = None) -> "SqlLedger":
    """Opens the ledger's file, which is made or migrated first where that is needed.

    `on_point` is called with `ledger.METHOD.before` and `ledger.METHOD.after` around every commit.
    Raises StorageError.
    """
    return SqlLedger(LedgerFile(path, on_point))


class SqlLedger:
    """`ports.Ledger`, `ports.Journal` and `ports.History`; safe to share between threads, and processes by its file."""

    def __init__(self, file: LedgerFile) -> None:
        self.file = file

    def close(self) -> None:
        """Closes the file."""
        self.file.close()

    def accept(self, message: Message, body: str, subject: str, now: datetime) -> Accepted:
        """See `ports.Ledger`."""
        with self.file.writing("accept") as connection:
            return inbox.accept(connection, message, body, subject, now)

    def quarantine(self, item: Quarantined, now: datetime) -> bool:
        """See `ports.Ledger`."""
        with self.file.writing("quarantine") as connection:
            return inbox.keep_in_quarantine(connection, item, now)

    def ticket(self, ticket_id: str) -> Ticket | None:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            row = first(connection, sa.select(tickets).where(tickets.c.id == ticket_id))
            return None if row is None else ticket_of(row)

    def inbox(self, ticket_id: str) -> tuple[InboxMessage, ...]:
        """See `ports.Ledger`."""
        found = sa.select(inbox_table).where(inbox_table.c.ticket == ticket_id).order_by(inbox_table.c.seq)
        with self.file.reading() as connection:
            return tuple(message_of(row) for row in connection.execute(found).mappings())

    def past_turns(self, ticket_id: str) -> tuple[PastTurn, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return counts.past_turns(connection, ticket_id)

    def other_tickets(self, sender: str, ticket_id: str, since: datetime) -> int:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return counts.other_tickets(connection, sender, ticket_id, since)

    def tickets_of(self, customer: str, ticket_id: str, limit: int = 5) -> tuple[PastTicket, ...]:
        """See `ports.History`."""
        with self.file.reading() as connection:
            return counts.tickets_of(connection, customer, ticket_id, limit)

    def unfinished(self) -> tuple[TicketRef, ...]:
        """See `ports.Ledger`; in the order in which their messages arrived."""
        open_ones = sa.select(tickets.c.id, tickets.c.turn).where(tickets.c.status == "received")
        with self.file.reading() as connection:
            rows = connection.execute(open_ones.order_by(tickets.c.arrived))
            return tuple(TicketRef(id=row.id, turn=row.turn) for row in rows)

    def record_verdict(self, ref: TicketRef, ruling: Ruling, now: datetime) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("record_verdict") as connection:
            rulings.record(connection, ref, ruling, now)

    def proposals(self, ref: TicketRef) -> tuple[Proposal, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return execution.all_proposals(connection, ref)

    def replies_since(self, address: str, since: datetime) -> int:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return counts.replies_since(connection, address, since)

    def effects_on(self, kind: str, target: str) -> int:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return counts.effects_on(connection, kind, target)

    def open_elsewhere(self, kind: str, target: str, ticket_id: str) -> int:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return counts.open_elsewhere(connection, kind, target, ticket_id)

    def review(self, ticket_id: str, turn: int) -> Review | None:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return reviews.latest(connection, ticket_id, turn)

    def answer_review(
        self,
        review_id: str,
        digest: str,
        answer: ReviewAnswer,
        by: str,
        text: str,
        now: datetime,
        *,
        permit: Permit = reviews.anyone,
        edited: Edited | None = None,
        asked: tuple[Asked, ...] = (),
    ) -> Review:
        """See `ports.Ledger`. Without `permit` everybody may approve everything: who asks knows why they may."""
        said = reviews.Said(answer=answer, by=by, text=text, now=now, permit=permit, edited=edited, asked=asked)
        with self.file.writing("answer_review") as connection:
            row = reviews.find(connection, review_id, digest, by)
            late = reviews.expire(connection, row, now)
            found = None if late else reviews.answer(connection, row, said)
        if found is None:
            raise RejectedError(f"review {review_id} has expired", detail="expired")
        if isinstance(found, RejectedError):
            raise found
        return found

    def refuse_person(self, review_id: str, person: str, code: str, now: datetime) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("refuse_person") as connection:
            reviews.note_refused(connection, review_id, person, code, now)

    def expire_reviews(self, now: datetime) -> tuple[str, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            if not reviews.any_late(connection, now):
                return ()
        with self.file.writing("expire_reviews") as connection:
            return reviews.expire_all(connection, now)

    def review_shown(self, ticket_id: str, digest: str) -> Review | None:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return reviews.shown(connection, ticket_id, digest)

    def reopen(self, ref: TicketRef, by: str, why: str, now: datetime) -> TicketRef:
        """See `ports.Ledger`."""
        with self.file.writing("reopen") as connection:
            return ended.reopen(connection, ref, by, why, now)

    def settle_ended(
        self, ref: TicketRef, status: Literal["handed_over", "closed"], by: str, note: str, now: datetime
    ) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("settle_ended") as connection:
            ended.settle(connection, ref, status, by, note, now)

    def answer_ended(
        self, ref: TicketRef, by: str, now: datetime, *, permit: Permit, edited: Edited, asked: tuple[Asked, ...]
    ) -> Review:
        """See `ports.Ledger`."""
        said = reviews.Said(answer="answer", by=by, text="", now=now, permit=permit, edited=edited, asked=asked)
        with self.file.writing("answer_ended") as connection:
            return ended.answer(connection, ref, edited.review, said)

    def asked(self, ref: TicketRef) -> tuple[Asked, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return signatures.asked_in(connection, ref)

    def rejections(self, ticket_id: str, but: str = "") -> tuple[Rejection, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return signatures.rejections(connection, ticket_id, but)

    def next_granted(self, ref: TicketRef) -> Granted | None:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return execution.next_granted(connection, ref)

    def progress(self, ref: TicketRef) -> Progress:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return execution.progress(connection, ref)

    def claim(self, granted: Granted, judged: Judged, now: datetime) -> Claim | Refusal:
        """See `ports.Ledger`."""
        with self.file.writing("claim") as connection:
            return claims.claim(connection, granted, judged, now)

    def settle(self, claim: Claim, receipt: Receipt, now: datetime) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("settle") as connection:
            refusal = effects.settle(connection, claim, receipt, now)
        if refusal is not None:
            raise refusal

    def fail(self, claim: Claim, status: str, problem: str, now: datetime) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("fail") as connection:
            refusal = effects.fail(connection, claim, status, problem, now)
        if refusal is not None:
            raise refusal

    def take_over(self, effect: str, now: datetime) -> Claim:
        """See `ports.Ledger`."""
        with self.file.writing("take_over") as connection:
            return effects.take_over(connection, effect, now)

    def settle_by_word(self, effect: str, happened: bool, by: str, now: datetime) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("settle_by_word") as connection:
            effects.settle_by_word(connection, effect, happened, by, now)

    def in_doubt(self) -> tuple[Effect, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return effects.in_doubt(connection)

    def receipts(self, ref: TicketRef) -> tuple[Effect, ...]:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return effects.receipts(connection, ref)

    def effect_counts(self) -> tuple[int, int]:
        """How many replies have left so far, and how many other effects have happened."""
        with self.file.reading() as connection:
            return effects.counts(connection)

    def record_outcome(self, ref: TicketRef, outcome: Outcome, now: datetime) -> None:
        """See `ports.Ledger`."""
        with self.file.writing("record_outcome") as connection:
            execution.record_outcome(connection, ref, outcome, now)

    def note_restart(self, ref: TicketRef, why: str, now: datetime) -> None:
        """Keeps in the audit that a turn runs again from the inbox, and why its thread was not believed."""
        with self.file.writing("note_restart") as connection:
            audit.append_once(connection, now, "turn.restarted", ref.id, {"turn": ref.turn, "why": why})

    def halted(self, kind: str) -> bool:
        """See `ports.Ledger`."""
        with self.file.reading() as connection:
            return counts.halted(connection, kind)

    def halt(self, kind: str, by: str, reason: str, now: datetime) -> bool:
        """Stops new effects of a kind, or of all with `*`; False where it is stopped. `by` names the person."""
        with self.file.writing("halt") as connection:
            return counts.halt(connection, kind, by, reason, now)

    def unhalt(self, kind: str, by: str, now: datetime) -> bool:
        """Lifts a halt; False where there is none. `by` names the person."""
        with self.file.writing("unhalt") as connection:
            return counts.unhalt(connection, kind, by, now)

    def recall(self, ticket: str, step: str, request: str) -> str | None:
        """See `ports.Journal`."""
        with self.file.reading() as connection:
            return connection.exec_driver_sql(_RECALL, (ticket, step, request)).scalar()

    def record(self, ticket: str, step: str, request: str, method: str, answer: str, parts: str = "") -> None:
        """See `ports.Journal`. It waits for no disk: whatever is decided on it is kept with it."""
        with self.file.writing("record", durable=False) as connection:
            connection.exec_driver_sql(_RECORD, (ticket, step, request, method, answer, parts))

    def keep_parts(self, content: Mapping[str, str]) -> str:
        """Keeps what is in use, by name, unless it is known; answers the digest that stands for all of it."""
        return keep_parts(self.file, content)
