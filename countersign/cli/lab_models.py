"""`lab models`: models that mean nothing, or harm, in both seats."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import EXIT_FAILED, AsJson
from countersign.cli.lab import lab

if TYPE_CHECKING:
    from countersign.lab.models import Adversarial


_UNITS = {"ms": ("seconds", 1000), "micros": ("dollars", 1_000_000)}


class Sort(StrEnum):
    """What sits in the seats."""

    chaotic = "chaotic"
    hostile = "hostile"


@lab.command()
def models(
    model: Annotated[Sort, typer.Option(help="Valid nonsense, or a model that wants a refund for itself.")] = (
        Sort.hostile
    ),
    tickets: Annotated[int, typer.Option(min=1, help="How many.", metavar="N")] = 2000,
    seed: Annotated[int, typer.Option(help="What they are drawn from: one seed is one run.", metavar="S")] = 7,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes at once.", metavar="N")] = 2,
    as_json: AsJson = False,
) -> None:
    """Seat a model that means nothing, or harm, and have many tickets judged.

    People answer what waits. Each call takes requests, seconds, tokens and money, drawn by the seed; the checker judges
    what happened, and the ledger's own rows say whether a ticket spent more than its budget.
    """
    from countersign.cli.lab_report import progress
    from countersign.cli.style import print_json
    from countersign.lab.stage import stage

    with stage() as ready, progress("tickets", quiet=as_json) as heard:
        from countersign.lab.models import run_models  # the stage makes LangGraph strict before it is imported

        found = run_models(ready, model.value, tickets=tickets, seed=seed, workers=workers, heard=heard)
    if as_json:
        print_json(found.plain())
    else:
        _draw(found)
    if not found.ok:
        raise typer.Exit(EXIT_FAILED)


def _draw(found: "Adversarial") -> None:
    from rich.table import Table

    from countersign.cli.style import console, line
    from countersign.lab.models import FIGURES, limits

    out, budget = console(), limits()
    table = Table("one ticket's", box=None, header_style="bold", pad_edge=False)
    for title in ("budget", "most spent"):
        table.add_column(title, justify="right")
    for name in FIGURES:
        word, parts = _UNITS.get(name, (name, 1))
        table.add_row(word, *(f"{number / parts:,.6g}" for number in (budget[name], found.most[name])))
    out.print(table)
    for title, counts in (("ended", found.ends), ("calls", found.answers), ("people", found.people),
                          ("in the world", found.activity)):  # fmt: skip
        out.print(f"{title}: " + ", ".join(f"{number} {name}" for name, number in counts.most_common()))
    for one in found.violations[:10]:
        out.print(f"desk {one['desk']}: {one['promise']}: {line(one['text'])}", style="red")
    out.print(f"{found.stopped} tickets ended by their budget")
    out.print(
        f"{found.tickets} tickets, {found.kind} model, seed {found.seed}: {len(found.violations)} promises broken, "
        f"{found.alone} effects of an agent without a person, {found.over} tickets over their budget",
        style="bold" if found.ok else "bold red",
    )
