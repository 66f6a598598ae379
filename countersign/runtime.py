"""The composition root: `open_runtime` builds the desk's parts and the compiled graph, and closes them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.strict import enable_strict, require_strict
from countersign.adapters.locks import TicketLocks
from countersign.display.replays import ForkView, History, Replays
from countersign.display.views import Inbox, ReviewView, TicketView, Timeline
from countersign.domain.errors import InputError
from countersign.domain.state import STATE_TYPES
from countersign.domain.ticket import TicketRef
from countersign.opening import Opening
from countersign.ports import Clock
from countersign.replaying import propose, replayer_of
from countersign.settings import Settings, read_settings
from countersign.turns import Turns
from countersign.turns import thread_config as thread_config

if TYPE_CHECKING:
    from langgraph.runtime import RunControl

    from countersign.batch import Summary
    from countersign.compose import Loaded
    from countersign.domain.erasure import Erased
    from countersign.domain.retention import Freed
    from countersign.domain.review import Reply
    from countersign.learning import TriageLearning

OnPoint = Callable[[str], None]
_MOST_TURNS_AT_ONCE = 8


class Runtime(Turns):
    """An open desk: its settings, its parts, the graph, and the files behind them."""

    __slots__ = ()

    def ask(self, text: str, *, sender: str, subject: str = "", authenticated: bool = False) -> TicketView:
        """Takes one message in and handles its ticket; `authenticated` vouches for the sender's address.

        A subject that names a ticket of the same sender (`Re: [CS-1001]`) continues it. Raises InputError where the
        text can't be a message; it is in quarantine then.
        """
        from countersign.intake import take, typed

        taken = take(typed(text, sender, subject, authenticated, self.deps), self.deps)
        if taken.quarantined:
            code = taken.quarantined.code.removeprefix("input.")
            raise InputError(taken.quarantined.reason, detail=code)
        return self.handle(taken.ticket)

    def run(self, sources: Sequence[str], *, workers: int | None = None) -> "Summary":
        """Handles every message of some files or folders, as `countersign run` does, and answers the counts."""
        from countersign.adapters.mail import read_sources
        from countersign.batch import Batch

        items = read_sources(sources, self.deps.blobs, self.deps.desk.settings.mail, BytesIO())
        return Batch(self, workers=workers or self.settings.workers).run(items)

    def inbox(self) -> Inbox:
        """What waits for a person, the most money first."""
        from countersign.ledger.read import waiting

        return Inbox(waiting(self.ledger), self.deps.clock.now())

    def timeline(self, ticket_id: str) -> Timeline:
        """What happened to a ticket so far. Raises StorageError where there is none."""
        from countersign.ledger.read import timeline

        return Timeline(self.ticket(ticket_id), timeline(self.ledger, ticket_id), self.deps.blobs)

    def review(self, ticket_id: str) -> ReviewView:
        """What a person is asked about a ticket."""
        from countersign.review import shown

        return ReviewView(shown(self, ticket_id), self.deps.clock.now())

    def answer(self, question: ReviewView, said: "Reply", *, by: str, requests: Sequence[str] = ()) -> TicketView:
        """Enters a person's answer to what they were shown; `said` is one of `countersign.domain.review`'s answers.

        `requests` is what the message asks, in that person's eyes: a label. Raises RejectedError where the answer does
        not count; see `countersign.review.answer`.
        """
        from countersign.review import answer

        ticket = answer(self, question.shown.ticket.id, said, by, question.shown.digest, requests)
        return TicketView.of(ticket, self)

    @property
    def triage(self) -> "TriageLearning":
        """What `countersign triage` does: `label`, `learn`, `roll_back`, `models`."""
        from countersign.learning import TriageLearning

        return TriageLearning(self)

    def history(self, ticket_id: str) -> History:
        """The steps of a ticket's thread, in all its turns, with what each decided."""
        return History(ticket_id, replayer_of(self).steps(self.ticket(ticket_id).id))

    def replay(self, ticket_id: str = "", *, live: bool = False) -> Replays:
        """Runs a ticket again from its record, or every one; see `countersign.replay`. `live` looks facts up now."""
        replayer = replayer_of(self, live=live)
        return Replays((replayer.replay(ticket_id),) if ticket_id else tuple(replayer.replay_all()))

    def fork(self, ticket_id: str, *, at: int, values: Mapping[str, object]) -> ForkView:
        """What would have come of a ticket had a step of its history left other values, by path; nothing happens.

        Raises MisuseError for a step or path that is not there, ReplayMismatchError where the step isn't reached now.
        """
        return ForkView(replayer_of(self).fork(ticket_id, at, values))

    def propose(self, fork: ForkView, *, by: str) -> TicketView:
        """Puts what a fork came to before the live ticket as a person's edit; raises RejectedError as `answer` does."""
        return TicketView.of(propose(self, fork, by), self)

    def retain(self, days: int | None = None, *, dry_run: bool = False) -> "Freed":
        """Forgets what ended more than so many days ago, as `countersign retention` does."""
        from countersign.retention import retain

        return retain(self, days, dry_run=dry_run, listen=lambda _done, _of: None)

    def erase(
        self,
        customer: str,
        *,
        by: str,
        cassettes: Sequence[Path] = (),
        leave_unknown: bool = False,
        dry_run: bool = False,
    ) -> "Erased":
        """Destroys all that the desk knows about a customer, an id or an address, as `countersign erase` does."""
        from countersign.erasure import erase

        return erase(self, customer, by, cassettes=cassettes, leave_unknown=leave_unknown, dry_run=dry_run)

    def keep(self, ticket_id: str, *, by: str, why: str = "") -> bool:
        """Marks a ticket to be kept whole, as a person of the desk; False where it is marked already."""
        from countersign.retention import keep_ticket

        return keep_ticket(self, ticket_id, by, why)

    def unkeep(self, ticket_id: str, *, by: str) -> bool:
        """Takes that mark away; False where there is none."""
        from countersign.retention import unkeep_ticket

        return unkeep_ticket(self, ticket_id, by)

    def handle(self, ticket_id: str, control: "RunControl | None" = None) -> TicketView:
        """Runs a ticket until it is finished or waits for a person, and answers how it stands.

        Whatever goes wrong in the graph hands the ticket over to a person, with the error's code as the reason. A
        message that arrives meanwhile starts the next turn at once. A ticket that another process is running is left
        to it. Once `control` asks for a drain, the running step ends and is kept, and the ticket stays `received`.
        """
        with self.locks.held(ticket_id) as ours:
            for _ in range(_MOST_TURNS_AT_ONCE if ours else 0):
                ticket = self.ticket(ticket_id)
                if ticket.status != "received" or (control and control.drain_requested):
                    break
                self.run_turn(TicketRef(id=ticket.id, turn=ticket.turn), control)
        return self.ticket(ticket_id)

    def resume(self, ticket_id: str, control: "RunControl | None" = None) -> TicketView:
        """Continues whatever is unfinished about a ticket; one that waits gets its thread to the question."""
        with self.locks.held(ticket_id) as ours:
            drained = control is not None and control.drain_requested
            if ours and not drained and self.ticket(ticket_id).status == "waiting":
                self.drive_to_review(ticket_id, control)
        return self.handle(ticket_id, control)


def open_runtime(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    on_point: OnPoint | None = None,
    loaded: "Loaded | None" = None,
) -> Opening:
    """A desk to open: `with` answers a Runtime, `async with` an AsyncRuntime; the end of the block closes it.

    `loaded` is what `countersign.compose.load` read before, for whoever opens the same desk many times. Entering raises
    SettingsError, DeskError or StorageError where something is wrong; StorageError too where langgraph was imported
    before strict decoding was switched on.
    """
    return Opening(partial(_build, settings, clock, on_point, loaded))


def _build(
    settings: Settings | None,
    clock: Clock | None,
    on_point: OnPoint | None,
    loaded: "Loaded | None",
    stack: ExitStack,
) -> Runtime:
    settings = settings or read_settings()
    enable_strict()
    require_strict()
    from checkpoints.saver import ThreadSaver
    from checkpoints.serializer import serializer
    from countersign.compose import compose, load
    from graphs.support import support_graph

    deps, ledger = compose(settings, loaded or load(settings), clock, on_point, stack)
    saver = ThreadSaver(settings.checkpoint_file, serde=serializer(STATE_TYPES), on_point=on_point)
    stack.callback(saver.close)
    graph = support_graph(deps, saver)
    locks = TicketLocks(settings.var / "locks")
    return Runtime(settings=settings, deps=deps, ledger=ledger, saver=saver, graph=graph, locks=locks)
