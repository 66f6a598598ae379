"""Draws what waits for a person, and what is in quarantine."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.table import Table
from rich.text import Text

from countersign.cli.style import console, line, status_style, status_word
from countersign.domain.ticket import Quarantined
from countersign.ledger.read import Waiting

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def print_inbox(found: Sequence[Waiting]) -> None:
    """Each ticket with its age, its deadline, its money at risk, what is asked, and by which rule."""
    out, now = console(), datetime.now(UTC)
    if not found:
        out.print("Nothing waits for a person.")
        return
    table = _table("ticket", "state", "age", "due", "at risk", "what, and why")
    for item in found:
        table.add_row(
            Text(item.ticket, style="bold"),
            Text(status_word(item.status), style=status_style(item.status)),
            Text(span(now - item.since)),
            _due(item, now),
            Text(str(item.amount) if item.amount else "", style="bold", justify="right"),
            _matter(item),
        )
    out.print(table)
    waiting = sum(1 for item in found if item.status == "waiting")
    out.print(
        f"{waiting} waiting for an answer, {len(found) - waiting} handed over. One of them: countersign show TICKET"
    )


def print_quarantine(found: Sequence[Quarantined]) -> None:
    """Each item with its source and why it could not become a ticket."""
    out = console()
    if not found:
        out.print("Nothing is in quarantine.")
        return
    table = _table("source", "code", "reason")
    for item in found:
        table.add_row(
            Text(line(item.source), overflow="fold"), Text(item.code, style="magenta"), Text(line(item.reason))
        )
    out.print(table)


def span(length: timedelta) -> str:
    """A length of time in its largest unit: 3 d, 5 h, 12 min."""
    if length >= _DAY:
        return f"{length // _DAY} d"
    return f"{length // _HOUR} h" if length >= _HOUR else f"{max(length // timedelta(minutes=1), 0)} min"


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="dim")
    for heading in headings:
        last = heading == headings[-1]
        table.add_column(heading, no_wrap=not last and heading != "source", ratio=1 if last else None)
    return table


def _due(item: Waiting, now: datetime) -> Text:
    if item.deadline is None:
        return Text("")
    left = item.deadline - now
    return Text(f"in {span(left)}") if left > timedelta() else Text(f"{span(-left)} ago", style="red")


def _matter(item: Waiting) -> Text:
    """The subject; then what is proposed; then the rules and reasons that want a person."""
    matter = Text(line(item.subject, 90) or "(no subject)", style="bold")
    for proposal in item.proposals[:-1] or item.proposals:  # the last is the reply, which says itself that it is one
        matter.append(f"\n{line(proposal)}", style="not bold")
    for reason in item.reasons:
        matter.append(f"\n{line(reason)}", style="not bold yellow" if item.rules else "not bold dim")
    return matter
