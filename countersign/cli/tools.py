"""`tools`: what the desk may do and what an agent holds, with the contract of each."""

from typing import TYPE_CHECKING

from countersign.cli.app import AsJson, app

if TYPE_CHECKING:
    from rich.table import Table


@app.command()
def tools(as_json: AsJson = False) -> None:
    """Show every tool's contract.

    The kinds of effect, which only the gateway carries out, and the tools of the agent, which look up and propose.
    --json has the schemas of their arguments and answers; an agent's are those that its model is given.
    """
    from countersign.cli.style import console, print_json
    from graphs.agents.toolbox import TOOLS
    from tools.catalog import CONTRACTS

    if as_json:
        effects, held = [one.plain() for one in CONTRACTS.values()], [one.plain() for one in TOOLS]
        print_json({"effects": effects, "agent": held})
        return
    out = console()
    out.print(_effects())
    out.print()
    out.print(_held())


def _effects() -> "Table":
    from rich.text import Text

    from tools.catalog import CONTRACTS

    table = _table("effect", "what it does", "seconds", "tries", "repeated", "undo")
    for one in CONTRACTS.values():
        repeated = "same key" if one.idempotency == "key" else "if unsent"
        undo = Text(one.compensation, "green") if one.compensation else Text("by a person" if one.undo else "none")
        name = Text(one.kind, style="bold")
        table.add_row(name, one.title, f"{one.timeout:.0f}", str(one.attempts), repeated, undo)
    return table


def _held() -> "Table":
    from rich.text import Text

    from graphs.agents.toolbox import TOOLS

    table = _table("an agent's tool", "what it is told of it", "seconds", "tries", "kind")
    for one in TOOLS:
        kind = Text(one.effect, style="cyan" if one.effect == "lookup" else "yellow")
        table.add_row(Text(one.name, style="bold"), one.says, f"{one.timeout:.0f}", str(one.attempts), kind)
    return table


def _table(*heads: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bright_black")
    for head in heads:
        table.add_column(head, justify="right" if head in ("seconds", "tries") else "left")
    return table
