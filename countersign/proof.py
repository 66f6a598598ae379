"""What can be proven about the graph without running it: every road to an effect leads through the gates.

Two things are read: the compiled graph's own edges, and the source of all that graphs, nodes and agents are made of.
"""

import ast
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any, cast, get_args

from langchain_core.tools import BaseTool
from langgraph.graph import END, START
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode

from countersign.domain.frozen import Frozen
from countersign.domain.plan import Kind
from countersign.ports import Deps, Gateway, Outbox, ShopWrites
from graphs.agents.toolbox import toolbox
from graphs.catalog import NODES, Node
from graphs.support import support_graph
from tools.lookups.casebook import Casebook

GATES = ("check", "authorize", "record_verdict")
"""Every road to an effect leads through each of them."""
_WRITES = frozenset(
    name
    for port in (ShopWrites, Outbox, Gateway)
    for name in vars(port)
    if not name.startswith("_") and name != "lookup"
)
_MAY_WRITE = ("tools/actions/", "tools/gateway.py", "nodes/act/execute.py")
"""Where a call that changes the world may stand: the one node that acts, the one door, and what is behind it."""
_BEHIND = ("tools.actions", "tools.gateway")
_PACKAGES = ("graphs", "nodes", "tools")
Graph = CompiledStateGraph[Any, Any, Any, Any]
Edges = frozenset[tuple[str, str]]


class Fault(Frozen):
    """Something that would let an effect happen unasked: a stable code and one sentence."""

    code: str
    text: str


def faults() -> tuple[Fault, ...]:
    """What is wrong with the desk's compiled graph, with the resolver's tools and the source; nothing where proven."""
    graph = cast("Graph", support_graph(cast("Deps", None)))
    held = toolbox(cast("Casebook", None))
    sources = source_faults(Path(package).parent for package in _folders())
    return (*graph_faults(graph), *tool_faults("the resolver", held), *sources)


def graph_faults(graph: Graph, nodes: Mapping[str, Node] = NODES) -> tuple[Fault, ...]:
    """What is wrong with a compiled graph, whatever it was compiled from."""
    edges = edges_of(graph)
    checks: Iterable[Iterable[Fault]] = (
        _strangers(graph, nodes),
        _bypasses(edges, nodes),
        _roads_in(edges, nodes),
        _repeats(graph, nodes),
        _tools_held(graph),
        (fault for node in nodes.values() if node.kind == "wait" for fault in waiting_faults(node.function)),
    )
    return tuple(fault for found in checks for fault in found)


def edges_of(graph: Graph) -> Edges:
    """Every edge that the compiled graph has, those of its forks included."""
    drawn = graph.get_graph()
    return frozenset((edge.source, edge.target) for edge in drawn.edges)


def _strangers(graph: Graph, nodes: Mapping[str, Node]) -> Iterator[Fault]:
    for name in sorted(set(graph.nodes) - set(nodes) - {START}):
        yield Fault(code="graph.stranger", text=f"node {name} is not in the catalogue: nobody knows what it may do")


def _bypasses(edges: Edges, nodes: Mapping[str, Node]) -> Iterator[Fault]:
    """With any gate taken out, no effect can be reached from the start; nor from a wait without being judged again."""
    for act in _of_kind(nodes, "do"):
        for gate in GATES:
            if act in _reachable(edges, START, gate):
                yield Fault(code="graph.bypass", text=f"{act} can be reached around {gate}")
        for wait in _of_kind(nodes, "wait"):
            if act in _reachable(edges, wait, "authorize"):
                yield Fault(code="graph.bypass", text=f"{act} can be reached from {wait} around authorize")


def _roads_in(edges: Edges, nodes: Mapping[str, Node]) -> Iterator[Fault]:
    """Into an effect leads only the recorded verdict, and its own loop; what is asked about leads to a wait."""
    for act in _of_kind(nodes, "do"):
        for start in sorted(start for start, end in edges if end == act and start not in (act, "record_verdict")):
            yield Fault(code="graph.road", text=f"{start} leads straight to {act}")
    if not any((("record_verdict", wait) in edges) for wait in _of_kind(nodes, "wait")):
        yield Fault(
            code="graph.unasked", text="what is asked about leads to nobody: record_verdict has no way to a wait"
        )


def _repeats(graph: Graph, nodes: Mapping[str, Node]) -> Iterator[Fault]:
    """Nothing runs an effect again by itself, or remembers it in its place."""
    for act in _of_kind(nodes, "do"):
        spec = graph.builder.nodes.get(act)
        if any(getattr(spec, name, None) for name in ("retry_policy", "cache_policy", "timeout")):
            yield Fault(code="graph.repeats", text=f"{act} has a retry policy, a timeout or a cache")


def _tools_held(graph: Graph) -> Iterator[Fault]:
    """The tools of every agent inside the graph."""
    below = cast("Iterable[tuple[str, Any]]", cast("Any", graph).get_subgraphs(recurse=True))
    for name, inner in [("the graph", graph), *below]:
        for node in inner.nodes.values():
            bound = getattr(node, "bound", None)
            if isinstance(bound, ToolNode):
                yield from tool_faults(name, bound.tools_by_name.values())


def tool_faults(agent: str, tools: Iterable[BaseTool]) -> Iterator[Fault]:
    """An agent holds lookups and proposals; no tool is an effect, comes from behind the gateway, or calls a write."""
    for held in tools:
        reached = list(_reached(getattr(held, "func", None) or getattr(held, "coroutine", None)))
        behind = any(str(getattr(part, "__module__", "")).startswith(_BEHIND) for part in reached)
        writes = any(_names_a_write(part) for part in reached if isinstance(part, CodeType))
        if held.name in get_args(Kind) or behind or writes:
            yield Fault(code="agent.write", text=f"{agent} holds {held.name}, which acts")


def _names_a_write(code: CodeType) -> bool:
    """Whether it uses a name that writes, in anything but `tools.proposals`, whose constructors have the same names."""
    said = list(dis.get_instructions(code))
    return any(
        name.opcode in dis.hasname and name.argval in _WRITES and holder.argval != "proposals"
        for holder, name in pairwise(said)
    )


def _reached(function: Any) -> Iterator[Any]:
    """A function, what it closes over, a tool's own call among it, and the code of all that, functions inside too."""
    waiting, seen = [function], set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting.extend(cell.cell_contents for cell in getattr(part, "__closure__", None) or ())
        waiting.extend(const for const in getattr(part, "co_consts", ()) if hasattr(const, "co_names"))
        waiting.extend(getattr(part, name) for name in ("__code__", "call") if hasattr(part, name))


def waiting_faults(function: Callable[..., Any]) -> Iterator[Fault]:
    """A node that waits does nothing but interrupt: nothing before it, nothing around it, nothing that touches deps."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    name = getattr(function, "__name__", "a node")
    body = [node for node in getattr(tree, "body", []) if not isinstance(node, ast.Delete | ast.Expr)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "interrupt"]
    first = body[0] if body else None
    alone = isinstance(first, ast.Assign | ast.AnnAssign | ast.Return) and any(
        node in calls for node in ast.walk(first)
    )
    loose = any(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) for node in getattr(tree, "body", []))
    reads = any(isinstance(node, ast.Name) and node.id == "deps" for part in body for node in ast.walk(part))
    if len(calls) != 1 or not alone or loose or reads or len(body) > 2:
        yield Fault(code="wait.busy", text=f"{name} waits and does something else as well")


def source_faults(folders: Iterable[Path]) -> Iterator[Fault]:
    """No module but the door and what is behind it calls anything that changes the world, agents' modules included."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder.parent).as_posix()
            if not place.startswith(_MAY_WRITE):
                yield from _writes_in(place, ast.parse(path.read_text(encoding="utf-8")))


def _writes_in(place: str, tree: ast.AST) -> Iterator[Fault]:
    """Calls like `deps.shop.refund(...)`, `shop.refund(...)` and `deps.outbox.send(...)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _WRITES:
            continue
        holder = node.func.value
        owner = holder.attr if isinstance(holder, ast.Attribute) else holder.id if isinstance(holder, ast.Name) else ""
        if owner in ("shop", "outbox", "gateway"):
            yield Fault(code="source.write", text=f"{place}:{node.lineno} calls {owner}.{node.func.attr}")


def _folders() -> list[str]:
    found = [find_spec(name) for name in _PACKAGES]
    return [str(spec.origin) for spec in found if spec and spec.origin]


def _called(node: ast.Call) -> str:
    return (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )


def _of_kind(nodes: Mapping[str, Node], kind: str) -> list[str]:
    return [name for name, node in nodes.items() if node.kind == kind]


def _reachable(edges: Edges, start: str, without: str) -> set[str]:
    """Every node that can be reached from the start without passing through one of them."""
    seen, waiting = set[str](), [start]
    while waiting:
        node = waiting.pop()
        waiting.extend(end for begin, end in edges if begin == node and end not in seen and end not in (without, END))
        seen.add(node)
    return seen - {start}
