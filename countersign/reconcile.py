"""What start-up puts right: effects in doubt are settled, tickets that a crash left behind are named."""

from dataclasses import dataclass

from countersign.adapters.locks import TicketLocks
from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.outcome import Effect
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from nodes.act.answer import known_person


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
            if ours and deps.gateway.settle_doubt(effect, deps):
                settled += 1
            elif ours:
                unknown.append(effect.id)
    expired = deps.ledger.expire_reviews(deps.clock.now())
    return Reconciled(settled=settled, unknown=tuple(unknown), expired=expired, unfinished=deps.ledger.unfinished())


def settle_by_word(effect: str, happened: bool, person: str, deps: Deps, locks: TicketLocks) -> Effect:
    """Settles an unknown effect as a person found it, and answers it as it was; the system of record is asked first.

    Raises RejectedError: `rejected.unknown_person`, `rejected.not_unknown` where it is settled, now or before,
    `rejected.busy` where another process has its ticket; MisuseError (`misuse.effect`) where it is not in doubt.
    """
    doubtful = {one.id: one for one in deps.ledger.in_doubt()}
    found = doubtful.get(effect)
    if found is None:
        hint = "countersign reconcile names those that are"
        raise MisuseError("no effect of that id is in doubt", where=effect, hint=hint, detail="effect")
    who = known_person(found.ticket, person, deps)
    with locks.held(found.ticket) as ours:
        if not ours:
            raise RejectedError("another process has its ticket", where=found.ticket, hint="try again", detail="busy")
        if deps.gateway.settle_doubt(found, deps):
            text = "the system of record could tell, and what it says counts"
            raise RejectedError(text, where=effect, hint=f"see countersign show {found.ticket}", detail="not_unknown")
        deps.ledger.settle_by_word(effect, happened, who.id, deps.clock.now())
    return found
