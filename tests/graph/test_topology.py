"""The graph's shape: what can be proven without running it."""

import itertools

import pytest

from countersign.domain.state import Channels, TicketState
from docs.picture import PLACES
from graphs.catalog import NODES
from graphs.support import FORKS, ROAD, fingerprint

EDGES = {(start, end) for start, end in ROAD} | {(start, end) for start, _, ways in FORKS for end in ways.values()}


def reachable(start: str, without: frozenset[str] = frozenset()) -> set[str]:
    """Every node that can be reached from `start` without passing through the given ones."""
    seen, waiting = set[str](), [start]
    while waiting:
        node = waiting.pop()
        if node in seen or node in without:
            continue
        seen.add(node)
        waiting.extend(end for begin, end in EDGES if begin == node)
    return seen


@pytest.mark.parametrize("gate", ["check", "authorize", "record_verdict"])
def test_no_path_reaches_execute_around_a_gate(gate: str) -> None:
    """Taking any one gate out of the graph cuts execute off from the start."""
    assert "execute" in reachable("__start__")
    assert "execute" not in reachable("__start__", frozenset({gate}))


def test_nothing_after_a_review_reaches_execute_around_authorize() -> None:
    """A person's answer leads through authorize again, never straight to execute."""
    assert "execute" not in reachable("review", frozenset({"authorize"}))


def test_only_record_verdict_and_execute_lead_to_execute() -> None:
    """The only roads in are the recorded verdict and execute's own loop."""
    assert {start for start, end in EDGES if end == "execute"} == {"record_verdict", "execute"}


def test_every_node_is_on_a_path_from_start_to_end() -> None:
    """No node is unreachable and none is a dead end."""
    assert set(NODES) <= reachable("__start__")
    assert all("__end__" in reachable(name) for name in NODES)


def test_one_node_writes_each_channel() -> None:
    """No channel has two writers but for receive, which clears."""
    for (first, one), (second, other) in itertools.combinations(NODES.items(), 2):
        if "receive" not in (first, second):
            assert not one.writes & other.writes, f"{first} and {second}"


def test_declared_channels_are_the_states() -> None:
    """Every channel a node declares exists, and every channel has a writer."""
    assert set().union(*(node.writes for node in NODES.values())) == set(TicketState.__annotations__) | set(
        Channels.__annotations__
    )


def test_every_router_is_total_over_its_ways() -> None:
    """A router answers for the emptiest state with one of its ways."""
    from countersign.domain.ticket import TicketRef

    state = TicketState(ticket=TicketRef(id="CS-1001", turn=1))
    for _, route, ways in FORKS:
        assert route(state) in ways


def test_fingerprint_is_stable_and_names_the_shape() -> None:
    """The same code has the same fingerprint in every process."""
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 16


def test_the_picture_shows_every_node() -> None:
    """The drawn graph has a place for each node of the catalogue, and for nothing else."""
    assert set(PLACES) == set(NODES)
