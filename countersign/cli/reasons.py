"""Draws who decided what about a ticket, and why."""

from pydantic import JsonValue
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from countersign.cli.style import ANSWER_STYLE, ANSWERED_QUESTION, console, line
from countersign.display.values import each, inner, intents, pairs, text, texts

_DIGEST = 16
"""Characters of a digest that are drawn; `--json` has all of it."""


def print_reasons(found: JsonValue) -> None:
    """For each turn: what triage said, each verdict's decisions with rules and facts, reviews, effects, outcome."""
    out = console()
    ticket = inner(found, "ticket")
    subject = line(text(ticket, "subject"), 90)
    out.print(Text.assemble((text(ticket, "id"), "bold"), "  ", text(ticket, "status"), "  ", (subject, "bold")))
    for turn in each(found, "turns"):
        _print_turn(out, turn)


def _print_turn(out: Console, turn: JsonValue) -> None:
    senders = ", ".join(line(text(message, "sender")) for message in each(turn, "messages"))
    out.print(Text(f"\nturn {text(turn, 'turn')}, written by {senders}", style="bold underline"))
    _print_triage(out, turn)
    for verdict in each(turn, "verdicts"):
        _print_verdict(out, verdict)
    for review in each(turn, "reviews"):
        _print_review(out, review)
    for effect in each(turn, "effects"):
        _print_effect(out, effect)
    outcome = inner(turn, "outcome")
    if outcome:
        reason = line(text(outcome, "reason"))
        _print(out, Text.assemble(("outcome ", "bold"), text(outcome, "kind"), f": {reason}" if reason else ""))


def _print_triage(out: Console, turn: JsonValue) -> None:
    triage = inner(turn, "triage")
    if triage is None:
        return
    said = intents(triage) or "can't name the request"
    _print(out, Text.assemble(("triage ", "bold"), said, (f"  model {_short(text(triage, 'model'))}", "dim")))
    for reason in texts(triage, "reasons"):
        _print(out, Text(reason, style="dim"), 4)
    if not intents(triage) and inner(turn, "verdicts"):
        _print(out, Text(ANSWERED_QUESTION), 4)


def _print_verdict(out: Console, verdict: JsonValue) -> None:
    answer, approver = text(verdict, "answer"), line(text(verdict, "approver"))
    sender = inner(verdict, "sender")
    customer = line(text(sender, "customer")) or "unknown"
    policies = dict.fromkeys(_short(text(decision, "policy")) for decision in each(verdict, "decisions"))
    about = (
        f"  policy {', '.join(policies)}, asked by customer {customer}, verified: {text(sender, 'verified') or 'none'}"
    )
    style = ANSWER_STYLE.get(answer, "")
    _print(out, Text.assemble(("verdict ", "bold"), (answer, style), f" by {approver}", (about, "dim")))
    for reason in texts(verdict, "reasons"):
        _print(out, Text(reason, style="yellow"), 4)
    for decision in each(verdict, "decisions"):
        _print_decision(out, decision)


def _print_decision(out: Console, decision: JsonValue) -> None:
    proposal, answer = inner(decision, "proposal"), text(decision, "answer")
    what = Text.assemble((f"{answer:<5} ", ANSWER_STYLE.get(answer, "")), line(text(proposal, "summary")))
    _print(out, what, 4)
    rows = (
        ("rules", ", ".join(texts(decision, "rules"))),
        ("because", line(text(decision, "reason"))),
        ("proposed by", f"{text(proposal, 'by_kind')} {line(text(proposal, 'by_id'))}"),
        ("facts", pairs(decision, "context")),
        ("version", line(text(decision, "version"))),
    )
    grid = Table.grid(padding=(0, 2))
    for name, value in rows:
        if value:
            grid.add_row(Text(name, style="dim"), Text(value))
    out.print(Padding(grid, (0, 0, 0, 10)))


def _print_review(out: Console, review: JsonValue) -> None:
    status = text(review, "status")
    answer = f" {text(review, 'answer')} by {line(text(review, 'by'))}" if status == "answered" else ""
    _print(out, Text.assemble(("review ", "bold"), (f"{status}{answer}", "yellow"), f"  {text(review, 'id')}"))
    for said in (*texts(review, "reasons"), line(text(review, "text"))):
        if said:
            _print(out, Text(said, style="dim"), 4)


def _print_effect(out: Console, effect: JsonValue) -> None:
    grant = inner(effect, "grant")
    given = f"  grant {text(grant, 'id')} by {line(text(grant, 'approver'))}"
    receipt = line(text(effect, "receipt", "reference"), 24)
    proof = f"  receipt {receipt}" if receipt else ""
    what = f"{text(effect, 'kind')} {line(text(effect, 'target'))} {text(effect, 'status')}"
    _print(out, Text.assemble(("effect ", "bold"), what, (given + proof, "dim")))


def _short(digest: str) -> str:
    return digest[:_DIGEST]


def _print(out: Console, said: Text, indent: int = 2) -> None:
    out.print(Padding(said, (0, 0, 0, indent)))
