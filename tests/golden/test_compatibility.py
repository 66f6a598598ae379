"""Databases that a version wrote: later ones open, list, resume, replay and fork them, or say what is in the way."""

import shutil
from collections.abc import Callable, Generator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel
from rich.console import Console

from countersign.batch import Batch
from countersign.compose import todays_parts
from countersign.display.replay import history as drawn
from countersign.domain.errors import ReplayMismatchError
from countersign.domain.perception import Sender
from countersign.domain.review import Approve
from countersign.domain.state import TicketState, Update
from countersign.domain.ticket import TicketRef
from countersign.ledger.check import check_ledger
from countersign.ledger.read import timeline
from countersign.ports import Deps
from countersign.replay.compare import wrote
from countersign.replay.found import Replayed
from countersign.replay.replayer import Replayer
from countersign.replaying import read_history
from countersign.runtime import Runtime, open_runtime, thread_config
from countersign.settings import Settings
from graphs import support
from graphs.catalog import NODES, Node
from tests.conftest import SteppingClock
from tests.golden.make import ENDS, number, stands
from tests.graph.test_resume import add_node, rename_another, rename_review


@pytest.fixture(scope="module")
def desk(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Runtime]:
    """The desk as the databases left it; the tests go on with it one after the other."""
    clock = SteppingClock()
    clock.move(days=10, hours=1)
    var = shutil.copytree(golden, tmp_path_factory.mktemp("desk") / "var")
    with open_runtime(Settings(var=var), clock=clock) as opened:
        yield opened


@pytest.fixture
def nodes_in_order() -> Generator[None]:
    """Puts the catalogue back as it was, order included."""
    kept = dict(NODES)
    yield
    NODES.clear()
    NODES.update(kept)


def test_open_and_list(desk: Runtime) -> None:
    """Every ticket stands as it did, the ledger is whole, and the inbox has what waits."""
    assert stands(desk) == ENDS
    assert check_ledger(desk.settings.ledger_file) == ()
    waiting = {item.ticket for item in desk.inbox() if item.status == "waiting"}
    assert waiting == {number(what) for what, end in ENDS.items() if end == "waiting"}


@pytest.mark.parametrize("what", ENDS)
def test_history_is_read(golden: Path, what: str) -> None:
    """The thread's steps are there, each with its node; a ticket that was not begun has none."""
    nodes = [step.node for step in read_history(Settings(var=golden), number(what))]
    turns = {"not begun": 0, "two turns": 2, "answered late": 2, "reopened": 2, "written again": 2}
    assert nodes.count("receive") == turns.get(what, 1)


@pytest.mark.parametrize("what", ENDS)
def test_replay_is_the_same_or_names_what_changed(replayed: dict[str, Replayed], what: str) -> None:
    """Nothing diverges for a reason that nobody can name."""
    found = replayed[number(what)]
    assert found.result in ("same", "diverged")
    assert found.steps > 0 or what == "not begun"
    if found.divergence:
        assert found.divergence.causes[0].kind != "nothing recorded"


def test_fork_or_the_step_that_is_not_reached(replayer: Replayer) -> None:
    """A waiting ticket is forked behind `recall`, or the error names what has changed before it."""
    if replayer.replay(number("waiting")).result == "diverged":
        with pytest.raises(ReplayMismatchError, match="comes to something else now"):
            replayer.fork(number("waiting"), 8, {"verdict.answer": "deny"})
        return
    fork = replayer.fork(number("waiting"), 3, {"sender.verified": "none"})
    assert {found.path.partition("[")[0].partition(".")[0] for found in fork.differences} >= {"plans", "verdict"}


# The program has changed since.


def _join(patch: pytest.MonkeyPatch) -> None:
    """A node set that has one node less: what it did is done by the one before."""
    redact, recall = NODES["redact"], NODES["recall"]

    def both(state: TicketState, *, deps: Deps) -> Update:
        seen = redact.function(state, deps=deps)
        after: Any = {**state, **seen}
        every: Any = {**seen, **recall.function(after, deps=deps)}
        return every

    both.__name__ = "redact"
    patch.delitem(NODES, "recall")
    patch.setitem(NODES, "redact", Node(function=both, kind="decide", writes=redact.writes | recall.writes))
    forks = tuple(("redact" if start == "recall" else start, *rest) for start, *rest in support.FORKS)
    patch.setattr(support, "ROAD", tuple(edge for edge in support.ROAD if "recall" not in edge))
    patch.setattr(support, "FORKS", forks)


@pytest.mark.usefixtures("nodes_in_order")
@pytest.mark.parametrize("change", [add_node, rename_another, rename_review, _join], ids=lambda one: one.__name__)
def test_changed_nodes_are_named(
    replayer: Replayer, monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """A node more, one less, one renamed: the replay says at which step the road is another, and that the graph is."""
    change(monkeypatch)
    found = replace(replayer, today=todays_parts(replayer.deps)).replay(number("approved"))
    assert found.divergence is not None
    assert "the graph's nodes and edges" in {cause.name for cause in found.divergence.causes}


def _kept_otherwise(desk: Runtime, ticket: str, value: object) -> None:
    """Puts another value into the thread's newest checkpoint, as another version would have kept it."""
    head = desk.saver.get_tuple(thread_config(ticket))
    assert head is not None
    checkpoint = head.checkpoint
    checkpoint["channel_values"]["sender"] = value
    version = checkpoint["channel_versions"]["sender"]
    desk.saver.put(head.parent_config or head.config, checkpoint, head.metadata, {"sender": version})


class _Moved(BaseModel):
    """A class that later is somewhere else."""

    address: str = "x@example.org"


_Moved.__module__, _Moved.__qualname__, _Moved.__name__ = "countersign.domain.gone", "Sender", "Sender"


@pytest.mark.parametrize(
    ("what", "value"),
    [("waiting", _Moved()), ("written again", Sender.model_construct(name="without what is required now"))],
    ids=["moved class", "required field"],
)
def test_unreadable_state_is_not_believed(desk: Runtime, what: str, value: object) -> None:
    """A class that has moved, a field that is required now: the turn runs again from the inbox to the same question."""
    ticket = desk.ticket(number(what))
    ref = TicketRef(id=ticket.id, turn=ticket.turn)
    _kept_otherwise(desk, ticket.id, value)
    assert not desk.at_review(ref)
    Batch(desk).resume(ticket.id)
    restarts = [event.details["why"] for event in timeline(desk.ledger, ticket.id) if event.event == "turn.restarted"]
    assert restarts == ["its sender can't be read any more: the types have changed"]
    assert desk.at_review(ref)


def test_resume_and_answer(desk: Runtime) -> None:
    """What was not begun is finished, and what waits can be answered."""
    Batch(desk).resume()
    assert desk.ticket(number("not begun")).status in ("answered", "handed_over")
    question = desk.review(number("waiting"))
    assert desk.answer(question, Approve(), by="ines").status == "answered"
    assert check_ledger(desk.settings.ledger_file) == ()


def test_unreadable_steps_are_said_to_be(golden: Path) -> None:
    """The history of a thread whose values nobody can read any more still shows its nodes."""
    steps = read_history(Settings(var=golden), number("answered"))
    moved = tuple(
        replace(step, wrote={"sender": {"address": "x"}}) if step.node == "recall" else step for step in steps
    )
    console = Console(width=120, file=StringIO())
    console.print(drawn("CS-1001", moved))
    assert "kept by another version" in cast("StringIO", console.file).getvalue()


def test_replay_ignores_where_a_class_was() -> None:
    """Replays compare values, not classes: what a moved class kept counts as the same."""
    sender = Sender(address="x@example.org")
    assert wrote({"sender": sender}) == wrote({"sender": sender.model_dump()})
