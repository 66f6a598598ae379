"""The support desk: the main road, as the picture in the architecture has it.

PERCEIVE  receive → redact → recall → asked: triage; answered by a person: check
REASON    triage → known: playbook → draft;  unknown or complex: resolve → planned: draft, ordinary: playbook,
          nothing: hand_over;  for a person whatever it asks: hand_over
ACT       check → a model's: second → authorize → against an agent's first plan: resolve
          authorize → record_verdict → allow: execute ⟲ (the reply last)
                                             → ask: review → record_review → approved: authorize, edited: check,
                                                                       closed: record_outcome, else hand_over
                                             → deny: hand_over
LEARN     record_outcome
"""

from collections.abc import Callable, Hashable
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from countersign.domain.frozen import digest
from countersign.domain.state import TicketState
from countersign.ports import Deps
from graphs.catalog import NODES, bound, contracts
from nodes.act.authorize import route_authorized
from nodes.act.check import route_checked
from nodes.act.execute import route_executed
from nodes.act.record_review import route_reviewed
from nodes.act.record_verdict import route_ruled
from nodes.perceive.recall import route_recalled
from nodes.perceive.receive import route_received
from nodes.reason.playbook import route_planned
from nodes.reason.resolve import route_resolved
from nodes.reason.triage import route_triaged

SupportGraph = CompiledStateGraph[TicketState, None, TicketState, TicketState]

ROAD = (
    (START, "receive"),
    ("redact", "recall"),
    ("draft", "check"),
    ("second", "authorize"),
    ("review", "record_review"),
    ("hand_over", "record_outcome"),
    ("record_outcome", END),
)
"""What always follows."""

_ANSWERS: dict[Hashable, str] = {
    "approved": "authorize", "edited": "check", "closed": "record_outcome", "wait": "review", "person": "hand_over",
}  # fmt: skip
_EXECUTED: dict[Hashable, str] = {
    "more": "execute", "done": "record_outcome", "stopped": "check", "undone": "hand_over",
}  # fmt: skip

FORKS: tuple[tuple[str, Callable[[TicketState], str], dict[Hashable, str]], ...] = (
    ("receive", route_received, {"person": "redact", "automatic": "record_outcome"}),
    ("recall", route_recalled, {"asked": "triage", "answered": "check"}),
    ("triage", route_triaged, {"known": "playbook", "unknown": "resolve", "person": "hand_over"}),
    ("playbook", route_planned, {"clear": "draft", "complex": "resolve", "stuck": "hand_over"}),
    ("resolve", route_resolved, {"planned": "draft", "ordinary": "playbook", "stuck": "hand_over"}),
    ("check", route_checked, {"desk": "authorize", "model": "second"}),
    ("authorize", route_authorized, {"decided": "record_verdict", "revise": "resolve"}),
    ("record_verdict", route_ruled, {"allow": "execute", "ask": "review", "deny": "hand_over"}),
    ("execute", route_executed, _EXECUTED),
    ("record_review", route_reviewed, _ANSWERS),
)
"""Where the road divides: a pure function of the state names the way."""


def support_graph(deps: Deps, saver: BaseCheckpointSaver[Any] | None = None) -> SupportGraph:
    """The compiled graph with its deps bound; every checkpoint of it says which graph wrote it."""
    builder: StateGraph[TicketState, None, TicketState, TicketState] = StateGraph(TicketState)
    for name in NODES:
        builder.add_node(name, bound(name, deps))  # pyright: ignore[reportUnknownMemberType]  generics left open
    for start, end in ROAD:
        builder.add_edge(start, end)
    for start, route, ways in FORKS:
        builder.add_conditional_edges(start, route, dict(ways))
    graph = builder.compile(checkpointer=saver, name="support")  # pyright: ignore[reportUnknownMemberType]  likewise
    return graph.with_config(metadata=stamp())


def fingerprint() -> str:
    """Identity of the graph's shape: nodes with their kinds and channels, and every edge."""
    nodes = {name: [node.kind, sorted(node.writes)] for name, node in NODES.items()}
    return digest([nodes, ROAD, [(start, sorted(ways.items(), key=str)) for start, _, ways in FORKS]])[:16]


def stamp() -> dict[str, str]:
    """What the metadata of each checkpoint says of its graph: the fingerprint, and `node=contract` for every node."""
    return {"graph": fingerprint(), "contracts": " ".join(f"{name}={text}" for name, text in contracts().items())}
