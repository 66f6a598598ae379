"""The ledger against a model of plain values, driven by Hypothesis: whatever the order, they agree."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from countersign.domain.errors import RejectedError
from countersign.domain.outcome import Claim, Outcome, OutcomeKind
from countersign.domain.plan import Proposal
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import Answer
from countersign.ledger import SqlLedger, open_ledger
from countersign.ledger.check import check_ledger
from tests.unit.ledger_cases import NOW, accept, claim, message, new_ledger, receipt, refund, ruling

CEILING = 5000
ORDERS = ("FH-10001",)
MOST_TICKETS = 4
"""Few tickets, so that something comes of each."""


class CrashError(BaseException):
    """The process is gone."""


@dataclass
class ModelEffect:
    """What the model knows of an effect."""

    ticket: str
    turn: int
    order: str
    slot: int
    amount: int
    claim: Claim
    status: str = "started"
    attempts: int = 1

    @property
    def counts(self) -> bool:
        return self.status in ("started", "done", "unknown")

    @property
    def holds_key(self) -> bool:
        return self.counts or self.status == "again"


@dataclass
class ModelProposal:
    """What the model knows of a proposal of the current turn."""

    order: str
    amount: int
    slot: int
    status: str = "proposed"
    granted: bool = False
    effect: ModelEffect | None = None

    def give_up(self) -> None:
        """Whatever waits for another try does not get one, and an unused grant is void."""
        self.granted = False
        if self.effect and self.effect.status == "again":
            self.effect.status = "failed"


@dataclass
class ModelTicket:
    """What the model knows of a ticket: its current turn, and what earlier ones left to be heard of."""

    turn: int = 1
    status: str = "received"
    plan: dict[tuple[str, int], ModelProposal] = field(default_factory=dict[tuple[str, int], ModelProposal])
    left: list[ModelProposal] = field(default_factory=list[ModelProposal])
    said: tuple[str, int, str] | None = None
    """The last ruling of the turn."""
    outcomes: dict[int, str] = field(default_factory=dict[int, str])

    def void(self, keep: ModelProposal | None = None) -> int:
        voided = 0
        for proposal in (*self.left, *self.plan.values()):
            if proposal is keep or proposal.status != "proposed" or (proposal.effect and proposal.effect.counts):
                continue
            proposal.give_up()
            proposal.status = "void"
            voided += 1
        return voided

    def stands(self, order: str, amount: int, answer: str) -> bool:
        """Whether the last ruling was this one, and what followed from it still holds."""
        if self.said != (order, amount, answer):
            return False
        if answer == "ask":
            return self.status == "waiting"
        proposal = self.plan[order, amount]
        return answer == "deny" or proposal.granted or (proposal.effect is not None and proposal.effect.counts)

    def next_one(self) -> ModelProposal | None:
        for proposal in self.plan.values():
            if proposal.status != "proposed" or (proposal.effect and proposal.effect.status == "done"):
                continue
            waits = proposal.effect is not None and proposal.effect.status == "again"
            return proposal if proposal.granted or waits else None
        return None


class LedgerAndModel(RuleBasedStateMachine):
    """Every step is done to both; every answer and every look must agree."""

    made: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.made, self.folder / "ledger.db")
        self.crash = False
        self.ledger = self._open()
        self.tickets: dict[str, ModelTicket] = {}
        self.effects: list[ModelEffect] = []
        self.delivered: dict[str, tuple[str, int]] = {}

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
        key = f"m{len(self.delivered)}"
        found = accept(self.ledger, message(key))
        assert (found.ticket, found.new, found.continued) == (f"CS-{1001 + len(self.tickets)}", True, False)
        self.tickets[found.ticket] = ModelTicket()
        self.delivered[key] = (found.ticket, 1)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.delivered)))
        found = accept(self.ledger, message(key))
        assert (found.ticket, found.turn, found.new) == (*self.delivered[key], False)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def follow_up(self, data: st.DataObject) -> None:
        name, ticket = self._some_ticket(data)
        key = f"m{len(self.delivered)}"
        found = accept(self.ledger, message(key, subject=name))
        assert found.voided == ticket.void()
        ticket.turn, ticket.status = ticket.turn + 1, "received"
        ticket.left += ticket.plan.values()
        ticket.plan, ticket.said = {}, None
        assert (found.ticket, found.turn) == (name, ticket.turn)
        self.delivered[key] = (name, ticket.turn)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), order=st.sampled_from(ORDERS), amount=st.sampled_from((1000, 2600, 2700)),
          answer=st.sampled_from(("allow", "ask", "deny")))  # fmt: skip
    def decide(self, data: st.DataObject, order: str, amount: int, answer: Answer) -> None:
        self._decide(*self._some_ticket(data), order, amount, answer)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), order=st.sampled_from(ORDERS), amount=st.sampled_from((1000, 2600, 2700)),
          tries=st.integers(1, 4),
          how=st.sampled_from(("", "done", "failed", "unknown", "retry")))  # fmt: skip
    def allow_and_carry_out(self, data: st.DataObject, order: str, amount: int, tries: int, how: str) -> None:
        """The usual way of things, so that few steps lead far."""
        name, ticket = self._some_ticket(data)
        self._decide(name, ticket, order, amount, "allow")
        for _ in range(tries):
            self._carry_out(name, ticket)
            if how and self.effects:
                self._hear_of(self.effects[-1], how)

    def _decide(self, name: str, ticket: ModelTicket, order: str, amount: int, answer: Answer) -> None:
        said = ruling(TicketRef(id=name, turn=ticket.turn), refund(order, amount), answer=answer, ceiling=CEILING)
        ended, known = ticket.turn in ticket.outcomes, ticket.stands(order, amount, answer)
        if ended and not known:
            with pytest.raises(RejectedError):
                self.ledger.record_verdict(TicketRef(id=name, turn=ticket.turn), said, NOW)
            return
        self.ledger.record_verdict(TicketRef(id=name, turn=ticket.turn), said, NOW)
        if not known:
            self._decided(ticket, order, amount, answer)

    def _decided(self, ticket: ModelTicket, order: str, amount: int, answer: str) -> None:
        ticket.said = (order, amount, answer)
        ticket.void(keep=ticket.plan.get((order, amount)))
        if (order, amount) not in ticket.plan:
            seen = sum(effect.counts for effect in self.effects if effect.order == order)
            ticket.plan[order, amount] = ModelProposal(order, amount, seen + 1)
        proposal = ticket.plan[order, amount]
        proposal.give_up()
        carried_out = proposal.effect is not None and proposal.effect.counts
        proposal.status = "denied" if answer == "deny" and not carried_out else "proposed"
        proposal.granted = answer == "allow" and not carried_out
        ticket.status = "waiting" if answer == "ask" else "received"

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def carry_out(self, data: st.DataObject) -> None:
        self._carry_out(*self._some_ticket(data))

    def _carry_out(self, name: str, ticket: ModelTicket) -> None:
        expected = ticket.next_one()
        granted = self.ledger.next_granted(TicketRef(id=name, turn=ticket.turn))
        assert (granted is None) == (expected is None)
        if granted is None or expected is None:
            return
        assert granted.proposal == refund(expected.order, expected.amount)
        assert granted.grant.slot == expected.slot
        found = claim(self.ledger, granted)
        assert isinstance(found, Claim) == self._may_happen(expected)
        if isinstance(found, Claim):
            self._started(name, ticket.turn, expected, found)

    def _may_happen(self, proposal: ModelProposal) -> bool:
        others = [effect for effect in self.effects if effect.order == proposal.order and effect is not proposal.effect]
        spent = sum(effect.amount for effect in others if effect.counts)
        taken = any(effect.slot == proposal.slot and effect.holds_key for effect in others)
        return not taken and spent + proposal.amount <= CEILING

    def _started(self, name: str, turn: int, proposal: ModelProposal, found: Claim) -> None:
        effect = proposal.effect
        if effect is not None and effect.status == "again":
            effect.status, effect.attempts, effect.claim = "started", effect.attempts + 1, found
            return
        proposal.granted = False
        proposal.effect = ModelEffect(name, turn, proposal.order, proposal.slot, proposal.amount, found)
        self.effects.append(proposal.effect)

    @precondition(lambda self: self.effects)
    @rule(data=st.data(), how=st.sampled_from(("done", "failed", "unknown", "retry")))
    def hear_of(self, data: st.DataObject, how: str) -> None:
        self._hear_of(data.draw(st.sampled_from(self.effects)), how)

    def _hear_of(self, effect: ModelEffect, how: str) -> None:
        before = effect.status
        ends = {"started": True, "unknown": True, "done": how == "done", "failed": how != "done"}
        problem = "the same problem"
        if before in ("again", "failed"):
            ends[before] = how in ("failed", "retry")  # the same word twice is no contradiction
        if not ends[before]:
            with pytest.raises(RejectedError):
                self._say(effect, how, problem)
            return
        self._say(effect, how, problem)
        if before in ("started", "unknown"):
            effect.status = self._ended(effect, how)

    def _say(self, effect: ModelEffect, how: str, problem: str) -> None:
        if how == "done":
            self.ledger.settle(effect.claim, receipt(effect.claim, effect.amount), NOW)
        else:
            self.ledger.fail(effect.claim, how, problem, NOW)

    def _ended(self, effect: ModelEffect, how: str) -> str:
        if how != "retry":
            return how
        ticket = self.tickets[effect.ticket]
        goes_on = ticket.turn == effect.turn and effect.turn not in ticket.outcomes
        return "again" if goes_on and effect.attempts < 3 else "failed"

    @precondition(lambda self: self.in_doubt())
    @rule(data=st.data())
    def take_over(self, data: st.DataObject) -> None:
        effect = data.draw(st.sampled_from(self.in_doubt()))
        zombie, effect.claim = effect.claim, self.ledger.take_over(effect.claim.effect, NOW)
        with pytest.raises(RejectedError):
            self.ledger.settle(zombie, receipt(zombie, effect.amount), NOW)

    def in_doubt(self) -> list[ModelEffect]:
        return [effect for effect in self.effects if effect.status in ("started", "unknown")]

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), kind=st.sampled_from(("answered", "handed_over", "closed")))
    def end(self, data: st.DataObject, kind: OutcomeKind) -> None:
        name, ticket = self._some_ticket(data)
        self.ledger.record_outcome(TicketRef(id=name, turn=ticket.turn), Outcome(kind=kind), NOW)
        if ticket.turn not in ticket.outcomes:
            ticket.outcomes[ticket.turn] = ticket.status = kind
            ticket.void()

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = self._open()

    @rule(write=st.sampled_from(("accept", "verdict", "outcome", "halt")))
    def crash_inside_a_commit(self, write: str) -> None:
        self.crash = True
        with pytest.raises((CrashError, RejectedError)):
            self._write(write)
        self.crash = False
        self.reopen()

    def _write(self, write: str) -> None:
        if write == "accept" or not self.tickets:
            accept(self.ledger, message("never", subject=next(iter(self.tickets), "")))
        name, ticket = next(iter(self.tickets.items()))
        ref = TicketRef(id=name, turn=ticket.turn)
        if write == "verdict":
            self.ledger.record_verdict(ref, ruling(ref, _unlike_any()), NOW)
        if write == "outcome":
            self.ledger.record_outcome(ref, Outcome(kind="closed"), NOW)
        self.ledger.halt("*", "alice", "", NOW)

    def _some_ticket(self, data: st.DataObject) -> tuple[str, ModelTicket]:
        name = data.draw(st.sampled_from(sorted(self.tickets)))
        return name, self.tickets[name]

    @invariant()
    def tickets_agree(self) -> None:
        for name, expected in getattr(self, "tickets", {}).items():
            ticket = self.ledger.ticket(name)
            assert ticket is not None
            assert (ticket.turn, ticket.status) == (expected.turn, expected.status)
            wanted = {p.order: p for p in expected.plan.values() if p.status != "void"}
            assert len(self.ledger.proposals(TicketRef(id=name, turn=expected.turn))) == sum(
                p.status != "void" for p in expected.plan.values()
            )
            assert {p.target for p in self.ledger.proposals(TicketRef(id=name, turn=expected.turn))} == {
                f"order/{order}" for order in wanted
            }

    @invariant()
    def effects_agree(self) -> None:
        effects = getattr(self, "effects", [])
        doubtful = {effect.claim.effect for effect in effects if effect.status in ("started", "unknown")}
        assert {effect.id for effect in getattr(self, "ledger", _Nothing()).in_doubt()} == doubtful
        for order in ORDERS if effects else ():
            counted = [effect for effect in effects if effect.order == order and effect.counts]
            assert self.ledger.effects_on("refund", f"order/{order}") == len(counted)
            assert sum(effect.amount for effect in counted) <= CEILING
            assert len({effect.slot for effect in counted}) == len(counted)


class _Nothing:
    def in_doubt(self) -> tuple[()]:
        return ()


def _unlike_any() -> Proposal:
    """A proposal that no other step makes."""
    return refund(amount=1)


def test_ledger_agrees_with_the_model(tmp_path: Path) -> None:
    """Accepting, ruling, claiming, settling, failing, ending, crashing and reopening, in any order."""
    from hypothesis.stateful import run_state_machine_as_test

    ledger = new_ledger(tmp_path)
    ledger.close()
    LedgerAndModel.made = tmp_path / "ledger.db"
    limits = settings(
        max_examples=40,
        stateful_step_count=40,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(LedgerAndModel, settings=limits)
