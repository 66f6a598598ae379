"""Draws who decided what about a ticket, and why."""

from collections.abc import Iterator

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from countersign.display import resolution
from countersign.display.values import each, inner, intents, pairs, text, texts
from countersign.display.words import ANSWER_STYLE, ANSWERED_QUESTION, line

_DIGEST = 16
"""Characters of a digest that are drawn; `countersign why --json` has all of it."""


def reasons(found: JsonValue) -> RenderableType:
    """For each turn: what triage said, each verdict's decisions with rules and facts, reviews, effects, outcome."""
    ticket = inner(found, "ticket")
    subject = line(text(ticket, "subject"), 90)
    head = Text.assemble((text(ticket, "id"), "bold"), "  ", text(ticket, "status"), "  ", (subject, "bold"))
    return Group(head, *(part for turn in each(found, "turns") for part in _turn(turn)))


def _turn(turn: JsonValue) -> Iterator[RenderableType]:
    senders = ", ".join(line(text(message, "sender")) for message in each(turn, "messages"))
    yield Text("")
    yield Text(f"turn {text(turn, 'turn')}, written by {senders}", style="bold underline")
    yield from _triage(turn)
    for label in each(turn, "labels"):
        yield _label(label)
    for found in each(turn, "resolutions"):
        yield from _resolution(found)
    for verdict in each(turn, "verdicts"):
        yield from _verdict(verdict)
    for review in each(turn, "reviews"):
        yield from _review(review)
    for effect in each(turn, "effects"):
        yield _effect(effect)
    outcome = inner(turn, "outcome")
    if outcome:
        reason = line(text(outcome, "reason"))
        yield _under(Text.assemble(("outcome ", "bold"), text(outcome, "kind"), f": {reason}" if reason else ""))


def _triage(turn: JsonValue) -> Iterator[RenderableType]:
    triage = inner(turn, "triage")
    if triage is None:
        return
    said = intents(triage) or "can't name the request"
    version = text(triage, "version")
    which = f"version {version}, " if version not in ("", "0") else ""
    yield _under(Text.assemble(("triage ", "bold"), said, (f"  {which}model {_short(text(triage, 'model'))}", "dim")))
    for reason in texts(triage, "reasons"):
        yield _under(Text(reason, style="dim"), 4)
    if not intents(triage) and inner(turn, "verdicts") and not inner(turn, "resolutions"):
        yield _under(Text(ANSWERED_QUESTION), 4)


def _label(label: JsonValue) -> RenderableType:
    said = ", ".join(texts(label, "requests"))
    gone = "  its text was removed" if text(label, "removed_at") else ""
    return _under(Text.assemble(("label ", "bold"), said, f" by {line(text(label, 'by'))}", (gone, "dim")))


def _resolution(found: JsonValue) -> Iterator[RenderableType]:
    yield Padding(resolution.title(found), (0, 0, 0, 2))
    for part in resolution.body(found):
        yield Padding(part, (0, 0, 0, 4))
    yield _under(Text(f"prompt {_short(text(found, 'prompt'))}", style="dim"), 4)


def _verdict(verdict: JsonValue) -> Iterator[RenderableType]:
    answer, approver = text(verdict, "answer"), line(text(verdict, "approver"))
    sender = inner(verdict, "sender")
    customer = line(text(sender, "customer")) or "unknown"
    policies = dict.fromkeys(_short(text(decision, "policy")) for decision in each(verdict, "decisions"))
    about = (
        f"  policy {', '.join(policies)}, asked by customer {customer}, verified: {text(sender, 'verified') or 'none'}"
    )
    style = ANSWER_STYLE.get(answer, "")
    yield _under(Text.assemble(("verdict ", "bold"), (answer, style), f" by {approver}", (about, "dim")))
    for reason in texts(verdict, "reasons"):
        yield _under(Text(reason, style="yellow"), 4)
    for decision in each(verdict, "decisions"):
        yield from _decision(decision)


def _decision(decision: JsonValue) -> Iterator[RenderableType]:
    proposal, answer = inner(decision, "proposal"), text(decision, "answer")
    what = Text.assemble((f"{answer:<5} ", ANSWER_STYLE.get(answer, "")), line(text(proposal, "summary")))
    yield _under(what, 4)
    rows = (
        ("rules", ", ".join(texts(decision, "rules"))),
        ("because", line(text(decision, "reason"))),
        ("proposed by", f"{text(proposal, 'by_kind')} {line(text(proposal, 'by_id'))}"),
        ("facts", pairs(decision, "context")),
        ("version", line(text(decision, "version"))),
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, value in rows:
        if value:
            grid.add_row(Text(name, style="dim"), Text(value))
    yield Padding(grid, (0, 0, 0, 10))


def _review(review: JsonValue) -> Iterator[RenderableType]:
    status = text(review, "status")
    answer = f" {text(review, 'answer')} by {line(text(review, 'by'))}" if status == "answered" else ""
    yield _under(Text.assemble(("review ", "bold"), (f"{status}{answer}", "yellow"), f"  {text(review, 'id')}"))
    for said in (*texts(review, "reasons"), line(text(review, "text"))):
        if said:
            yield _under(Text(said, style="dim"), 4)


def _effect(effect: JsonValue) -> RenderableType:
    grant = inner(effect, "grant")
    given = f"  grant {text(grant, 'id')} by {line(text(grant, 'approver'))}"
    receipt = line(text(effect, "receipt", "reference"), 24)
    proof = f"  receipt {receipt}" if receipt else ""
    what = f"{text(effect, 'kind')} {line(text(effect, 'target'))} {text(effect, 'status')}"
    return _under(Text.assemble(("effect ", "bold"), what, (given + proof, "dim")))


def _short(digest: str) -> str:
    return digest[:_DIGEST]


def _under(said: Text, indent: int = 2) -> Padding:
    return Padding(said, (0, 0, 0, indent))
