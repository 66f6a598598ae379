"""What a person sees while a batch runs, and its summary."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from countersign.cli.style import console, line, status_style, status_word
from countersign.display.spending import spending
from countersign.domain.ticket import Ticket
from countersign.intake import Taken

if TYPE_CHECKING:
    from countersign.batch import Summary


class Progress:
    """A bar and a line for each ticket, on standard error; nothing where it is quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f} of {task.total:.0f} handled"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task: TaskID = self._bar.add_task("tickets", total=0)
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def hear(self, event: Taken | Ticket) -> None:
        """One thing that happened: an item was taken, or a ticket was handled."""
        if isinstance(event, Taken):
            self._taken(event)
        else:
            self._handled(event)

    def _taken(self, taken: Taken) -> None:
        if taken.quarantined:
            self._line(Text.assemble(("quarantined  ", "magenta"), line(f"{taken.source}: {taken.quarantined.reason}")))
        elif taken.new:
            self._bar.update(self._task, total=(self._bar.tasks[0].total or 0) + 1)

    def _handled(self, ticket: Ticket) -> None:
        self._bar.advance(self._task)
        style, word = status_style(ticket.status), status_word(ticket.status)
        plan = "a plan of the resolver" if ticket.status == "waiting" else ""
        what = line(", ".join(ticket.requests) or ticket.reason or plan)
        self._line(
            Text.assemble((f"{word:<12} ", style), f"{ticket.id}  ", (f"{what:<28.60} ", "cyan"), line(ticket.subject))
        )

    def _line(self, text: Text) -> None:
        if not self._quiet:
            text.truncate(self._console.width, overflow="ellipsis")
            self._bar.console.print(text)


def print_summary(summary: "Summary") -> None:
    """The counts, on standard output."""
    out = console()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", justify="right")
    table.add_column()
    for name, count in _rows(summary):
        table.add_row(str(count), name)
    out.print()
    out.print(table)
    if summary.spent:
        out.print()
        out.print(spending(summary.spent))
        out.print()
    categories = ", ".join(f"{name} {count}" for name, count in sorted(summary.by_category.items()))
    out.print(f"By category: {categories or 'nothing new'}. Time: {summary.seconds:.1f} s.", soft_wrap=True)
    if summary.interrupted:
        out.print("Interrupted: every step that ran is kept. The same command goes on from here.", soft_wrap=True)
    if summary.unfinished:
        out.print("What is unfinished: countersign resume --all.", soft_wrap=True)
    elif summary.waiting or summary.handed_over:
        out.print("What waits for a person: countersign inbox. One ticket: countersign show TICKET.", soft_wrap=True)
    if summary.quarantined:
        out.print("What could not become a ticket: countersign quarantine.", soft_wrap=True)


def _rows(summary: "Summary") -> list[tuple[str, int]]:
    """`unfinished` is the exception, so it is no row where there is nothing."""
    unfinished = [("unfinished", summary.unfinished)] if summary.unfinished else []
    return [
        ("answered", summary.answered),
        ("waiting for a person", summary.waiting),
        ("handed over", summary.handed_over),
        ("closed without an answer", summary.closed),
        *unfinished,
        ("quarantined", summary.quarantined),
        ("delivered before", summary.duplicates),
        ("replies sent", summary.replies),
        ("other effects", summary.effects),
    ]


def said(text: str) -> None:
    """One line on standard error of what is being done, where somebody watches."""
    out = console(stderr=True)
    if out.is_terminal:
        out.print(Text(line(text), style="dim"))
