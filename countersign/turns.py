"""Turns: a ticket's thread is started, woken or continued, and whatever goes wrong in it goes to a person."""

from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, cast

from checkpoints.thread import MOST_STEPS, thread_id
from countersign.adapters.locks import TicketLocks
from countersign.display.views import TicketView
from countersign.domain.errors import RejectedError, StorageError, code_of
from countersign.domain.outcome import Outcome
from countersign.domain.review import WOKEN
from countersign.domain.state import TicketState
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from countersign.settings import Settings

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.runtime import RunControl

    from checkpoints.saver import ThreadSaver
    from countersign.ledger import SqlLedger
    from countersign.runtime import Runtime
    from graphs.support import SupportGraph


@dataclass(frozen=True, slots=True)
class Turns:
    """What runs the turns of an open desk's tickets: its settings, its parts, the graph, and the files behind them."""

    settings: Settings
    deps: Deps
    ledger: "SqlLedger"
    saver: "ThreadSaver"
    graph: "SupportGraph"
    locks: TicketLocks

    def ticket(self, ticket_id: str) -> TicketView:
        """The ledger's view of a ticket. Raises StorageError where there is none."""
        ticket = self.ledger.ticket(ticket_id)
        if ticket is None:
            raise StorageError("there is no such ticket", where=ticket_id, detail="no_ticket")
        return TicketView.of(ticket, cast("Runtime", self))

    def state(self, ticket_id: str) -> TicketState | None:
        """The thread's state, a hint; None where there is no thread."""
        values = self.graph.get_state(thread_config(ticket_id)).values
        return cast("TicketState", values) if values else None

    def drive_to_review(self, ticket_id: str, control: "RunControl | None" = None) -> None:
        """Brings the thread of a waiting ticket to its review, where something left it short of that."""
        ticket = self.ticket(ticket_id)
        ref = TicketRef(id=ticket.id, turn=ticket.turn)
        if not self.at_review(ref):
            self.run_turn(ref, control)

    def at_review(self, ref: TicketRef) -> bool:
        """Whether the turn's thread can be believed and stands at its question."""
        if self._distrust(ref):
            return False
        state = self.graph.get_state(thread_config(ref.id))
        return state.values.get("ticket") == ref and bool(state.interrupts)

    def forget_untrusted(self, ref: TicketRef) -> None:
        """Forgets a thread that can't be believed, which the audit keeps; the turn runs again from the inbox.

        Whoever starts a run calls it first.
        """
        why = self._distrust(ref)
        if why:
            self.ledger.note_restart(ref, why, self.deps.clock.now())
            self.saver.delete_thread(thread_id(ref.id))

    def _distrust(self, ref: TicketRef) -> str:
        """Why the turn can't go on in its thread; empty where it can, or has not begun."""
        from countersign.trust import distrust

        try:
            head = self.saver.get_tuple(thread_config(ref.id))
        except StorageError as error:
            if error.detail != "corrupt":
                raise
            return "its thread can't be read"
        if head is None:
            return "its thread is gone" if self.ledger.proposals(ref) else ""
        return distrust(head, ref, self.ledger.inbox(ref.id), time())

    def run_turn(self, ref: TicketRef, control: "RunControl | None") -> None:
        """Runs a turn until it ends, waits or is drained; any fault of it hands the ticket over."""
        from langgraph.errors import GraphDrained

        with self.deps.tracer.span("turn", self.graph.name, ref) as span:
            try:
                self._invoke(ref, control)
            except GraphDrained:
                span.note(status="drained")
                return
            except RejectedError as error:
                span.failed(error.full_code)
                if error.detail != "superseded":
                    self._give_up(ref, error)
            except Exception as error:  # noqa: BLE001  fail closed: any fault of one ticket goes to a person, the rest go on
                span.failed(code_of(error))
                self._give_up(ref, error)
            span.note(status=self.ticket(ref.id).status)

    def _invoke(self, ref: TicketRef, control: "RunControl | None") -> None:
        from checkpoints.start import start_of

        self.forget_untrusted(ref)
        start = start_of(self.graph.get_state(thread_config(ref.id)), ref)
        if isinstance(start, dict) and self._is_refused(ref):
            if not self._skip_question(start):
                return
            start = None
        self.graph.invoke(start, thread_config(ref.id), control=control, durability="sync")  # pyright: ignore[reportUnknownMemberType]  generics left open

    def _is_refused(self, ref: TicketRef) -> bool:
        """Whether the turn's question was asked, and will not be answered with yes any more."""
        review = self.ledger.review(ref.id, ref.turn)
        return review is not None and (review.status == "expired" or review.answer in ("reject", "take_over", "close"))

    def _skip_question(self, start: TicketState) -> bool:
        """Reads and plans the turn again, then stands behind the question: a no stays a no, and nobody is asked twice.

        False where the turn ended on the way.
        """
        config = thread_config(start["ticket"].id)
        self.graph.invoke(start, config, durability="sync", interrupt_before=["check"])  # pyright: ignore[reportUnknownMemberType]  generics left open
        if not self.graph.get_state(config).tasks:
            return False
        self.graph.update_state(config, {"resumed": WOKEN}, as_node="review")
        return True

    def _give_up(self, ref: TicketRef, error: Exception) -> None:
        code = code_of(error)
        outcome = Outcome(kind="handed_over", reason=f"the desk failed: {code}")
        self.ledger.record_outcome(ref, outcome, self.deps.clock.now())


def thread_config(ticket_id: str) -> "RunnableConfig":
    """The graph's config for a ticket's thread."""
    return {"configurable": {"thread_id": thread_id(ticket_id)}, "recursion_limit": MOST_STEPS}
