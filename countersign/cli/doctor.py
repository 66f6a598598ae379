"""`doctor`: is everything in order, and if not, what is the next step?"""

from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import EXIT_FAILED, AsJson, DeskFolder, Var, app

if TYPE_CHECKING:
    from countersign.cli.checkup import Check

Model = Annotated[
    bool, typer.Option("--model", help="Ask the models instead: chat, tools, schemas, usage, price, and what to set.")
]


@app.command()
def doctor(model: Model = False, as_json: AsJson = False, desk: DeskFolder = None, var: Var = None) -> None:
    """Check that everything is in order.

    Installation, settings, desk, policy, templates, databases, shop and outbox, with the next step for each problem.
    """
    from dataclasses import asdict

    from countersign.cli import style
    from countersign.cli.checkup import checks
    from countersign.cli.modelcheck import model_checks
    from countersign.settings import read_settings

    settings = read_settings(desk=desk, var=var)
    found = model_checks(settings) if model else checks(settings)
    sound = all(check.ok for check in found)
    if as_json:
        style.print_json({"ok": sound, "checks": [asdict(check) for check in found]})
    else:
        _draw(found)
    if not sound:
        raise typer.Exit(EXIT_FAILED)


def _draw(found: "tuple[Check, ...]") -> None:
    from rich.table import Table
    from rich.text import Text

    from countersign.cli.style import console, line

    out = console()
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for check in found:
        text = Text(line(check.text))
        if check.step:
            text.append(f"\n→ {line(check.step)}", style="yellow")
        table.add_row(Text("ok", style="green") if check.ok else Text("problem", style="bold red"), check.name, text)
    out.print(table)
    problems = sum(1 for check in found if not check.ok)
    out.print("Everything is in order." if not problems else f"{problems} to put right.")
