"""How the lab's long runs show their progress and what they came to."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from countersign.cli.style import console

if TYPE_CHECKING:
    from countersign.lab.chaos import Chaos
    from countersign.lab.crash import Matrix, Tally

_MOST_SHOWN = 10


@contextmanager
def progress(what: str, *, quiet: bool) -> Generator[Callable[[int, int], None]]:
    """A bar on standard error, which is told how many are through and of how many."""
    screen = console(stderr=True)
    columns = (TextColumn(what), BarColumn(bar_width=30), TextColumn("{task.completed:.0f} of {task.total:.0f}"))
    bar = Progress(
        *columns, TimeElapsedColumn(), console=screen, transient=True, disable=quiet or not screen.is_terminal
    )
    with bar:
        task = bar.add_task(what, total=1)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_matrix(matrix: "Matrix") -> None:
    """Each scenario, both ways, and whatever went wrong."""
    table = Table("scenario", "points", "tried", "survived", "lost", "twice", "broken", box=None, header_style="bold")
    for name, points in matrix.points.items():
        if name in matrix.by_scenario:
            table.add_row(name, str(points), *_numbers(matrix.by_scenario[name]))
    table.add_section()
    for way, tally in matrix.tallies.items():
        table.add_row(f"{way} kills", "", *_numbers(tally), style="bold")
    out = console()
    out.print(table)
    for ending in matrix.failures[:_MOST_SHOWN]:
        wrong = "; ".join((*(f"lost: {one}" for one in ending.lost), *(f"twice: {one}" for one in ending.duplicated),
                           *ending.broken))  # fmt: skip
        out.print(f"{ending.scenario}, killed at {', then '.join(ending.killed)}: {wrong}")
    bounds = ", ".join(f"{way} {tally.bound:.2%}" for way, tally in matrix.tallies.items())
    out.print(f"seed {matrix.seed}; with no failure, at most so many fail at 95 % confidence: {bounds}")


def _numbers(tally: "Tally") -> list[str]:
    return [str(number) for number in (tally.tried, tally.survived, tally.lost, tally.duplicated, tally.broken)]


def show_chaos(chaos: "Chaos") -> None:
    """What was done, how it ended, what happened in the world, and every promise that was broken."""
    out = console()
    for title, counts in (("done", chaos.done), ("ended", chaos.ends), ("in the world", chaos.activity)):
        out.print(f"{title}: " + ", ".join(f"{number} {name}" for name, number in counts.most_common()))
    for found in chaos.violations[:_MOST_SHOWN]:
        out.print(f"episode {found['episode']}: {found['promise']}: {found['text']}", style="red")
    out.print(
        f"{chaos.survived} of {chaos.episodes} episodes survived, {len(chaos.violations)} violations, "
        f"seed {chaos.seed}; "
        f"with none, at most {chaos.bound:.2%} of episodes have one at 95 % confidence",
        style="bold",
    )
