"""Draws a ticket's timeline: what came in, what triage named, what was decided, what happened, the reply."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pydantic import JsonValue
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from countersign.display import resolution
from countersign.display.values import each, inner, intents, text, texts
from countersign.display.words import ANSWER_STYLE, ANSWERED_QUESTION, line, paragraph, status_style, status_word
from countersign.domain.errors import StorageError
from countersign.domain.redaction import redact
from countersign.domain.ticket import Message
from countersign.ledger.read import Event
from countersign.ports import Blobs

_LONGEST_MESSAGE = 1500
"""Characters of a customer's message that are drawn; the whole of it is kept in Blobs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the timeline as it is drawn."""

    title: Text
    body: tuple[RenderableType, ...] = ()
    style: str = "white"


def head(ticket: JsonValue) -> Text:
    """Three lines: number, status and requests; the subject; who wrote."""
    status = text(ticket, "status")
    requests = ", ".join(texts(ticket, "requests"))
    about = ": ".join(part for part in (text(ticket, "category"), requests) if part)
    customer = line(text(ticket, "customer"))
    known = f", customer {customer}" if customer else ""
    return Text.assemble(
        (text(ticket, "id"), "bold"),
        "  ",
        (status_word(status), f"bold {status_style(status)}"),
        "  ",
        (about, "cyan"),
        "\n",
        (line(text(ticket, "subject")) or "(no subject)", "bold"),
        "\n",
        (f"from {line(text(ticket, 'sender')) or 'nobody'}{known}", "dim"),
    )


def drawn(events: Sequence[Event], blobs: Blobs) -> Table:
    """A column of times, a line with a mark for each step, and the steps."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    for event, entry in _entries(events, blobs):
        grid.add_row(Text(_time(event.at)), Text("●", style=entry.style), Group(entry.title, *entry.body))
    return grid


def _entries(events: Sequence[Event], blobs: Blobs) -> Iterator[tuple[Event, Entry]]:
    """The steps to draw: grants given together are one, an effect is drawn when it is known how it ended."""
    ended = {text(event.details["effect"], "id") for event in events if event.event in _ENDS}
    ruled = {event.turn for event in events if event.event == "verdict.recorded"}
    resolved = {event.turn for event in events if event.event == "resolution"}
    shown_reply = ""
    for name, group in groupby(events, key=lambda event: event.event):
        same = list(group)
        if name == "grant.given":
            yield same[0], _granted(same)
            continue
        for event in same:
            if name == "message.accepted":
                yield event, _received(event, blobs)
            elif name == "triage":
                yield event, _triage(event, event.turn in ruled - resolved)
            elif name == "resolution":
                yield event, Entry(resolution.title(event.details), tuple(resolution.body(event.details)), "magenta")
            elif name == "verdict.recorded":
                reply = _reply_text(event)
                yield event, _verdict(event, "" if reply == shown_reply else reply)
                shown_reply = reply or shown_reply
            elif name == "effect.started" and text(event.details, "effect", "id") in ended:
                continue
            elif name in _ENTRIES:
                yield event, _ENTRIES[name](event)


def _received(event: Event, blobs: Blobs) -> Entry:
    """A message with its redacted text, or why that can't be shown."""
    message = inner(event.details, "message")
    sender, automatic = line(text(message, "sender")) or "nobody", text(message, "automatic")
    how = "authenticated" if inner(message, "authenticated") else "not authenticated"
    title = Text.assemble(("received", "bold"), f" from {sender}, {automatic or how}")
    if inner(message, "continued"):
        title.append(f"  (turn {event.turn})", style="dim")
    return Entry(title, (_message_text(text(message, "body"), blobs),), "cyan")


def _message_text(body: str, blobs: Blobs) -> RenderableType:
    try:
        message = Message.model_validate_json(blobs.get(body))
    except (StorageError, ValueError):
        return Text("(the message's text can't be read: run countersign doctor)", style="red")
    shown = paragraph(redact(message.text).text, _LONGEST_MESSAGE)
    files = [f"[{line(file.name, 60) or 'attachment'}, {file.media_type}]" for file in message.attachments]
    if files:
        shown.append(("\n" if shown.plain else "") + " ".join(files), style="dim")
    return _box(shown or Text("(no text)", style="dim"), "cyan")


def _triage(event: Event, ruled: bool) -> Entry:
    """`ruled`: the turn came to a verdict, so that an abstention was not the end of it."""
    said, reasons = intents(event.details), texts(event.details, "reasons")
    if said:
        return Entry(Text.assemble(("triage", "bold"), " ", (said, "cyan")), _lines(reasons))
    notes = (*reasons, ANSWERED_QUESTION) if ruled else reasons
    return Entry(Text.assemble(("triage", "bold"), " can't name the request"), _lines(notes), "blue")


def _verdict(event: Event, reply: str) -> Entry:
    """The decision on each proposal, and the reply where it is a new one."""
    answer = text(event.details, "answer")
    by = f" by {line(event.actor)}" if event.actor != "policy" else ""
    decisions = Table.grid(padding=(0, 2))
    for decision in each(event.details, "decisions"):
        said = text(decision, "answer")
        proposal = inner(decision, "proposal")
        why_not = f"\n{line(text(decision, 'reason'))}" if said != "allow" else ""
        decisions.add_row(
            Text(said, style=ANSWER_STYLE.get(said, "")),
            Text.assemble(
                line(text(proposal, "summary")),
                (f"\n{', '.join(texts(decision, 'rules'))}", "dim"),
                (why_not, "yellow"),
            ),
        )
    body: list[RenderableType] = [decisions]
    if reply:
        body.append(_box(paragraph(reply), "green"))
    style = ANSWER_STYLE.get(answer, "white")
    return Entry(Text.assemble(("verdict", "bold"), " ", (answer, style), by), tuple(body), style)


def _reply_text(event: Event) -> str:
    proposals = (inner(decision, "proposal") for decision in each(event.details, "decisions"))
    replies = (text(proposal, "args", "body") for proposal in proposals if text(proposal, "kind") == "send_reply")
    return next(replies, "")


def _granted(events: Sequence[Event]) -> Entry:
    """Grants that one verdict gave together."""
    first = inner(events[0].details, "grant")
    kinds = ", ".join(text(event.details, "proposal", "kind") for event in events)
    until = _time(text(first, "expires_at"))
    return Entry(Text.assemble(("granted", "bold"), f" {kinds}, by {line(text(first, 'approver'))}, until {until}"))


def _effect(word: str, style: str) -> Callable[[Event], Entry]:
    def entry(event: Event) -> Entry:
        effect = inner(event.details, "effect")
        receipt = inner(effect, "receipt")
        reference = line(text(receipt, "reference"), 24)
        title = Text.assemble((f"{text(effect, 'kind')} {word}", f"bold {style}"), f"  {line(text(effect, 'target'))}")
        if reference and word == "done":
            title.append(f"  receipt {reference}", style="dim")
        problem = line(text(effect, "problem")) if word != "done" else ""
        return Entry(title, _lines((problem,)), style)

    return entry


def _review(word: str, style: str) -> Callable[[Event], Entry]:
    def entry(event: Event) -> Entry:
        review = inner(event.details, "review")
        by = f" by {line(text(review, 'by'))}: {text(review, 'answer')}" if word == "answered" else ""
        until = f", open until {_time(text(review, 'deadline'))}" if word == "opened" else ""
        said = texts(review, "reasons") if word == "opened" else (line(text(review, "text")),)
        return Entry(Text.assemble((f"review {word}", f"bold {style}"), by, until), _lines(said), style)

    return entry


def _outcome(event: Event) -> Entry:
    outcome = inner(event.details, "outcome")
    kind = text(outcome, "kind")
    body: list[RenderableType] = list(_lines((line(text(outcome, "reason")),)))
    dossier = inner(outcome, "dossier")
    for name in ("notes", "suggestions"):
        found = texts(dossier, name)
        if found:
            body += [Text(f"{name}:", style="dim"), *(Text(f"  {item}") for item in found)]
    style = status_style(kind)
    return Entry(Text(status_word(kind), style=f"bold {style}"), tuple(body), style)


def _note(word: str, *names: str) -> Callable[[Event], Entry]:
    def entry(event: Event) -> Entry:
        said = ", ".join(line(text(event.details, *name.split("."))) for name in names)
        return Entry(Text.assemble((word, "dim"), f"  {said}"), style="bright_black")

    return entry


def _undo(event: Event) -> Entry:
    failed = line(text(event.details, "failed"))
    return Entry(Text.assemble(("undo begun", "bold yellow"), f"  because {failed} failed"), style="yellow")


def _by_person(word: str, style: str) -> Callable[[Event], Entry]:
    def entry(event: Event) -> Entry:
        code = line(text(event.details, "code"))
        who = line(event.actor) if event.actor != "desk" else "somebody unknown"
        return Entry(Text.assemble((word, f"bold {style}"), f" by {who}", f": {code}" if code else ""), style=style)

    return entry


def _labelled(event: Event) -> Entry:
    named = ", ".join(texts(event.details, "requests"))
    return Entry(Text.assemble(("labelled", "bold magenta"), f" by {line(event.actor)}: {named}"), style="magenta")


_ENDS = ("effect.done", "effect.failed", "effect.unknown")
_ENTRIES: Mapping[str, Callable[[Event], Entry]] = {
    "effect.started": _effect("under way", "yellow"),
    "effect.done": _effect("done", "green"),
    "effect.failed": _effect("failed", "red"),
    "effect.retry": _effect("will be tried again", "yellow"),
    "effect.unknown": _effect("unknown", "red"),
    "effect.told": _by_person("settled by word", "magenta"),
    "effect.mismatch": _effect("differs from its grant", "red"),
    "review.opened": _review("opened", "yellow"),
    "review.answered": _review("answered", "green"),
    "review.expired": _review("expired", "yellow"),
    "review.void": _review("void", "bright_black"),
    "review.refused": _by_person("answer refused", "red"),
    "ticket.reopened": _by_person("reopened", "cyan"),
    "ticket.closed": _by_person("closed", "bright_black"),
    "ticket.taken_over": _by_person("taken over", "blue"),
    "label.given": _labelled,
    "label.removed": _by_person("label removed", "bright_black"),
    "ticket.kept": _by_person("kept whole", "cyan"),
    "ticket.unkept": _by_person("no longer kept whole", "bright_black"),
    "ticket.pruned": _note("pruned to its last checkpoint; journal rows that went:", "answers"),
    "data.erased": _by_person("all that was known was erased", "red"),
    "outcome.recorded": _outcome,
    "outcome.ignored": _note("outcome of a turn that was over"),
    "proposal.void": _note("void", "proposal.kind", "why"),
    "claim.refused": _note("not carried out", "code"),
    "undo.begun": _undo,
    "turn.restarted": _note("run again from the inbox", "why"),
    "reference.foreign": _note("names another customer's ticket", "tickets"),
}


def _lines(said: Sequence[str]) -> tuple[RenderableType, ...]:
    return tuple(Text(item, style="dim") for item in said if item)


def _box(content: RenderableType, style: str) -> Panel:
    return Panel(content, box=box.ROUNDED, border_style=f"dim {style}", padding=(0, 1))


def _time(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%d %b %H:%M:%S") if at else ""
