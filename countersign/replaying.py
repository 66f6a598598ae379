"""Replays and forks of a desk: from an open one, or over its files alone, which stay as they are."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.strict import enable_strict, require_strict
from countersign.domain.errors import RejectedError
from countersign.domain.review import Edit, EditedProposal
from countersign.settings import Settings
from countersign.spans import UNTRACED

if TYPE_CHECKING:
    from countersign.display.replays import ForkView
    from countersign.domain.ticket import Ticket
    from countersign.replay.replayer import Replayer
    from countersign.replay.steps import Kept
    from countersign.runtime import Runtime


def replayer_of(runtime: "Runtime", *, live: bool = False) -> "Replayer":
    """Replays with an open desk's parts, from its ledger; what runs again leaves no span in the ticket's trace."""
    from countersign.compose import todays_parts, triage_digest
    from countersign.replay.replayer import Replayer

    deps = replace(runtime.deps, tracer=UNTRACED)
    return Replayer(
        deps, runtime.ledger, runtime.settings.checkpoint_file, todays_parts(deps), triage_digest(deps.triage), live
    )


def read_history(settings: Settings, ticket_id: str) -> "tuple[Kept, ...]":
    """The steps of a ticket's thread, from files that stay as they are. Raises StorageError where there is none."""
    enable_strict()
    require_strict()
    from countersign.ledger.read import view
    from countersign.ledger.rows import ticket_row
    from countersign.replay.replayer import thread_steps

    with view(settings.ledger_file) as connection:
        ticket_row(connection, ticket_id)
    return thread_steps(settings.checkpoint_file, ticket_id)


@contextmanager
def open_replayer(settings: Settings, *, live: bool = False, asks: bool = False) -> "Generator[Replayer]":
    """Replays over a desk's files: ledger, threads, shop and outbox are not changed, nor a crash's logs put back.

    With `live` facts are looked up now; `asks` lets a fork look up what was not asked then.
    Raises SettingsError, DeskError or StorageError where something is wrong.
    """
    enable_strict()
    require_strict()
    from countersign.compose import compose_dry, todays_parts, triage_digest
    from countersign.replay.replayer import Replayer

    with ExitStack() as stack:
        deps = compose_dry(settings, stack, shop=live or asks)
        digest = triage_digest(deps.triage)
        yield Replayer(deps, settings.ledger_file, settings.checkpoint_file, todays_parts(deps), digest, live)


def propose(runtime: "Runtime", fork: "ForkView", person: str) -> "Ticket":
    """Puts what a fork came to before the live ticket as that person's edit: it goes through policy and review as any.

    Raises RejectedError: `rejected.not_asked` where nobody is asked about the ticket in that turn, and what
    `countersign.review.answer` raises.
    """
    from countersign.review import answer

    found, ticket = fork.fork, runtime.ticket(fork.fork.ticket)
    review = runtime.ledger.review(ticket.id, ticket.turn)
    if review is None or review.status != "open" or ticket.turn != found.turn:
        raise RejectedError(
            f"{ticket.id} asks nobody anything in turn {found.turn}: a fork takes the place of an open question",
            hint=f"countersign reopen {ticket.id}, then fork the new turn" if ticket.status != "waiting" else "",
            detail="not_asked",
        )
    return answer(runtime, ticket.id, _edit(found.state, found.changed), person, review.digest)


def _edit(state: Mapping[str, object], changed: Mapping[str, object]) -> Edit:
    """The fork's proposals and reply as a person's edit."""
    from typing import cast

    from countersign.domain.state import TicketState
    from nodes.act.planned import all_proposals, drafted

    there = cast("TicketState", state)
    draft = drafted(there)
    proposals = tuple(EditedProposal(kind=one.kind, target=one.target, args=one.args) for one in all_proposals(there))
    return Edit(
        proposals=proposals,
        subject=draft.subject if draft else None,
        body=draft.body if draft else None,
        note=f"from a fork: {', '.join(changed)}"[:2000],
    )
