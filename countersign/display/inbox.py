"""Draws what waits for a person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.words import line, status_style, status_word

if TYPE_CHECKING:
    from countersign.ledger.waiting import Waiting

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def inbox(found: "Sequence[Waiting]", now: datetime, counts: tuple[int, int] | None = None) -> RenderableType:
    """Each ticket with its age, its deadline, its money at risk, what is asked, and by which rule.

    `counts` is how many wait and how many were handed over, where these are not all of them.
    """
    if not found:
        return Text("Nothing waits for a person.")
    rows = table("ticket", "state", "age", "due", "at risk", "what, and why")
    for item in found:
        rows.add_row(
            Text(item.ticket, style="bold"),
            Text(status_word(item.status), style=status_style(item.status)),
            Text(span(now - item.since)),
            _due(item, now),
            Text(str(item.amount) if item.amount else "", style="bold", justify="right"),
            _matter(item),
        )
    asked = sum(1 for item in found if item.status == "waiting")
    waiting, handed_over = counts or (asked, len(found) - asked)
    more = waiting + handed_over - len(found)
    said = f"{waiting} waiting for an answer, {handed_over} handed over. One of them: countersign show TICKET"
    rest = f"\n{more} more come after these: countersign inbox --all" if more else ""
    return Group(rows, Text(said + rest))


def span(length: timedelta) -> str:
    """A length of time in its largest unit: 3 d, 5 h, 12 min."""
    if length >= _DAY:
        return f"{length // _DAY} d"
    return f"{length // _HOUR} h" if length >= _HOUR else f"{max(length // timedelta(minutes=1), 0)} min"


def table(*headings: str) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="dim")
    for heading in headings:
        last = heading == headings[-1]
        made.add_column(heading, no_wrap=not last and heading != "source", ratio=1 if last else None)
    return made


def _due(item: "Waiting", now: datetime) -> Text:
    if item.deadline is None:
        return Text("")
    left = item.deadline - now
    return Text(f"in {span(left)}") if left > timedelta() else Text(f"{span(-left)} ago", style="red")


def _matter(item: "Waiting") -> Text:
    """The subject; then what is proposed; then the rules and reasons that want a person."""
    matter = Text(line(item.subject, 90) or "(no subject)", style="bold")
    for proposal in item.proposals[:-1] or item.proposals:  # the last is the reply, which says itself that it is one
        matter.append(f"\n{line(proposal)}", style="not bold")
    for reason in item.reasons:
        matter.append(f"\n{line(reason)}", style="not bold yellow" if item.rules else "not bold dim")
    return matter
