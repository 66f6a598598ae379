"""Reviews, grants in people's names, deadlines and halts against a model of plain values, driven by Hypothesis."""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from countersign.domain.errors import RejectedError
from countersign.domain.outcome import Claim, Outcome, Refusal, ReviewAnswer
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger, open_ledger
from countersign.ledger.check import check_ledger
from tests.unit.ledger_cases import NOW, accept, claim, message, new_ledger, receipt, refund, ruling

PEOPLE = ("alice", "bob")
AMOUNT = 100
MOST_TICKETS = 2


class CrashError(BaseException):
    """The process is gone."""


@dataclass
class ModelReview:
    """One question, as the model knows it."""

    id: str
    digest: str
    turn: int
    deadline: datetime
    status: str = "open"
    answer: str = ""
    by: str = ""


@dataclass
class ModelTicket:
    """What the model knows of a ticket; its plan is always the one refund of its own order."""

    number: int
    turn: int = 1
    status: str = "received"
    ended: bool = False
    proposed: bool = False
    grant: datetime | None = None
    """When the unused grant of this turn expires."""
    done: bool = False
    effects: int = 0
    said: str = ""
    """The last word of a person on the refund: approve or reject, whatever the turn."""
    reviews: list[ModelReview] = field(default_factory=list[ModelReview])

    @property
    def ref(self) -> TicketRef:
        return TicketRef(id=f"CS-{self.number}", turn=self.turn)

    @property
    def open_review(self) -> ModelReview | None:
        return next((one for one in self.reviews if one.status == "open"), None)

    @property
    def last_answer(self) -> ModelReview | None:
        answered = [one for one in self.reviews if (one.turn, one.status) == (self.turn, "answered")]
        return answered[-1] if answered else None

    def void(self) -> None:
        self.grant = None
        if self.open_review is not None:
            self.open_review.status = "void"


class ReviewsAndModel(RuleBasedStateMachine):
    """Every step is done to both; every answer and every look must agree."""

    made: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.made, self.folder / "ledger.db")
        self.crash, self.now, self.asked = False, NOW, 0
        self.halts: set[str] = set()
        self.ledger = self._open()
        self.tickets: list[ModelTicket] = []
        self.new_ticket()

    def _open(self) -> SqlLedger:
        def on_point(point: str) -> None:
            if self.crash and point.endswith(".before"):
                raise CrashError

        return open_ledger(self.folder / "ledger.db", on_point)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            assert check_ledger(self.folder / "ledger.db") == ()
            shutil.rmtree(self.folder)

    @precondition(lambda self: len(self.tickets) < MOST_TICKETS)
    @rule()
    def new_ticket(self) -> None:
        accepted = accept(self.ledger, message(f"m{len(self.tickets)}"), self.now)
        self.tickets.append(ModelTicket(1001 + len(self.tickets)))
        assert accepted.ticket == self.tickets[-1].ref.id

    @rule(which=st.integers(0, MOST_TICKETS - 1))
    def follow_up(self, which: int) -> None:
        """A newer message voids whatever was open."""
        ticket = self._ticket(which)
        self.asked += 1
        accept(self.ledger, message(f"more-{self.asked}", subject=ticket.ref.id), self.now)
        ticket.void()
        ticket.turn, ticket.status, ticket.ended = ticket.turn + 1, "received", False
        ticket.proposed = ticket.done = False

    @rule(which=st.integers(0, MOST_TICKETS - 1))
    def ask(self, which: int) -> None:
        """The policy asks a person, for a reason that it had never before."""
        ticket = self._ticket(which)
        if ticket.ended or ticket.done:
            return
        self._rule(ticket, "ask", "policy")
        ticket.void()
        ticket.proposed, ticket.status = True, "waiting"
        review = self.ledger.review(ticket.ref.id, ticket.turn)
        assert review is not None
        ticket.reviews.append(ModelReview(review.id, review.digest, ticket.turn, self.now + timedelta(days=3)))

    @rule(which=st.integers(0, MOST_TICKETS - 1), approver=st.sampled_from(("policy", *PEOPLE)))
    def allow(self, which: int, approver: str) -> None:
        """Granted by policy, unless a person said no; in a person's name only where theirs is the turn's last yes."""
        ticket = self._ticket(which)
        if ticket.ended or ticket.done:
            return
        code = self._why_not(ticket, approver)
        if code:
            with pytest.raises(RejectedError) as caught:
                self._rule(ticket, "allow", approver)
            assert caught.value.detail == code
            return
        self._rule(ticket, "allow", approver)
        ticket.void()
        ticket.proposed, ticket.status, ticket.grant = True, "received", self.now + timedelta(hours=1)

    def _why_not(self, ticket: ModelTicket, approver: str) -> str:
        last = ticket.last_answer
        if approver != "policy":
            return "" if last is not None and (last.by, last.answer) == (approver, "approve") else "unapproved"
        return "by_person" if ticket.said == "reject" else ""

    def _rule(self, ticket: ModelTicket, answer: Literal["ask", "allow"], approver: str) -> None:
        self.asked += 1
        decided = "allow" if approver == "policy" and answer == "allow" else "ask"
        proposal = refund(f"FH-{ticket.number}", AMOUNT)
        said = ruling(
            ticket.ref, proposal, answer=answer, decided=decided, approver=approver, now=self.now,
            reasons=(f"reason {self.asked}",),
        )  # fmt: skip
        self.ledger.record_verdict(ticket.ref, said, self.now)

    @rule(data=st.data(), which=st.integers(0, MOST_TICKETS - 1), person=st.sampled_from(PEOPLE),
          said=st.sampled_from(("approve", "approve", "reject", "close")), right=st.integers(0, 5))  # fmt: skip
    def answer(self, data: st.DataObject, which: int, person: str, said: ReviewAnswer, right: int) -> None:
        """Any question that there ever was, the latest most often, with what was shown or with something else."""
        ticket = self._ticket(which)
        if not ticket.reviews:
            return
        review = ticket.reviews[-1] if right else data.draw(st.sampled_from(ticket.reviews))
        digest = review.digest if right != 1 else "0" * 64
        code = self._refused(review, digest)
        if code:
            with pytest.raises(RejectedError) as caught:
                self.ledger.answer_review(review.id, digest, said, person, "", self.now)
            assert caught.value.detail == code
        else:
            self.ledger.answer_review(review.id, digest, said, person, "", self.now)
            review.status, review.answer, review.by = "answered", said, person
            ticket.said = said if said in ("approve", "reject") else ticket.said
        if code in ("", "expired") and review.status != "void":
            self._work_again(ticket, review, code)

    def _refused(self, review: ModelReview, digest: str) -> str:
        if review.status != "open":
            return "already_answered" if review.status == "answered" else review.status
        if review.digest != digest:
            return "digest"
        return "expired" if self.now >= review.deadline else ""

    def _work_again(self, ticket: ModelTicket, review: ModelReview, code: str) -> None:
        if code == "expired" and review.status == "open":
            review.status = "expired"
            ticket.status = "received"
        elif not code:
            ticket.status = "received"

    @rule(hours=st.sampled_from((0.5, 1, 20, 80)))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def expire(self) -> None:
        """Closes just the open questions whose deadline has come."""
        late = {
            ticket.ref.id: (ticket, ticket.open_review)
            for ticket in self.tickets
            if ticket.open_review is not None and self.now >= ticket.open_review.deadline
        }
        assert set(self.ledger.expire_reviews(self.now)) == set(late)
        for ticket, review in late.values():
            review.status, ticket.status = "expired", "received"

    @rule(kind=st.sampled_from(("*", "refund", "cancel_order")), lift=st.booleans())
    def halt(self, kind: str, lift: bool) -> None:
        if lift:
            assert self.ledger.unhalt(kind, "ines", self.now) == (kind in self.halts)
            self.halts.discard(kind)
        else:
            assert self.ledger.halt(kind, "ines", "", self.now) == (kind not in self.halts)
            self.halts.add(kind)

    @rule(which=st.integers(0, MOST_TICKETS - 1))
    def carry_out(self, which: int) -> None:
        """Claimed only under a living grant and where nothing is stopped; once."""
        ticket = self._ticket(which)
        granted = self.ledger.next_granted(ticket.ref)
        assert (granted is None) == (ticket.grant is None)
        if granted is None or ticket.grant is None:
            return
        found = claim(self.ledger, granted, self.now, answer="allow")
        if isinstance(found, Refusal):
            assert found.code == ("claim.expired" if self.now >= ticket.grant else "claim.halted")
            assert self.now >= ticket.grant or self.halts & {"*", "refund"}
            return
        assert self.now < ticket.grant
        assert not self.halts & {"*", "refund"}
        self._settle(ticket, found)

    def _settle(self, ticket: ModelTicket, found: Claim) -> None:
        self.ledger.settle(found, receipt(found, AMOUNT), self.now)
        ticket.grant, ticket.done, ticket.effects = None, True, ticket.effects + 1
        again = self.ledger.next_granted(ticket.ref)
        assert again is None

    @rule(which=st.integers(0, MOST_TICKETS - 1))
    def end(self, which: int) -> None:
        ticket = self._ticket(which)
        self.ledger.record_outcome(ticket.ref, Outcome(kind="closed"), self.now)
        if not ticket.ended:
            ticket.void()
            ticket.ended, ticket.status = True, "closed"

    @rule(which=st.integers(0, MOST_TICKETS - 1), write=st.sampled_from(("answer", "halt", "expire", "allow")))
    def crash_inside_a_commit(self, which: int, write: str) -> None:
        """Nothing of a write that did not commit is there afterwards."""
        ticket, self.crash = self._ticket(which), True
        review = ticket.open_review
        try:
            if write == "answer" and review is not None:
                self.ledger.answer_review(review.id, review.digest, "approve", "alice", "", self.now)
            elif write == "expire":
                self.ledger.expire_reviews(self.now)
            elif write == "allow":
                self._rule(ticket, "allow", "policy")
            else:
                self.ledger.halt("send_reply", "ines", "", self.now)
        except (CrashError, RejectedError):
            pass
        self.crash = False
        self.ledger.close()
        self.ledger = self._open()

    def _ticket(self, which: int) -> ModelTicket:
        return self.tickets[which % len(self.tickets)]

    @invariant()
    def they_agree(self) -> None:
        for expected in getattr(self, "tickets", []):
            ticket = self.ledger.ticket(expected.ref.id)
            assert ticket is not None
            assert (ticket.turn, ticket.status) == (expected.turn, expected.status)
            assert self.ledger.effects_on("refund", f"order/FH-{expected.number}") == expected.effects
            for review in expected.reviews:
                kept = self.ledger.review_shown(expected.ref.id, review.digest)
                assert kept is not None
                assert (kept.status, kept.answer, kept.by) == (review.status, review.answer, review.by)
        for kind in ("refund", "cancel_order"):
            halts = getattr(self, "halts", set[str]())
            assert not hasattr(self, "ledger") or self.ledger.halted(kind) == bool(halts & {"*", kind})


def test_reviews_and_halts_agree_with_the_model(tmp_path: Path) -> None:
    """Asking, answering, granting, expiring, halting, carrying out, ending, crashing and reopening, in any order."""
    from hypothesis.stateful import run_state_machine_as_test

    ledger = new_ledger(tmp_path)
    ledger.close()
    ReviewsAndModel.made = tmp_path / "ledger.db"
    limits = settings(
        max_examples=20,
        stateful_step_count=40,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(ReviewsAndModel, settings=limits)
