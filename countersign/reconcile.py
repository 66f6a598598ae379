"""What start-up puts right: effects in doubt are settled, tickets that a crash left behind are named."""

from dataclasses import dataclass

from countersign.adapters.locks import TicketLocks
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from tools.gateway import settle_doubt


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What reconciling came to."""

    settled: int = 0
    """Effects in doubt that the system of record could tell about."""
    unknown: tuple[str, ...] = ()
    """Effects that nobody can tell about but a person."""
    expired: tuple[str, ...] = ()
    """Tickets whose question nobody answered in time; they are among the unfinished ones."""
    unfinished: tuple[TicketRef, ...] = ()
    """Tickets that have to run."""


def reconcile(deps: Deps, locks: TicketLocks) -> Reconciled:
    """Settles every effect in doubt with its system of record, and closes questions whose deadline has come.

    Running it twice changes nothing.
    An effect whose ticket another process is running is no doubt of ours.
    """
    settled = 0
    unknown: list[str] = []
    for effect in deps.ledger.in_doubt():
        with locks.held(effect.ticket) as ours:
            if ours and settle_doubt(effect, deps):
                settled += 1
            elif ours:
                unknown.append(effect.id)
    expired = deps.ledger.expire_reviews(deps.clock.now())
    return Reconciled(settled=settled, unknown=tuple(unknown), expired=expired, unfinished=deps.ledger.unfinished())
