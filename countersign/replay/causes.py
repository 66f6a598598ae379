"""Which of the things that a step goes by has changed: what a divergence is named after."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from countersign.domain.frozen import Frozen
from countersign.replay.found import Cause, CauseKind
from graphs.catalog import NODES
from nodes.reason.playbooks.case import handlers

_KINDS: Mapping[str, CauseKind] = {
    "rule": "policy rule", "template": "reply template", "triage": "triage model", "prompt": "prompt",
    "setting": "desk setting", "playbook": "code", "node": "code", "code": "code", "graph": "code",
}  # fmt: skip
_UNKNOWN = Cause(
    kind="nothing recorded", name="no part of the desk has changed: a library, the data behind a port, or the record"
)
_MOST = 5
_ORDER: Mapping[str, tuple[str, ...]] = {
    "triage": ("triage", "setting", "node", "code"),
    "playbook": ("playbook", "setting", "node", "code"),
    "draft": ("template", "setting", "node", "code"),
    "check": ("setting", "node", "code"),
    "authorize": ("rule", "setting", "node", "code"),
}
"""What a node goes by, the nearest first; any other node goes by prompts and code."""
_OTHERWISE = ("prompt", "node", "graph", "code")


class Step(Frozen):
    """A step that came to something else, as far as its causes are concerned."""

    node: str
    then: dict[str, Any]
    now: dict[str, Any]
    requests: tuple[str, ...] = ()
    """What triage named in the turn."""
    other_way: bool = False
    """Another node came next than then."""


def causes(step: Step, then: Mapping[str, str], now: Mapping[str, str], facts: Sequence[Cause]) -> tuple[Cause, ...]:
    """What has changed between two states of the desk that the step goes by, the nearest first."""
    named = [*facts, *changes(_near(step), then, now)]
    own_order = _order(step.node)
    order = (*own_order, *_KINDS)
    kinds = ("graph", *order) if step.other_way else order
    wider = changes(sorted({*then, *now}, key=lambda name: kinds.index(name.partition(":")[0])), then, now)
    found = list(dict.fromkeys((*named, *wider)))
    own = {_kind(name) for name in own_order} | {"fact"}
    if step.other_way:
        own.add("code")
    return tuple([cause for cause in found if cause.kind in own][:_MOST] or found[:_MOST]) or (_UNKNOWN,)


def _order(node: str) -> tuple[str, ...]:
    own = _ORDER.get(node, _OTHERWISE)
    return ("prompt", *own) if node in NODES and NODES[node].kind == "ask" else own


def changes(names: Iterable[str], then: Mapping[str, str], now: Mapping[str, str]) -> list[Cause]:
    """Those of the named parts whose digests differ. Nothing is known to have changed where nothing was kept."""
    if not then:
        return []
    differing = [name for name in dict.fromkeys(names) if then.get(name) != now.get(name)]
    return [
        Cause(kind=_kind(name), name=_shown(name), then=then.get(name, ""), now=now.get(name, "")) for name in differing
    ]


def used(steps: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """The parts that a ticket was handled with, as far as its steps name them."""
    yield from ("graph:shape", "triage:model")
    for node, wrote in steps:
        yield f"node:{node}"
        yield from _of(node, wrote)


def _near(step: Step) -> Iterator[str]:
    """The parts that the step itself names, then those it is made of."""
    for wrote in (step.then, step.now):
        yield from _of(step.node, wrote)
    if step.node == "playbook":
        yield from _code_of(step.requests)
    yield f"node:{step.node}"
    if step.node in NODES:
        yield f"code:{NODES[step.node].function.__module__}"


def _of(node: str, wrote: Mapping[str, Any]) -> Iterator[str]:
    match node:
        case "triage":
            yield "triage:model"
        case "playbook":
            yield from _code_of(str(plan.get("request")) for plan in _list(wrote, "plans"))
        case "draft":
            draft = cast("Mapping[str, Any]", wrote.get("draft") or {})
            names = cast("list[str]", [*(draft.get("templates") or ()), "letter"]) if draft else []
            yield from (f"template:{draft.get('language')}/{name}" for name in names)
        case "authorize":
            verdict = cast("Mapping[str, Any]", wrote.get("verdict") or {})
            yield from (
                f"rule:{rule}"
                for item in _list(verdict, "judged")
                for rule in item.get("decision", {}).get("rules", ())
            )
        case _:
            return


def _code_of(requests: Iterable[str]) -> Iterator[str]:
    for request in requests:
        yield f"playbook:{request}"
        if request in handlers():
            yield f"code:{handlers()[request].__module__}"


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return cast("list[Mapping[str, Any]]", value.get(name) or [])


def _kind(name: str) -> CauseKind:
    return _KINDS[name.partition(":")[0]]


def _shown(name: str) -> str:
    kind, _, own = name.partition(":")
    return {
        "playbook": f"playbook {own}", "node": f"node {own}", "graph": "the graph's nodes and edges",
        "triage": "the triage model", "code": f"module {own}",
    }.get(kind, own)  # fmt: skip
