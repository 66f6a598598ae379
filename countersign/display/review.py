"""Draws what a person reviews: the messages, the facts, what is proposed and what undoes it, who asked, the draft."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from countersign.display.inbox import span
from countersign.display.words import ANSWER_STYLE, line, paragraph, status_style, status_word

if TYPE_CHECKING:
    from countersign.review import Shown, ShownProposal

_LONGEST_MESSAGE = 3000
"""Characters of a customer's message that are drawn."""
_UNDO = "It can't be undone."


def review(shown: "Shown", now: datetime) -> RenderableType:
    """Everything that an answer is about, in the order in which one reads it."""
    return Group(*_parts(shown, now))


def _parts(shown: "Shown", now: datetime) -> Iterator[RenderableType]:
    yield _head(shown, now)
    for message in shown.messages:
        title = f"{line(message.sender, 80)} wrote"
        yield _box(paragraph(message.text, _LONGEST_MESSAGE) or Text("(no text)", style="dim"), title, "cyan")
    if shown.facts:
        yield _facts(shown)
    for note in shown.notes:
        yield Text.assemble(("note  ", "dim"), line(note))
    for doubt in shown.doubts:
        yield Text.assemble(("doubt  ", "yellow"), line(doubt))
    for number, proposal in enumerate(shown.proposals, start=1):
        yield _proposal(number, proposal)
    if shown.draft is not None:
        title = f"reply to {line(shown.draft.to, 80)}: {line(shown.draft.subject, 120)}"
        yield _box(paragraph(shown.draft.body), title, "green")
    yield from _questions(shown)


def _head(shown: "Shown", now: datetime) -> Text:
    ticket, sender = shown.ticket, shown.sender
    about = ": ".join(part for part in (ticket.category, ", ".join(ticket.requests)) if part)
    head = Text.assemble(
        (ticket.id, "bold"), "  ", (status_word(ticket.status), f"bold {status_style(ticket.status)}"), "  ",
        (about, "cyan"), "\n", (line(ticket.subject) or "(no subject)", "bold"),
    )  # fmt: skip
    verified = {"address": "known by address", "details": "known by details", "none": "not verified"}
    known = f", {verified[sender.verified]}" if sender else ""
    customer = f", customer {line(ticket.customer)}" if ticket.customer else ""
    head.append(f"\nfrom {line(ticket.sender) or 'nobody'}{customer}{known}", style="dim")
    if shown.deadline is not None:
        head.append(f"\nanswer by {shown.deadline:%d %b %H:%M} UTC, in {span(shown.deadline - now)}", style="yellow")
    if shown.risk is not None:
        head.append(f"\nat risk: {shown.risk}", style="bold")
    if ticket.reason:
        head.append(f"\n{line(ticket.reason)}", style="blue")
    for turn in shown.history:
        head.append(
            f"\nturn {turn.turn} before: {turn.outcome} ({', '.join(turn.requests) or 'no request'})", style="dim"
        )
    return head.append("\n")


def _facts(shown: "Shown") -> Table:
    grid = Table.grid(padding=(0, 2))
    for fact in dict.fromkeys(shown.facts):
        grid.add_row(
            Text(line(fact.name), style="dim"), Text(line(fact.value), style="bold"), Text(fact.source, style="dim")
        )
    return grid


def _proposal(number: int, proposal: "ShownProposal") -> Text:
    """What would happen, what undoes it, and what policy says to it."""
    done = "  (done already)" if proposal.done else ""
    shown = Text.assemble((f"{number}. ", "dim"), (line(proposal.summary), "bold"), (done, "green"))
    shown.append(f"\n   {proposal.kind} of {proposal.target}", style="dim")
    shown.append(f"\n   {line(proposal.undo) if proposal.undo else _UNDO}", style="" if proposal.undo else "red")
    if proposal.taken_back:
        shown.append(f"\n   if a later step fails: {line(proposal.taken_back)}", style="cyan")
    said = ", ".join(proposal.rules)
    shown.append(f"\n   policy: {proposal.answer} ({said})", style=ANSWER_STYLE.get(proposal.answer, ""))
    return shown


def _questions(shown: "Shown") -> Iterator[Text]:
    """Why a person is asked: the rules that asked and what the quality gate found."""
    for reason in shown.reasons:
        yield Text.assemble(("asks  ", "yellow"), line(reason))


def _box(content: RenderableType, title: str, style: str) -> Panel:
    return Panel(content, title=Text(title, style="dim"), title_align="left", box=box.ROUNDED, padding=(0, 1),
                 border_style=f"dim {style}")  # fmt: skip
