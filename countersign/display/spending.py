"""Draws what models were asked and what that cost, one line for each node."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.words import line
from countersign.domain.model import Spent

_HEADS = ("models", "answered", "recorded", "failed", "tokens", "seconds", "dollars")


def spending(spent: Sequence[Spent]) -> RenderableType:
    """A table with a sum; an answer that was recorded cost nothing."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, head in enumerate(_HEADS):
        table.add_column(head, justify="right" if place else "left", header_style="dim", overflow="fold")
    for item in spent:
        name = Text.assemble(line(item.node), "  ", (line(item.engine, 60), "dim"))
        table.add_row(name, *_figures((item,)))
    if len(spent) > 1:
        table.add_row(Text("together", style="bold"), *_figures(spent))
    codes = tuple(dict.fromkeys(code for item in spent for code in item.codes))
    return Group(table, Text(f"failed: {', '.join(codes)}", style="yellow")) if codes else table


def _figures(spent: Sequence[Spent]) -> tuple[str, ...]:
    def total(name: str) -> int:
        return sum(getattr(item, name) for item in spent)

    tokens = total("tokens_in") + total("tokens_out")
    seconds, dollars = f"{total('ms') / 1000:.1f}", f"{total('micros') / 1_000_000:.4f}"
    return (str(total("answered")), str(total("recorded")), str(total("failed")), f"{tokens:,}", seconds, dollars)
