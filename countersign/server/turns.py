"""What a run is to do: taking a message in, beginning a turn, or handing an answer to the question that waits."""

import asyncio
import io
import json
import uuid
from typing import TYPE_CHECKING

from countersign.domain.errors import RejectedError
from countersign.domain.ticket import Ticket, TicketRef
from countersign.intake import Taken, take
from countersign.server.bodies import Chat, NewRun, Wake, Written
from countersign.server.opened import OpenDesk
from countersign.server.refusal import Refused

if TYPE_CHECKING:
    from langgraph.types import StateSnapshot

Command = dict[str, object]


def take_in(desk: OpenDesk, written: Written, person: str) -> Taken:
    """Accepts a message into the ledger's inbox, through the same door as mail: nothing has run yet.

    A message over HTTP is signed by nobody; where `authenticated` is set, the person who hands it in vouches, and is
    named as its source. Raises Refused where it can't be a message: it is in quarantine then.
    """
    from countersign.adapters.mail import read_sources

    record = written.model_dump(by_alias=True) | {"id": written.id or uuid.uuid4().hex}
    line = io.BytesIO(json.dumps(record).encode())
    deps = desk.runtime.deps
    for item in read_sources(["-"], deps.blobs, deps.desk.settings.mail, line):
        taken = take(item.model_copy(update={"source": f"http, by {person}"}), deps)
        if taken.quarantined:
            raise Refused(422, taken.quarantined.code, f"this can't be a message: {taken.quarantined.reason}")
        return taken
    raise Refused(422, "input.empty", "there is no message in it")


async def prepare(desk: OpenDesk, ticket_id: str, run: NewRun, person: str) -> Command | None:
    """What the server's run is given as its command; None where it simply goes on from the thread's state.

    Raises Refused where the run would answer another question than the one that waits, or speak for somebody else.
    """
    try:
        async with desk.held(ticket_id):
            return await asyncio.to_thread(_prepared, desk, ticket_id, run, person)
    except RejectedError as error:
        raise Refused(409, error.full_code, error.message) from error


def _prepared(desk: OpenDesk, ticket_id: str, run: NewRun, person: str) -> Command | None:
    """An answer that a crash left on the thread is never recorded as that of whoever asks next."""
    if desk.runtime.ticket(ticket_id).status == "waiting":
        desk.runtime.drive_to_review(ticket_id)
    if run.command is not None:
        return _answered(desk, ticket_id, run, run.command)
    if isinstance(run.input, Chat | Written):
        _continue(desk, ticket_id, run.input, person)
    return _begun(desk, desk.runtime.ticket(ticket_id))


def _continue(desk: OpenDesk, ticket_id: str, said: Chat | Written, person: str) -> None:
    """The customer's next message; in a ticket's thread nobody but its customer is quoted."""
    sender = desk.runtime.ticket(ticket_id).sender
    if isinstance(said, Chat):
        message = said.messages[0]
        said = Written(sender=sender, text=message.text, id=message.id)
    if said.sender.strip().lower() != sender.lower():
        raise Refused(422, "rejected.sender", "the ticket has another sender: a new sender opens a ticket of their own")
    said = said.model_copy(update={"subject": f"{said.subject or 'Re:'} [{ticket_id}]"})
    if take_in(desk, said, person).ticket != ticket_id:
        raise Refused(409, "rejected.own_ticket", "the message became a ticket of its own")


def _begun(desk: OpenDesk, ticket: Ticket) -> Command | None:
    """Puts a new turn on the thread, typed, and stops before its first node; one that began goes on where it stands."""
    from langgraph.types import Command as Woken

    from checkpoints.start import start_of
    from countersign.runtime import thread_config

    ref, config = TicketRef(id=ticket.id, turn=ticket.turn), thread_config(ticket.id)
    if ticket.status != "received":
        return None
    start = start_of(desk.runtime.graph.get_state(config), ref)
    if isinstance(start, Woken):
        return {"resume": start.resume}
    if start is not None:
        desk.runtime.graph.invoke(start, config, durability="sync", interrupt_before="*")  # pyright: ignore[reportUnknownMemberType]  generics left open
    return None


def _answered(desk: OpenDesk, ticket_id: str, run: NewRun, wake: Wake) -> Command:
    """The answer, addressed to the question that waits. Whether it counts is decided when it is recorded.

    It must name the question, or the state in which it was shown: an answer to an old question is no answer.
    """
    from countersign.runtime import thread_config

    state = desk.runtime.graph.get_state(thread_config(ticket_id))
    if not state.interrupts:
        raise Refused(409, "rejected.not_waiting", _settled(desk, ticket_id))
    pending = state.interrupts[0].id
    answer = wake.answer(pending)
    if answer is None or (run.checkpoint is not None and run.checkpoint.checkpoint_id != _head(state)):
        raise Refused(409, "rejected.stale", "this answers another question than the one that waits: read it again")
    if run.checkpoint is None and isinstance(wake.resume, type(answer)):
        text = "name the question: resume by interrupt id, or send the checkpoint in which it was shown"
        raise Refused(422, "rejected.unnamed", text)
    return {"resume": {pending: answer.model_dump(mode="json")}}


def _head(state: "StateSnapshot") -> str:
    return str(state.config.get("configurable", {}).get("checkpoint_id", ""))


def _settled(desk: OpenDesk, ticket_id: str) -> str:
    """Who was faster, and when."""
    ticket = desk.runtime.ticket(ticket_id)
    review = desk.runtime.ledger.review(ticket_id, ticket.turn)
    if review is None or review.at is None:
        return "the ticket waits for nobody"
    return f"{review.by or 'nobody'} answered {review.answer or review.status} at {review.at.isoformat()}"
