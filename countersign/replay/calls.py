"""Model calls of a replay: what was answered then is answered again, and nothing else is asked unless a fork may."""

from datetime import datetime

from countersign.domain.model import Budget, Cost, ModelCall, Reserved
from countersign.ledger import SqlLedger
from countersign.ledger.calls import SqlCalls
from countersign.replay.playback import Playback, UnrecordedError


class RecordedCalls(SqlCalls):
    """The book of model calls over a record; what a fork asks anew is written to the scratch ledger alone."""

    def __init__(self, ledger: SqlLedger, playback: Playback) -> None:
        super().__init__(ledger)
        self._playback = playback

    def recall(self, ticket: str, step: str, request: str) -> str | None:
        """See `ports.Journal`."""
        return self._playback.recall(ticket, step, request)

    def record(self, ticket: str, step: str, request: str, method: str, answer: str, parts: str = "") -> None:
        """See `ports.Journal`."""
        self._playback.record(ticket, step, request, method, answer, parts)

    def reserve(self, call: ModelCall, most: Cost, budgets: tuple[Budget, Budget], now: datetime) -> Reserved:
        """Raises UnrecordedError where nothing may be asked anew."""
        if not self._playback.free:
            raise UnrecordedError(f"the {call.tier} model was not asked that then", detail="unrecorded")
        return super().reserve(call, most, budgets, now)
