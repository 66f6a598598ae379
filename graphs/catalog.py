"""Every node there is: its name, its kind, and the channels that it alone writes."""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

from langchain_core.runnables import RunnableConfig

from countersign.domain.errors import MisuseError
from countersign.domain.frozen import digest
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.authorize import authorize
from nodes.act.check import check
from nodes.act.execute import execute
from nodes.act.hand_over import hand_over
from nodes.act.record_review import record_review
from nodes.act.record_verdict import record_verdict
from nodes.act.review import review
from nodes.learn.record_outcome import record_outcome
from nodes.perceive.recall import recall
from nodes.perceive.receive import receive
from nodes.perceive.redact import redact
from nodes.reason.draft import draft
from nodes.reason.playbook import playbook
from nodes.reason.resolve import resolve
from nodes.reason.second import second
from nodes.reason.triage import triage

NodeKind = Literal["decide", "ask", "record", "do", "wait"]
"""A node is one kind, never two: see the architecture's first rule."""


class NodeFunction(Protocol):
    """What a node is: state and deps in, an update out."""

    def __call__(self, state: TicketState, *, deps: Deps) -> Update: ...


@dataclass(frozen=True, slots=True)
class Node:
    """A catalogue entry."""

    function: NodeFunction
    kind: NodeKind
    writes: frozenset[str]

    @property
    def name(self) -> str:
        """The node's name in every graph: its function's."""
        return str(getattr(self.function, "__name__"))  # noqa: B009  a Protocol of a callable declares no name


def _node(function: NodeFunction, kind: NodeKind, *writes: str) -> Node:
    return Node(function=function, kind=kind, writes=frozenset(writes))


_CLEARED = (
    "perception", "sender", "memory", "triage", "plans", "resolution", "opinion", "draft", "findings", "undo",
    "verdict", "resumed", "review", "edit", "refusal", "progress",
)  # fmt: skip

NODES: dict[str, Node] = {
    node.name: node
    for node in (
        _node(receive, "decide", "ticket", "inbox", "dossier", "outcome", *_CLEARED),
        _node(redact, "decide", "perception"),
        _node(recall, "decide", "sender", "memory"),
        _node(triage, "ask", "triage"),
        _node(playbook, "decide", "plans"),
        _node(resolve, "ask", "resolution"),
        _node(draft, "ask", "draft"),
        _node(check, "decide", "findings"),
        _node(second, "ask", "opinion"),
        _node(authorize, "decide", "undo", "verdict"),
        _node(record_verdict, "record"),
        _node(execute, "do", "progress"),
        _node(review, "wait", "resumed"),
        _node(record_review, "record", "review", "edit", "refusal"),
        _node(hand_over, "decide", "dossier"),
        _node(record_outcome, "record", "outcome"),
    )
}


def contracts() -> dict[str, str]:
    """What each node promises to a thread that waits before it, as a digest of its kind and its channels."""
    return {name: digest([node.kind, sorted(node.writes)])[:8] for name, node in NODES.items()}


class Bound(Protocol):
    """A node with its deps, as langgraph calls it."""

    def __call__(self, state: TicketState, config: RunnableConfig) -> Update: ...


def bound(name: str, deps: Deps) -> Bound:
    """The named node with its deps: a decide node's reads are recorded, undeclared channels are refused."""
    node = NODES[name]

    def run(state: TicketState, config: RunnableConfig) -> Update:
        if "ticket" not in state:
            raise MisuseError("this thread belongs to no ticket", where=name, detail="no_ticket")
        _point(deps, node, "before")
        with deps.tracer.span("node", name, state["ticket"], node_kind=node.kind, step=_step(node, config)):
            update = node.function(state, deps=_scoped(node, deps, state, config))
            unknown = set(update) - node.writes
            if unknown:
                raise MisuseError(f"node {name} writes {sorted(unknown)}, which it does not declare", detail="channel")
            _point(deps, node, "after")
            return update

    return run


def _scoped(node: Node, deps: Deps, state: TicketState, config: RunnableConfig) -> Deps:
    """Deps whose reads are recorded under this step, for the kinds of node that read; who is signed in, for the rest.

    Only a server that knows its callers says who that is: nothing of ours sets it.
    """
    if node.kind == "record":
        return replace(deps, person=str(config.get("configurable", {}).get("langgraph_auth_user_id", "")))
    if node.kind not in ("decide", "ask"):
        return deps
    return deps.scope(deps, state["ticket"], _step(node, config))


def _point(deps: Deps, node: Node, place: str) -> None:
    """A wait node holds nothing but its interrupt, so it has no points."""
    if deps.on_point and node.kind != "wait":
        deps.on_point(f"{place} {node.name}")


def _step(node: Node, config: RunnableConfig) -> str:
    """The step's name in the journal: a crash re-runs a step under the same number, a loop under the next."""
    number = config.get("metadata", {}).get("langgraph_step", 0)
    return f"{number}/{node.name}"
