"""Labels: people say what a ticket asks, with an answer to a review or by itself."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from countersign.domain.desk import Desk
from countersign.domain.errors import SettingsError, StorageError
from countersign.domain.learning import Label, LabelSource
from countersign.domain.perception import Perception
from countersign.domain.state import TicketState
from countersign.domain.ticket import TicketRef
from countersign.ledger import labels
from countersign.triage.learning import label_text
from nodes.act.answer import known_person
from nodes.perceive.redact import redact

if TYPE_CHECKING:
    from countersign.runtime import Runtime

NONE = "none"
"""What a person says where no request covers the message."""


def label(runtime: "Runtime", ticket_id: str, requests: Sequence[str], person: str, turn: int = 0) -> Label:
    """Keeps a person's word on what a turn asks (the last in which somebody wrote, where none is named).

    `requests` are ids, or `none` alone. The same word twice changes nothing; another one takes its place.
    Raises what `prepared` raises.
    """
    return labels.add(runtime.ledger, prepared(runtime, ticket_id, requests, person, turn, "label"))


def prepared(
    runtime: "Runtime", ticket_id: str, requests: Sequence[str], person: str, turn: int, source: LabelSource
) -> Label:
    """The label as it would be kept; nothing has changed.

    Raises SettingsError for an unknown request or turn, RejectedError (`rejected.unknown_person`), StorageError for an
    unknown ticket.
    """
    named = checked(requests, runtime.deps.desk)
    ticket = runtime.ticket(ticket_id)
    written = [row.turn for row in runtime.ledger.inbox(ticket.id) if row.automatic is None]
    ref = TicketRef(id=ticket.id, turn=turn or max(written, default=ticket.turn))
    who = known_person(ticket.id, person, runtime.deps)
    read = read_turn(runtime, ref)
    if read is None:
        hint = f"see countersign show {ref.id}"
        raise SettingsError(f"nobody wrote anything in turn {ref.turn} of {ref.id}", where="--turn", hint=hint)
    return Label(
        id="", ticket=ref.id, turn=ref.turn, requests=named, text=label_text(read.subject, read.text),
        language=read.language, said=labels.said(runtime.ledger, ref), source=source, by=who.id,
        at=runtime.deps.clock.now(),
    )  # fmt: skip


def checked(requests: Sequence[str], desk: Desk) -> tuple[str, ...]:
    """The requests without repeats. Raises SettingsError where the desk has no such request, or `none` has company."""
    named = tuple(dict.fromkeys(requests))
    for request in named:
        if request != NONE and request not in desk.requests:
            near = get_close_matches(request, desk.requests, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see requests/ of the desk, or say none"
            raise SettingsError(f"there is no request `{request}`", where="REQUEST", hint=hint)
    if not named or (NONE in named and len(named) > 1):
        raise SettingsError("name one request or several, or none alone", where="REQUEST")
    return named


def read_turn(runtime: "Runtime", ref: TicketRef) -> Perception | None:
    """What a turn's messages say, redacted; None where there are none, or they were removed."""
    rows = tuple(row for row in runtime.ledger.inbox(ref.id) if row.turn <= ref.turn)
    if not any(row.turn == ref.turn and row.automatic is None for row in rows):
        return None
    try:
        read = redact(TicketState(ticket=ref, inbox=rows), deps=runtime.deps).get("perception")
    except StorageError:
        return None
    return read if read and read.messages else None
