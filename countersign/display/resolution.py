"""Draws what the resolver came to: what it looked up, on what it rests, what stays open, who agrees."""

from collections.abc import Iterator

from pydantic import JsonValue
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.values import each, inner, text, texts
from countersign.display.words import line

_LONGEST_VALUE = 140
_MOST_LOOKUPS = 12


def title(found: JsonValue) -> Text:
    """What sat in the seat, how sure it was, and how it ended."""
    engine = " ".join(part for part in (text(found, "engine", "kind"), line(text(found, "engine", "name"))) if part)
    rounds = text(found, "round")
    again = ", second round" if rounds == "2" else ""
    calls = text(found, "calls")
    head = Text.assemble(("resolver", "bold"), " ", (_ended(found), "magenta"))
    return head.append(f"  {engine or 'nobody'}, asked {calls} time{'' if calls == '1' else 's'}{again}", style="dim")


def body(found: JsonValue) -> Iterator[RenderableType]:
    """The summary, the lookups, the facts with their sources, open questions, and the second opinion."""
    if text(found, "summary"):
        yield Text(line(text(found, "summary"), 600))
    looked = [_lookup(lookup) for lookup in each(found, "lookups")][:_MOST_LOOKUPS]
    if looked:
        yield Text.assemble(("looked up ", "dim"), ", ".join(looked))
    facts = list(each(found, "plan", "facts"))
    if facts:
        yield _facts(facts)
    for question in texts(found, "questions"):
        yield Text.assemble(("open ", "yellow"), question)
    yield from _opinion(inner(found, "opinion"))


def _ended(found: JsonValue) -> str:
    failed = text(found, "failed")
    if failed:
        return f"stopped: {line(failed)}"
    handed = ", ".join(line(text(intent, "request")) for intent in each(found, "intents"))
    if handed:
        return f"hands back {handed}"
    sure = f"{text(found, 'confidence')} confidence"
    return f"plans, {sure}" if inner(found, "plan", "reply") else f"knows no answer, {sure}"


def _lookup(lookup: JsonValue) -> str:
    about = line(text(lookup, "about"), 40)
    problem = line(text(lookup, "problem"))
    came = problem or f"{text(lookup, 'found')} new"
    return f"{text(lookup, 'tool')}{f' {about}' if about else ''} ({came})"


def _facts(facts: list[JsonValue]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for fact in facts:
        value = Text(line(text(fact, "value"), _LONGEST_VALUE), style="bold")
        grid.add_row(Text(line(text(fact, "name")), style="dim"), value, Text(line(text(fact, "source")), style="dim"))
    return grid


def _opinion(opinion: JsonValue) -> Iterator[RenderableType]:
    if opinion is None:
        return
    said = ("agrees" if inner(opinion, "agrees") else "disagrees") if inner(opinion, "asked") else "not asked"
    yield Text.assemble(
        ("second opinion ", "dim"), said, "".join(f"; {reason}" for reason in texts(opinion, "reasons"))
    )
