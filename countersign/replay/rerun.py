"""Runs one ticket again: what came from outside is entered as it came, what the desk made of it is compared."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from countersign.domain.errors import CountersignError, StorageError, code_of
from countersign.domain.ticket import TicketRef
from countersign.ledger import scratch
from countersign.ledger.recording import Recording
from countersign.ledger.rows import Row
from countersign.replay import decided
from countersign.replay.causes import Step, causes, changes, used
from countersign.replay.compare import difference, wrote
from countersign.replay.effects import EndOfRecordError
from countersign.replay.found import Cause, Difference, Divergence
from countersign.replay.playback import UnrecordedError
from countersign.replay.stage import Stage
from countersign.replay.steps import Kept, has_more, met_again

_FAILED = "the desk failed: "
"""How the reason of an outcome begins that an error made; see `countersign.runtime`."""


class DivergedError(Exception):
    """The ticket came to something else; replaying ends here."""

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(divergence.node)
        self.divergence = divergence


class NotKeptError(Exception):
    """What replaying the ticket needs was thrown away."""


class ReachedError(Exception):
    """The step was reached at which a fork begins."""


@dataclass
class Rerun:
    """One ticket on its stage, compared step by step with the record, and turn by turn where its steps are gone."""

    record: Recording
    stage: Stage
    steps: Sequence[Kept]
    today: Mapping[str, str]
    """What is in use now, by name and digest."""
    until: int = 0
    """The number of the step at which to stop; 0 for none."""
    ran: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    turns: int = 0
    turn: int = 1
    facts: list[Cause] = field(default_factory=list[Cause])
    """Facts that are other now and made no difference."""
    _left: list[Kept] = field(default_factory=list[Kept])
    _pending: bool = False
    _restarted: set[int] = field(default_factory=set[int])

    def play(self) -> None:
        """Raises DivergedError at the first difference, NotKeptError where the record is not whole any more."""
        with self.stage.ledger.file.writing("replay") as connection:
            scratch.open_ticket(connection, self.record.ticket)
        self._restarted = {_turn(body) for event, body in self.record.events if event == "turn.restarted"}
        for (event, body), row in zip(self.record.events, self.record.audit, strict=True):
            enter = _FROM_OUTSIDE.get(event)
            if enter is not None:
                enter(self, body, row)
            elif event in ("verdict.recorded", "outcome.recorded"):
                self._decided(event, body)

    def changed(self) -> tuple[Cause, ...]:
        """What the ticket was handled with that is other now; what made a difference is not known here."""
        parts: dict[str, str] = {}
        for content in self.record.parts.values():
            parts = {**content, **parts}
        names = used((node, wrote(update)) for node, update in self.ran)
        return tuple(dict.fromkeys((*changes(names, parts, self.today), *self.facts)))

    # What came from outside.

    def accept(self, body: Mapping[str, Any], _row: Row) -> None:
        """A message."""
        message = next(row for row in self.record.inbox if row["key"] == body["key"])
        with self.stage.ledger.file.writing("replay") as connection:
            begins = scratch.accept(connection, message)
        self.turn, self._pending = message["turn"], self._pending or begins
        self.stage.clock.time = message["received_at"]

    def answer(self, body: Mapping[str, Any], _row: Row) -> None:
        """A person's answer."""
        review = self._review(body)
        signed = [row for row in self.record.signatures if row["review"] == review["id"]]
        with self.stage.ledger.file.writing("replay") as connection:
            scratch.answer(connection, review, signed)
        self._pending, self.stage.clock.time = True, review["at"]

    def expire(self, body: Mapping[str, Any], _row: Row) -> None:
        """A deadline that came."""
        with self.stage.ledger.file.writing("replay") as connection:
            scratch.expire(connection, self._review(body))
        self._pending = True

    def reopen(self, body: Mapping[str, Any], row: Row) -> None:
        """A turn that a person began."""
        self.turn, self._pending = _turn(body), True
        self.stage.clock.time = datetime.fromisoformat(row["at"])
        with self.stage.ledger.file.writing("replay") as connection:
            scratch.reopen(connection, self.record.id, self.turn, self.stage.clock.time)

    def settle(self, body: Mapping[str, Any], _row: Row) -> None:
        """What was found out about an effect in doubt."""
        self.stage.gateway.settle_later(str(body["effect"]))

    # What the desk made of it.

    def _decided(self, event: str, body: Mapping[str, Any]) -> None:
        turn = _turn(body)
        if turn == self.turn and self._pending:
            self._pending = False
            self._run(TicketRef(id=self.record.id, turn=turn))
        outcome = self.record.outcome_of(turn)
        if event == "outcome.recorded" and outcome is not None and not self._has_ended(turn):
            with self.stage.ledger.file.writing("replay") as connection:
                scratch.end(connection, outcome)

    def _run(self, ref: TicketRef) -> None:
        """One stretch of a turn: from what came in to its end or its question."""
        first = not self._left or self._left[0].turn != ref.turn
        self._begin(ref.turn, first)
        try:
            for node, update in self.stage.steps(ref, one_by_one=bool(self.until)):
                self._took(node, update)
        except EndOfRecordError:
            pass
        except (DivergedError, NotKeptError, ReachedError):
            raise
        except Exception as error:  # noqa: BLE001  whatever today's code raises is what the ticket comes to
            self._failed(error)
            return
        self._compare_turn(ref.turn)

    def _begin(self, turn: int, first: bool) -> None:
        if self._needs_journal(turn) and not self.record.journal_of(turn):
            raise NotKeptError(f"what turn {turn} read is not kept any more")
        if turn > self.turns:
            self.turns = turn
            self.stage.playback.begin(turn)
            own = [step for step in self.steps if step.turn == turn]
            whole = bool(own) and own[0].node == "receive" and turn not in self._restarted
            self._left = list(met_again(own)) if first and whole else []
        verdicts = self.record.verdicts_of(turn)
        if verdicts and not self.stage.playback.knows("authorize"):
            self.stage.clock.time = verdicts[0]["at"]

    def _needs_journal(self, turn: int) -> bool:
        """Whether the turn read anything: one of automatic mail alone does not, one that failed may not have."""
        own = [row for row in self.record.inbox if row["turn"] == turn]
        if own and all(row["automatic"] for row in own):
            return False
        outcome = self.record.outcome_of(turn)
        reason = str(json.loads(outcome["outcome"]).get("reason", "")) if outcome is not None else ""
        return not reason.startswith(_FAILED)

    def _took(self, node: str, update: Mapping[str, Any]) -> None:
        self.ran.append((node, update))
        facts, self.stage.playback.facts = self.stage.playback.facts, []
        more = node == "execute" and has_more(update)
        kept = self._left.pop(0) if self._left and not more else None
        if kept is not None:
            if kept.node != node:
                said = Difference(path="the next step", then=kept.node, now=node)
                raise DivergedError(self._divergence(self._before(), {}, {}, said, facts, kept, other_way=True))
            then, now = wrote(kept.wrote), wrote(update)
            if found := difference(then, now):
                raise DivergedError(self._divergence(node, then, now, found, facts, kept))
        self.facts += facts
        if node == "authorize":
            self._show_time_of_verdict()
        if self.until and kept is not None and kept.number >= self.until:
            raise ReachedError

    def _show_time_of_verdict(self) -> None:
        """The ledger names a verdict after its deadlines, and a review after its verdict."""
        place = len(decided.verdicts(self.stage.ledger, self.record.id, self.turn))
        found = self.record.verdicts_of(self.turn)[place : place + 1]
        if found:
            self.stage.clock.time = found[0]["at"]

    def _failed(self, error: Exception) -> None:
        """A step that ends in an error now: the same then, the end of what is recorded, or a divergence."""
        code = code_of(error)
        if isinstance(error, StorageError):
            raise NotKeptError(str(error)) from error
        outcome = self.record.outcome_of(self.turn)
        reason = str(json.loads(outcome["outcome"]).get("reason", "")) if outcome is not None else ""
        if reason == _FAILED + code or (reason.startswith(_FAILED) and isinstance(error, UnrecordedError)):
            return
        if isinstance(error, UnrecordedError) and not self._went_on():
            return
        node = self.stage.next_node()
        kept = self._left[0] if self._left else None
        text = error.message if isinstance(error, CountersignError) else f"it fails: {code}"
        said = Difference(path="", then="it went on", now=text)
        then = wrote(kept.wrote) if kept else {}
        raise DivergedError(self._divergence(node, then, {}, said, self.stage.playback.facts, kept)) from error

    def _went_on(self) -> bool:
        """Whether then the turn came further than now."""
        made = len(decided.verdicts(self.stage.ledger, self.record.id, self.turn))
        ended = self.record.outcome_of(self.turn) is not None
        return bool(self._left) or len(self.record.verdicts_of(self.turn)) > made or ended

    def _compare_turn(self, turn: int) -> None:
        """What the ledgers say of the turn; the thread's steps may be gone, or be another run's."""
        found = decided.compared(self.record, self.stage.ledger, turn, restarted=turn in self._restarted)
        if found is None:
            return
        node, then, now, said = found
        raise DivergedError(self._divergence(node, then, now, said, self.facts, None))

    def _divergence(
        self,
        node: str,
        then: Mapping[str, Any],
        now: Mapping[str, Any],
        said: Difference,
        facts: Sequence[Cause],
        kept: Kept | None,
        *,
        other_way: bool = False,
    ) -> Divergence:
        parts = self.record.parts.get(self.stage.playback.parts, {})
        requests = tuple(self._requests())
        step = Step(node=node, then=dict(then), now=dict(now), requests=requests, other_way=other_way)
        return Divergence(
            turn=self.turn, step=kept.number if kept else 0, node=node, difference=said,
            causes=causes(step, parts, self.today, facts),
        )  # fmt: skip

    def _requests(self) -> list[str]:
        named: list[Any] = [update.get("triage") for node, update in self.ran if node == "triage"]
        return [str(intent.request) for intent in named[-1].intents] if named and named[-1] else []

    def _before(self) -> str:
        """The node whose answer led here."""
        return self.ran[-2][0] if len(self.ran) > 1 else self.ran[-1][0]

    def _has_ended(self, turn: int) -> bool:
        return decided.outcome(self.stage.ledger, self.record.id, turn) is not None

    def _review(self, body: Mapping[str, Any]) -> Row:
        return next(row for row in self.record.reviews if row["id"] == body["review"])


def _turn(body: Mapping[str, Any]) -> int:
    return int(body["turn"])


_FROM_OUTSIDE: Mapping[str, Callable[[Rerun, Mapping[str, Any], Row], None]] = {
    "message.accepted": Rerun.accept,
    "review.answered": Rerun.answer,
    "review.expired": Rerun.expire,
    "ticket.reopened": Rerun.reopen,
    "effect.done": Rerun.settle,
    "effect.failed": Rerun.settle,
}
