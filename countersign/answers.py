"""What people say, as the ledger keeps it: the part of `countersign.ports.Ledger` that reviews use."""

from datetime import datetime
from typing import Literal, Protocol

from countersign.domain.outcome import Review, ReviewAnswer
from countersign.domain.review import Asked, Edited, Permit, Rejection
from countersign.domain.ticket import TicketRef


class Answers(Protocol):
    """Questions to people and their answers. Every write is one idempotent transaction."""

    def review(self, ticket_id: str, turn: int) -> Review | None:
        """The turn's latest review."""
        ...

    def asked(self, ref: TicketRef) -> tuple[Asked, ...]:
        """What the turn's last verdict is about: its proposals with what the policy saw of them, in plan order."""
        ...

    def answer_review(
        self,
        review_id: str,
        digest: str,
        answer: ReviewAnswer,
        by: str,
        text: str,
        now: datetime,
        *,
        permit: Permit,
        edited: Edited | None = None,
        asked: tuple[Asked, ...] = (),
    ) -> Review:
        """Writes a person's answer by compare-and-set: the first one wins, and the ticket has work to do again.

        `digest` is that of what the person was shown. `permit` is asked of each proposal that is approved, or that an
        edit puts in its place (`asked`), in the same transaction that adds up the day's approvals. An edit that it
        refuses is kept without approval. Raises RejectedError: whatever `permit` raises, which the audit keeps, and
        `rejected.already_answered` (naming who and when), `rejected.digest` where something else was shown,
        `rejected.void`, `rejected.expired`; MisuseError for an unknown review or without a name.
        """
        ...

    def refuse_person(self, review_id: str, person: str, code: str, now: datetime) -> None:
        """Keeps in the audit, by digest, that somebody tried to answer who may not."""
        ...

    def settle_by_word(self, effect: str, happened: bool, by: str, now: datetime) -> None:
        """Settles an effect that nobody can look up as a person found it: done, or not happened as in `retry`.

        Raises RejectedError (`rejected.not_unknown`) where it is anything but unknown.
        """
        ...

    def expire_reviews(self, now: datetime) -> tuple[str, ...]:
        """Closes every open review whose deadline has come; answers their tickets, which have work to do."""
        ...

    def rejections(self, ticket_id: str, but: str = "") -> tuple[Rejection, ...]:
        """Kinds of effect, by record, to which a person's latest word in this ticket was no; replies left out.

        What was said to the review `but` is left out.
        """
        ...

    def reopen(self, ref: TicketRef, by: str, why: str, now: datetime) -> TicketRef:
        """Begins another turn of a ticket that has ended in this one.

        Raises RejectedError: `rejected.open` where it has not ended, `rejected.superseded` where it has moved on.
        """
        ...

    def settle_ended(
        self, ref: TicketRef, status: Literal["handed_over", "closed"], by: str, note: str, now: datetime
    ) -> None:
        """Gives a ticket that has ended to a person, or takes it off the queue. Raises like `reopen`."""
        ...

    def answer_ended(
        self, ref: TicketRef, by: str, now: datetime, *, permit: Permit, edited: Edited, asked: tuple[Asked, ...]
    ) -> Review:
        """Begins another turn of a ticket that has ended, with a person's own answer. Raises like `reopen`."""
        ...

    def review_shown(self, ticket_id: str, digest: str) -> Review | None:
        """The ticket's latest review that showed this."""
        ...
