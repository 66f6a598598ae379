"""The composition root: `open_runtime` builds the desk's parts and the compiled graph, and closes them."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from checkpoints.strict import enable_strict, require_strict
from checkpoints.thread import thread_id
from countersign.adapters.locks import TicketLocks
from countersign.domain.errors import CountersignError, RejectedError, StorageError
from countersign.domain.outcome import Outcome
from countersign.domain.review import WOKEN
from countersign.domain.state import STATE_TYPES, TicketState
from countersign.domain.ticket import Ticket, TicketRef
from countersign.ports import Clock, Deps
from countersign.settings import Settings, read_settings

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from checkpoints.saver import ThreadSaver
    from countersign.ledger import SqlLedger
    from graphs.support import SupportGraph

OnPoint = Callable[[str], None]
_MOST_STEPS = 100
"""Graph steps a turn may take: the longest road has 14 nodes and at most a dozen effects."""
_MOST_TURNS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Runtime:
    """An open desk: its settings, its parts, the graph, and the files behind them."""

    settings: Settings
    deps: Deps
    ledger: "SqlLedger"
    saver: "ThreadSaver"
    graph: "SupportGraph"
    locks: TicketLocks

    def handle(self, ticket_id: str) -> Ticket:
        """Runs a ticket until it is finished or waits for a person, and answers how it stands.

        Whatever goes wrong in the graph hands the ticket over to a person, with the error's code as the reason. A
        message that arrives meanwhile starts the next turn at once. A ticket that another process is running is left
        to it.
        """
        with self.locks.held(ticket_id) as ours:
            for _ in range(_MOST_TURNS_AT_ONCE if ours else 0):
                ticket = self.ticket(ticket_id)
                if ticket.status != "received":
                    break
                self._run_turn(TicketRef(id=ticket.id, turn=ticket.turn))
        return self.ticket(ticket_id)

    def ticket(self, ticket_id: str) -> Ticket:
        """The ledger's view of a ticket. Raises StorageError where there is none."""
        ticket = self.ledger.ticket(ticket_id)
        if ticket is None:
            raise StorageError("there is no such ticket", where=ticket_id, detail="no_ticket")
        return ticket

    def state(self, ticket_id: str) -> TicketState | None:
        """The thread's state, a hint; None where there is no thread."""
        values = self.graph.get_state(thread_config(ticket_id)).values
        return cast("TicketState", values) if values else None

    def drive_to_review(self, ticket_id: str) -> None:
        """Brings the thread of a waiting ticket to its review, where a crash left it short of that."""
        ticket = self.ticket(ticket_id)
        if not self.graph.get_state(thread_config(ticket_id)).interrupts:
            self._run_turn(TicketRef(id=ticket.id, turn=ticket.turn))

    def _run_turn(self, ref: TicketRef) -> None:
        try:
            self._invoke(ref)
        except RejectedError as error:
            if error.detail != "superseded":
                self._give_up(ref, error)
        except Exception as error:  # noqa: BLE001  fail closed: any fault of one ticket goes to a person, the rest go on
            self._give_up(ref, error)

    def _invoke(self, ref: TicketRef) -> None:
        """Wakes a thread that waits in this turn, continues one that a crash left in it, begins the turn otherwise.

        What wakes a thread says nothing: the node after the review reads the answer from the ledger.
        """
        from langgraph.types import Command

        config = thread_config(ref.id)
        state = self.graph.get_state(config)
        start: TicketState | Command[str] | None = TicketState(ticket=ref)
        if state.values.get("ticket") == ref and state.interrupts:
            start = Command(resume={state.interrupts[0].id: WOKEN})
        elif state.values.get("ticket") == ref and state.next:
            start = None
        self.graph.invoke(start, config, durability="sync")  # pyright: ignore[reportUnknownMemberType]  generics left open

    def _give_up(self, ref: TicketRef, error: Exception) -> None:
        code = error.full_code if isinstance(error, CountersignError) else f"bug.{type(error).__name__}"
        outcome = Outcome(kind="handed_over", reason=f"the desk failed: {code}")
        self.ledger.record_outcome(ref, outcome, self.deps.clock.now())


def thread_config(ticket_id: str) -> "RunnableConfig":
    """The graph's config for a ticket's thread."""
    return {"configurable": {"thread_id": thread_id(ticket_id)}, "recursion_limit": _MOST_STEPS}


@contextmanager
def open_runtime(
    settings: Settings | None = None, *, clock: Clock | None = None, on_point: OnPoint | None = None
) -> Generator[Runtime]:
    """A desk ready to run, closed at the end.

    Raises SettingsError, DeskError or StorageError where something is wrong; StorageError too where langgraph was
    imported before strict decoding was switched on.
    """
    settings = settings or read_settings()
    enable_strict()
    require_strict()
    with ExitStack() as stack:
        yield _build(settings, clock, on_point, stack)


def _build(settings: Settings, clock: Clock | None, on_point: OnPoint | None, stack: ExitStack) -> Runtime:
    from checkpoints.saver import ThreadSaver
    from checkpoints.serializer import serializer
    from countersign.compose import compose
    from graphs.support import support_graph

    deps, ledger = compose(settings, clock, on_point, stack)
    saver = ThreadSaver(settings.checkpoint_file, serde=serializer(STATE_TYPES), on_point=on_point)
    stack.callback(saver.close)
    graph = support_graph(deps, saver)
    locks = TicketLocks(settings.var / "locks")
    return Runtime(settings=settings, deps=deps, ledger=ledger, saver=saver, graph=graph, locks=locks)
