"""The null gateway: what happened then is written into the scratch ledger, and nothing happens now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from countersign.domain.errors import ReplayMismatchError
from countersign.domain.outcome import Claim, Granted, Progress, Receipt, Refusal
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import Decision, Judged
from countersign.ledger import SqlLedger
from countersign.ledger.recording import Recording
from countersign.ledger.rows import Row
from countersign.ledger.schema import effects, verdicts
from countersign.ports import Deps

SUPPOSED = "nothing was carried out"
"""The reference of a receipt that a fork only supposes."""


class EndOfRecordError(ReplayMismatchError):
    """The record of the turn ends here: a newer message, a crash or a fault ended it."""


@dataclass
class RecordedGateway:
    """`ports.Gateway` over a record: each step repeats what became of the next grant, from its recorded receipt.

    With `supposing`, a grant that was never used counts as carried out, under a receipt that says it was not.
    """

    record: Recording
    ledger: SqlLedger
    supposing: bool = False

    def step(self, ref: TicketRef, deps: Deps) -> Progress:
        """See `ports.Gateway`. Raises EndOfRecordError where no more is recorded of the turn."""
        granted = deps.ledger.next_granted(ref)
        if granted is None:
            return self._stopped(ref, deps.ledger.progress(ref))
        row = self._recorded(granted.proposal_id)
        if row is not None and row["status"] != "started":
            self._repeat(granted, row)
            return self._stopped(ref, deps.ledger.progress(ref), only_named=True)
        if self.supposing:
            self._suppose(granted, deps.clock.now())
            return deps.ledger.progress(ref)
        progress = self._stopped(ref, deps.ledger.progress(ref))
        if not progress.problem:
            raise EndOfRecordError("nothing is recorded of what came of a grant", detail="end")
        return progress

    def settle_later(self, effect: str) -> None:
        """What was found out later about an effect in doubt."""
        row = next(row for row in self.record.effects if row["id"] == effect)
        with self.ledger.file.reading() as connection:
            same = (effects.c.proposal == row["proposal"], effects.c.status == "unknown")
            name = connection.scalar(sa.select(effects.c.id).where(*same))
        if name is not None:
            self._settle(self.ledger.take_over(name, row["settled_at"]), row, row["status"])

    def _recorded(self, proposal: str) -> Row | None:
        """The recorded effect that comes next for a proposal: an effect that failed for good may have a second."""
        rows = [row for row in self.record.effects if row["proposal"] == proposal]
        with self.ledger.file.reading() as connection:
            known = sa.select(sa.func.count()).where(effects.c.proposal == proposal)
            place = connection.scalar(known) or 0
        return rows[place] if place < len(rows) else None

    def _repeat(self, granted: Granted, row: Row) -> None:
        claim = self.ledger.claim(granted, _as_granted(granted), row["started_at"])
        if isinstance(claim, Refusal):
            raise ReplayMismatchError(f"{claim.code}: {claim.text}", detail="claim")
        self._settle(claim, row, self.record.ended_as(row["id"]))

    def _settle(self, claim: Claim, row: Row, status: str) -> None:
        when = row["settled_at"] or row["started_at"]
        if status == "done":
            receipt = Receipt.model_validate_json(row["receipt"])
            self.ledger.settle(claim, receipt.model_copy(update={"key": claim.key}), when)
        else:
            self.ledger.fail(claim, status, row["problem"] or "not known then", when)

    def _suppose(self, granted: Granted, now: datetime) -> None:
        claim = self.ledger.claim(granted, _as_granted(granted), now)
        if isinstance(claim, Refusal):
            raise ReplayMismatchError(f"{claim.code}: {claim.text}", detail="claim")
        args = cast("Mapping[str, Any]", granted.proposal.args)
        receipt = Receipt(
            key=claim.key, reference=SUPPOSED, at=now, amount=args.get("amount"), currency=args.get("currency")
        )
        self.ledger.settle(claim, receipt, now)

    def _stopped(self, ref: TicketRef, progress: Progress, *, only_named: bool = False) -> Progress:
        """The progress with what stopped the execution then, which the verdict after it tells."""
        if only_named and not progress.problem:
            return progress
        with self.ledger.file.reading() as connection:
            same = (verdicts.c.ticket == ref.id, verdicts.c.turn == ref.turn)
            made = connection.scalar(sa.select(sa.func.count()).where(*same).select_from(verdicts)) or 0
        problem = self.record.stop_before(ref.turn, made)
        return progress.model_copy(update={"problem": problem}) if problem else progress


def _as_granted(granted: Granted) -> Judged:
    """Nothing has changed since the grant: that an effect was claimed then is on record."""
    grant = granted.grant
    return Judged(
        proposal=granted.proposal_id, decision=Decision(answer="allow", rules=(), policy=""), context={},
        version=grant.version, contract=grant.contract,
    )  # fmt: skip
