"""Draws the desk's figures: the business's first, then how it came about."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.words import line, status_style, status_word
from countersign.domain.stats import Actions, Settled, Spread, Stats

_BAR = 28
_NO_TICKETS = "No ticket was opened in that time. A mailbox is handled with: countersign run SOURCE"
_PLACES = (
    ("settled", "green", "settled without a person, and not reopened"),
    ("asked_back", "cyan", "answered with a question, to which nothing came back"),
    ("by_person", "yellow", "ended with a person's hand in it"),
    ("waiting", "blue", "wait for a person, or were handed over"),
    ("reopened", "red", "answered, but the customer wrote again"),
    ("unfinished", "white", "unfinished"),
)
_ENDS = ("alone", "countersigned", "waiting", "handed_over", "closed", "superseded", "unfinished")
_SECOND, _MINUTE, _HOUR, _DAY = (timedelta(seconds=each) for each in (1, 60, 3600, 86_400))


def stats(found: Stats) -> RenderableType:
    """The whole screen; one sentence where there is nothing to count."""
    if not found.routes:
        return Text(_NO_TICKETS)
    parts: list[RenderableType] = [_head(found), _places(found.settled), _routes(found), _durations(found)]
    parts += [_actions(found.actions), _models(found), _failures(found), _observed(found)]
    return Group(*(piece for part in parts for piece in (part, Text())))


def _head(found: Stats) -> Text:
    """The business's figure: what was settled, and how fast it was decided."""
    settled, since = found.settled, f" since {found.since:%d %b %Y}" if found.since else ""
    share = percent(settled.settled, settled.tickets)
    text = Text.assemble((share, "bold green"), f" of {settled.tickets:,} tickets{since} were settled without a person")
    text.append(f" and not reopened within {settled.window_days} days.")
    if settled.open_window:
        text.append(f"\n{settled.open_window:,} of them may still be reopened.", style="dim")
    if found.decision.p50 is not None:
        text.append_text(
            Text.assemble("\nHalf of the messages were decided within ", (length(found.decision.p50), "bold"))
        )
        text.append(".")
    return text


def _places(settled: Settled) -> Table:
    rows = _table("tickets", "", "")
    for name, style, said in _PLACES:
        count: int = getattr(settled, name)
        if count:
            rows.add_row(f"{count:,}", bar(count, settled.tickets, style), said)
    return rows


def _routes(found: Stats) -> RenderableType:
    """Who planned the turns and how they ended; a column where nothing is stays out."""
    ends = [end for end in _ENDS if any(getattr(route, end) for route in found.routes)]
    rows = _table("planned by", "turns", *(end.replace("_", " ") for end in ends))
    for route in found.routes:
        counts = (getattr(route, end) for end in ends)
        rows.add_row(route.planner, f"{route.turns:,}", *(f"{count:,}" if count else "" for count in counts))
    stand = Text("Tickets now: ")
    for place, (status, count) in enumerate(sorted(found.outcomes.items(), key=lambda each: -each[1])):
        stand.append(", " if place else "")
        stand.append_text(Text(f"{count:,} {status_word(status)}", style=status_style(status)))
    return Group(rows, stand)


def _durations(found: Stats) -> RenderableType:
    rows = _table("how long", "of", *_HEADS)
    _spread(rows, "from a message to its decision", found.decision)
    _spread(rows, "from a message to its end, without a person", found.answer)
    asked = found.questions
    _spread(rows, "from a question to a person's answer", asked.time)
    said = f"{asked.asked:,} questions to people: {asked.answered:,} answered, {asked.open:,} open"
    more = [f"{count:,} {word}" for count, word in ((asked.expired, "expired"), (asked.void, "overtaken")) if count]
    answers = ", ".join(f"{count:,} {answer.replace('_', ' ')}" for answer, count in sorted(asked.by_answer.items()))
    told = ", ".join([said, *more]) + (f" ({answers})" if answers else "")
    return Group(rows, Text(told)) if asked.asked else rows


def _actions(actions: Sequence[Actions]) -> RenderableType:
    if not actions:
        return Text("Nothing was carried out.")
    rows = _table("actions", "done", "failed", "unknown", "success", "", *_HEADS)
    for one in actions:
        _action(rows, one.kind, one)
    return rows


def _action(rows: Table, name: str, one: Actions) -> None:
    ended = one.done + one.failed + one.unknown
    figures = (f"{one.done:,}", *(f"{count:,}" if count else "" for count in (one.failed, one.unknown)))
    style = "green" if one.done == ended else "yellow"
    rows.add_row(name, *figures, percent(one.done, ended), bar(one.done, ended, style, 10), *_figures(one.latency))


def _models(found: Stats) -> RenderableType:
    if not found.models:
        return Text("No model was asked.")
    rows = _table("models", "answered", "recorded", "failed", *_HEADS)
    for one in found.models:
        rows.add_row(
            line(one.engine, 60), f"{one.answered:,}", f"{one.recorded:,}", f"{one.failed:,}", *_figures(one.latency)
        )
    cost = found.spending
    said = f"{cost.requests:,} requests for {cost.tickets:,} tickets, {cost.tokens_in + cost.tokens_out:,} tokens, "
    each = cost.micros_per_ticket
    told = f"{dollars(cost.micros)}; a ticket's median {dollars(each.p50)}, nine in ten at most {dollars(each.p90)}"
    return Group(rows, Text(said + told))


def _failures(found: Stats) -> RenderableType:
    if not found.failures:
        return Text("Nothing failed.")
    rows = _table("failures", "of", "times")
    for one in found.failures:
        rows.add_row(Text(line(one.code), style="magenta"), one.where, f"{one.count:,}")
    return rows


def _observed(found: Stats) -> RenderableType:
    rows = _table("end on record", "", "", "")
    for one in found.observed:
        whole = "green" if one.observed == one.begun else "yellow"
        shown = f"{one.observed:,} of {one.begun:,}"
        rows.add_row(one.what, shown, percent(one.observed, one.begun), bar(one.observed, one.begun, whole, 10))
    return rows


_HEADS = ("half within", "90 %", "99 %")


def _spread(rows: Table, name: str, found: Spread) -> None:
    if found.count:
        rows.add_row(name, f"{found.count:,}", *_figures(found))


def _figures(found: Spread) -> tuple[str, str, str]:
    return length(found.p50), length(found.p90), length(found.p99)


def length(milliseconds: int | None) -> str:
    """A length of time in the unit that suits it; empty where there is none."""
    if milliseconds is None:
        return ""
    span = timedelta(milliseconds=milliseconds)
    if span < _SECOND:
        return f"{milliseconds} ms"
    units = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (_SECOND, "s"))
    unit, name = next((unit, name) for unit, name in units if span >= unit)
    return f"{span / unit:.1f} {name}"


def dollars(micros: int | None) -> str:
    """Millionths of a dollar as dollars."""
    return f"${(micros or 0) / 1_000_000:.4f}"


def percent(part: int, whole: int) -> str:
    """A share as people write it; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def bar(part: int, whole: int, style: str, width: int = _BAR) -> Text:
    """A share as a bar; whatever is there at all is seen."""
    return Text("█" * (max(round(width * part / whole), 1) if part and whole else 0), style=style)


def _table(first: str, *others: str) -> Table:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    rows.add_column(first, justify="right" if first == "tickets" else "left", overflow="fold")
    for head in others:
        rows.add_column(head, justify="left" if head == "" else "right")
    return rows
