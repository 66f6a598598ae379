"""The steps of a ticket's thread, read from its checkpoints: which node ran, and what it decided."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any, cast

from langgraph.types import StateSnapshot
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.words import line
from countersign.domain.money import Money
from countersign.domain.outcome import Dossier, Outcome, Progress, Review
from countersign.domain.perception import Memory, Perception, Sender, Triage
from countersign.domain.plan import Draft, Plan, Promise
from countersign.domain.resolution import Opinion, Resolution
from countersign.domain.ticket import InboxMessage, TicketRef
from countersign.domain.verdict import Finding, Verdict
from graphs.catalog import NODES

_KIND_STYLE = {"decide": "blue", "ask": "magenta", "record": "yellow", "do": "green", "wait": "red"}


@dataclass(frozen=True, slots=True)
class Step:
    """One node that ran, or that waits."""

    number: int
    """From 1, within the turn."""
    node: str
    wrote: Mapping[str, object]
    """The channels it wrote."""
    waits: bool = False

    @property
    def kind(self) -> str:
        """decide, ask, record, do or wait."""
        return NODES[self.node].kind if self.node in NODES else ""


def steps_of(history: Iterable[StateSnapshot], turn: int) -> tuple[Step, ...]:
    """A turn's steps in order, from the checkpoints of `graph.get_state_history`, newest first."""
    found: list[Step] = []
    for snapshot in reversed(list(history)):
        ref: TicketRef | None = cast("dict[str, Any]", snapshot.values).get("ticket")
        if ref is None or ref.turn != turn:
            continue
        found += [
            Step(number, task.name, cast("dict[str, object]", task.result or {}), waits=bool(task.interrupts))
            for number, task in enumerate(snapshot.tasks, len(found) + 1)
            if not task.name.startswith("__")
        ]
    return _answered(found)


def _answered(found: list[Step]) -> tuple[Step, ...]:
    """An interrupt stays in the checkpoint that it was raised in: only the last step can be waiting."""
    last = len(found)
    return tuple(Step(step.number, step.node, step.wrote, step.waits and step.number == last) for step in found)


def drawn(steps: Iterable[Step]) -> RenderableType:
    """A table: the node, its kind, and what it decided."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    rows.add_column("")
    rows.add_column("node", no_wrap=True)
    rows.add_column("kind", no_wrap=True)
    rows.add_column("what it came to", ratio=1)
    for step in steps:
        kind = Text(step.kind, style=kind_style(step.kind))
        rows.add_row(Text(str(step.number), style="dim"), Text(step.node, style="bold"), kind, Text(said(step)))
    return rows


def kind_style(kind: str) -> str:
    """A node's kind as a colour."""
    return _KIND_STYLE.get(kind, "")


def said(step: Step) -> str:
    """What a step came to; a value that another version of the program kept may not be one that can be told."""
    try:
        return "\n".join(lines(step)) or _SILENT.get(step.node, "")
    except (AttributeError, TypeError, KeyError):
        return "(kept by another version of the program)"


def lines(step: Step) -> Iterator[str]:
    """What a step wrote, one line for each thing; empty for what it only cleared."""
    if step.waits:
        yield "waits for a person"
    for channel, value in step.wrote.items():
        if value is not None and channel in _SAYS and (channel == "inbox" or step.node != _CLEARS):
            yield from (line(said) for said in _SAYS[channel](value) if said)


_CLEARS = "receive"
"""The node that clears the last turn's channels: what it writes there is nothing new."""
_SILENT = {
    "record_verdict": "writes proposals, decisions and grants or a review to the ledger",
    "review": "was woken",
}
"""What nodes do that write nothing to the state."""


def _count(found: Sized, name: str) -> str:
    return f"{len(found)} {name}" + ("" if len(found) == 1 else "s")


def _inbox(found: tuple[InboxMessage, ...]) -> Iterator[str]:
    yield f"{_count(found, 'message')} in the thread"


def _perception(found: Perception) -> Iterator[str]:
    entities = found.entities
    named = ", ".join((*entities.orders, *(str(amount) for amount in entities.amounts), *entities.codes))
    yield f"language {found.language}" + (f"; names {named}" if named else "")
    if found.redactions:
        yield f"took out: {', '.join(found.redactions)}"


def _sender(found: Sender) -> Iterator[str]:
    yield f"customer {found.customer or 'unknown'}, verified by {found.verified}"


def _memory(found: Memory) -> Iterator[str]:
    yield f"{_count(found.turns, 'earlier turn')}; other tickets of this sender: {found.other_tickets}"


def _triage(found: Triage) -> Iterator[str]:
    for intent in found.intents:
        sure = "by a model" if intent.named_by == "model" else f"{int(intent.confidence * 100) / 100:.2f}"
        yield f"{intent.request} ({sure})"
    if found.abstained:
        yield "can't name the request"
    yield from found.reasons


def _plans(found: tuple[Plan, ...]) -> Iterator[str]:
    for plan in found:
        yield f"{plan.request}: {_count(plan.facts, 'fact')}, {_count(plan.proposals, 'proposal')}" + _template(plan)
        yield from (proposal.summary for proposal in plan.proposals)
        yield plan.complex


def _resolution(found: Resolution) -> Iterator[str]:
    yield f"stopped: {found.failed}" if found.failed else found.summary
    yield from (f"hands back {intent.request}" for intent in found.intents)
    if found.lookups:
        yield f"{_count(found.lookups, 'lookup')}: {', '.join(dict.fromkeys(one.tool for one in found.lookups))}"
    if found.plan:
        yield f"{found.confidence} confidence, {_count(found.plan.facts, 'fact')}"
        yield from (proposal.summary for proposal in found.plan.proposals)
    yield from (f"open: {question}" for question in found.questions)


def _opinion(found: Opinion) -> Iterator[str]:
    yield ("agrees" if found.agrees else "disagrees") if found.asked else "nobody was asked"
    yield from found.reasons


def _template(plan: Plan) -> str:
    return f", reply {plan.reply.template}" if plan.reply else ""


def _draft(found: Draft) -> Iterator[str]:
    yield f"a reply of {len(found.body)} characters to {found.to}"
    for promise in found.promises:
        yield f"promises {_promised(promise)}"


def _promised(promise: Promise) -> str:
    money = Money(amount=promise.amount, currency=promise.currency or "EUR") if promise.amount is not None else ""
    return f"{promise.kind} of {promise.target} {money}".strip()


def _findings(found: tuple[Finding, ...]) -> Iterator[str]:
    yield "" if found else "finds nothing wrong"
    yield from (f"{finding.code}: {finding.text}" for finding in found)


def _verdict(found: Verdict) -> Iterator[str]:
    yield found.answer + (f", by {found.approver}" if found.approver != "policy" else "")
    for judged in found.judged:
        yield f"{judged.decision.answer} by {', '.join(judged.decision.rules)}"


def _review(found: Review) -> Iterator[str]:
    yield f"{found.answer} by {found.by}" if found.answer else found.status


def _progress(found: Progress) -> Iterator[str]:
    yield f"{found.done} done, {found.remaining} left"
    yield found.problem


def _dossier(found: Dossier) -> Iterator[str]:
    yield found.reason


def _outcome(found: Outcome) -> Iterator[str]:
    yield found.kind.replace("_", " ")


_SAYS: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "inbox": _inbox,
    "perception": _perception,
    "sender": _sender,
    "memory": _memory,
    "triage": _triage,
    "plans": _plans,
    "resolution": _resolution,
    "opinion": _opinion,
    "draft": _draft,
    "findings": _findings,
    "verdict": _verdict,
    "review": _review,
    "progress": _progress,
    "dossier": _dossier,
    "outcome": _outcome,
}
"""How each channel's value is said; a channel that is not here is not said."""
