"""What is unfinished goes on: in its own thread where the graph still has its place, else again from the inbox."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from langgraph.runtime import RunControl

from checkpoints.thread import thread_id
from countersign.batch import Batch, Summary
from countersign.domain.review import Approve, Close, Reject, Reply, TakeOver
from countersign.domain.state import TicketState, Update
from countersign.domain.ticket import TicketRef
from countersign.intake import take
from countersign.ledger.check import check_ledger
from countersign.ledger.read import timeline
from countersign.ports import Deps
from countersign.review import answer, shown
from countersign.runtime import Runtime, open_runtime, thread_config
from countersign.settings import Settings
from graphs import support
from graphs.catalog import NODES, Node
from nodes.act.answer import write_answer
from tests.conftest import SteppingClock
from tests.graph.reviewing import LOST, SIMON, lost_tent, refunds
from tests.messages import message

TENT = TicketRef(id="CS-1001", turn=1)
PRICE = 64900
Open = Callable[..., AbstractContextManager[Runtime]]


@pytest.fixture(autouse=True)
def nodes_in_order() -> Generator[None]:
    """Puts the catalogue back as it was, order included: a patch that took an entry out puts it back at the end."""
    kept = dict(NODES)
    yield
    NODES.clear()
    NODES.update(kept)


@pytest.fixture
def desk(var: Path, clock: SteppingClock) -> Open:
    """Opens the same files again, as a new process would."""

    @contextmanager
    def opened(on_point: Callable[[str], None] | None = None) -> Generator[Runtime]:
        with open_runtime(Settings(var=var), clock=clock, on_point=on_point) as runtime:
            yield runtime
        assert check_ledger(var / "ledger.db") == ()

    return opened


def resume(runtime: Runtime) -> Summary:
    """`countersign resume --all`."""
    return Batch(runtime).resume()


def approved_while_nothing_ran(runtime: Runtime) -> None:
    """A person approves what is shown, and the process ends before it wakes the thread."""
    asked = shown(runtime, TENT.id)
    assert asked.review is not None
    write_answer(runtime.state(TENT.id), asked.review, asked.digest, Approve(), "ines", runtime.deps)


def restarts(runtime: Runtime) -> list[str]:
    """Why the ticket's turns ran again from the inbox."""
    events = timeline(runtime.ledger, TENT.id)
    return [str(event.details["why"]) for event in events if event.event == "turn.restarted"]


def reviews(runtime: Runtime) -> int:
    """How often a person was asked."""
    return sum(event.event == "review.opened" for event in timeline(runtime.ledger, TENT.id))


def test_answered_while_nothing_ran(runtime: Runtime) -> None:
    """An answer that the ledger has and the thread has not heard of is carried out, once; then nothing is left."""
    lost_tent(runtime)
    approved_while_nothing_ran(runtime)
    summary = resume(runtime)
    assert (summary.answered, summary.effects, summary.replies) == (1, 1, 1)
    assert (resume(runtime).answered, refunds(runtime)) == (0, [PRICE])


def test_waiting_thread_that_was_lost_asks_the_same_question(runtime: Runtime) -> None:
    """A ticket that waits and has no thread gets one, at the same question; the answer then counts."""
    asked = lost_tent(runtime)
    runtime.saver.delete_thread(thread_id(TENT.id))
    assert not runtime.at_review(TENT)
    assert resume(runtime).waiting == 1
    assert runtime.at_review(TENT)
    assert restarts(runtime) == ["its thread is gone"]
    assert resume(runtime).waiting == 0
    assert answer(runtime, TENT.id, Approve(), "ines", asked.digest).status == "answered"
    assert (refunds(runtime), reviews(runtime)) == ([PRICE], 1)


@pytest.mark.parametrize(
    ("reply", "end", "money"),
    [
        (Approve(), "answered", [PRICE]),
        (Reject(reason="no"), "handed_over", []),
        (TakeOver(), "handed_over", []),
        (Close(), "closed", []),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_answer_outlives_its_thread(runtime: Runtime, reply: Reply, end: str, money: list[int]) -> None:
    """A thread that is lost between the answer and what follows from it: it stands and nobody is asked again."""
    asked = lost_tent(runtime)
    assert asked.review is not None
    write_answer(runtime.state(TENT.id), asked.review, asked.digest, reply, "ines", runtime.deps)
    runtime.saver.delete_thread(thread_id(TENT.id))
    resume(runtime)
    assert runtime.ticket(TENT.id).status == end
    assert (refunds(runtime), reviews(runtime)) == (money, 1)
    assert runtime.ticket(TENT.id).requests == asked.ticket.requests


def test_expired_question_outlives_its_graph(desk: Open, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that expired before the graph changed hands the ticket over, marked so; nobody is asked again."""
    with desk() as runtime:
        lost_tent(runtime)
        clock.move(days=30)
        runtime.ledger.expire_reviews(clock.now())
    add_channel(monkeypatch)
    with desk() as runtime:
        resume(runtime)
        ticket = runtime.ticket(TENT.id)
        assert (ticket.status, ticket.reason.partition(":")[0]) == ("handed_over", "expired")
        assert (refunds(runtime), reviews(runtime), restarts(runtime)) == ([], 1, [OTHER])


def test_only_the_named_ticket_goes_on(runtime: Runtime) -> None:
    """One name, one ticket: the others stay as they are."""
    for key in ("a", "b"):
        take(message(key, f"{key}@writer.example", "Returns", "How long can I return things?"), runtime.deps)
    batch = Batch(runtime)
    batch.resume("CS-1002")
    assert list(batch.tickets) == ["CS-1002"]
    assert runtime.ticket("CS-1001").status == "received"


def test_drained_before_it_began_nothing_starts(runtime: Runtime) -> None:
    """A drained control starts no turn, and the ticket is counted as unfinished."""
    take(message("m1", SIMON, "Basecamp tent lost, FH-10072", LOST), runtime.deps)
    batch = Batch(runtime)
    batch.drain("SIGTERM")
    summary = batch.resume()
    assert (summary.interrupted, summary.unfinished, summary.waiting) == (True, 1, 0)
    assert runtime.state(TENT.id) is None


# A graph that has changed since.


def _renamed(patch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """The same node under another name, everywhere."""
    node = NODES[old]

    def function(state: TicketState, *, deps: Deps) -> Update:
        return node.function(state, deps=deps)

    function.__name__ = new
    patch.delitem(NODES, old)
    patch.setitem(NODES, new, replace(node, function=function))
    patch.setattr(support, "ROAD", tuple(tuple(new if end == old else end for end in edge) for edge in support.ROAD))
    forks = tuple(
        (new if start == old else start, route, {way: new if end == old else end for way, end in ways.items()})
        for start, route, ways in support.FORKS
    )
    patch.setattr(support, "FORKS", forks)


def rename_review(patch: pytest.MonkeyPatch) -> None:
    """The node where the ticket waits has another name."""
    _renamed(patch, "review", "ask_person")


def rename_another(patch: pytest.MonkeyPatch) -> None:
    """A node that the ticket has passed has another name."""
    _renamed(patch, "triage", "sort")


def add_channel(patch: pytest.MonkeyPatch) -> None:
    """The node where the ticket waits writes one channel more."""
    patch.setitem(NODES, "review", replace(NODES["review"], writes=NODES["review"].writes | {"refusal"}))


def change_kind(patch: pytest.MonkeyPatch) -> None:
    """The node where the ticket waits is of another kind."""
    patch.setitem(NODES, "review", replace(NODES["review"], kind="record"))


def add_node(patch: pytest.MonkeyPatch) -> None:
    """There is a node more, between two that the ticket has passed."""

    def look_twice(state: TicketState, *, deps: Deps) -> Update:
        del state, deps
        return Update()

    patch.setitem(NODES, "look_twice", Node(function=look_twice, kind="decide", writes=frozenset()))
    road = tuple(edge for edge in support.ROAD if edge != ("redact", "recall"))
    patch.setattr(support, "ROAD", (*road, ("redact", "look_twice"), ("look_twice", "recall")))


GONE = "the graph has no node review any more"
OTHER = "the node review has another contract now"
CHANGES: list[tuple[Callable[[pytest.MonkeyPatch], None], list[str]]] = [
    (rename_review, [GONE]),
    (add_channel, [OTHER]),
    (change_kind, [OTHER]),
    (add_node, []),
    (rename_another, []),
]


@pytest.mark.parametrize("answered", [False, True], ids=["waiting", "answered"])
@pytest.mark.parametrize(("change", "why"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_changed_graph_loses_no_ticket(
    desk: Open,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
    why: list[str],
    answered: bool,
) -> None:
    """A ticket at its review goes on in its thread where that node is as it was, else from the inbox, never nowhere."""
    before = support.fingerprint()
    with desk() as runtime:
        lost_tent(runtime)
        if answered:
            approved_while_nothing_ran(runtime)
    change(monkeypatch)
    assert support.fingerprint() != before
    with desk() as runtime:
        resume(runtime)
        if not answered:
            assert runtime.at_review(TENT)
            assert answer(runtime, TENT.id, Approve(), "ines", shown(runtime, TENT.id).digest).status == "answered"
        assert runtime.ticket(TENT.id).status == "answered"
        assert (refunds(runtime), reviews(runtime), restarts(runtime)) == ([PRICE], 1, why)
        assert resume(runtime).unfinished == 0


@pytest.mark.parametrize("point", ["after record_verdict", "after record_review", "after execute"])
def test_node_gone_under_a_drained_thread(desk: Open, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """A ticket drained anywhere behind its first verdict, whose next node is gone, comes to the same end, once."""
    control = RunControl()
    with desk() as runtime:
        lost_tent(runtime)
    if point == "after record_verdict":
        with desk() as runtime:
            runtime.saver.delete_thread(thread_id(TENT.id))

    def drain(name: str) -> None:
        if name == point:
            control.request_drain("test")

    with desk(drain) as runtime:
        if point == "after record_verdict":
            runtime.resume(TENT.id, control)
        else:
            approved_while_nothing_ran(runtime)
            assert runtime.resume(TENT.id, control).status == "received"
        (place,) = runtime.graph.get_state(thread_config(TENT.id)).next
    _renamed(monkeypatch, place, "renamed")
    with desk() as runtime:
        resume(runtime)
        if runtime.ticket(TENT.id).status == "waiting":
            answer(runtime, TENT.id, Approve(), "ines", shown(runtime, TENT.id).digest)
        assert runtime.ticket(TENT.id).status == "answered"
        assert restarts(runtime)[-1] == f"the graph has no node {place} any more"
        assert refunds(runtime) == [PRICE]
        assert runtime.ledger.effect_counts() == (1, 1)


def test_every_checkpoint_names_its_graph(runtime: Runtime) -> None:
    """Each checkpoint's metadata holds the graph's fingerprint and contracts, and nothing of the customer."""
    lost_tent(runtime)
    found = [dict(state.metadata or {}) for state in runtime.graph.get_state_history(thread_config(TENT.id))]
    assert {one["graph"] for one in found} == {support.fingerprint()}
    assert all(f"review={support.contracts()['review']}" in str(one["contracts"]).split() for one in found)
    assert {key for one in found for key in one} == {"source", "step", "parents", "graph", "contracts"}
