"""`lab attack`: injections on the desk, and on an agent without gates."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from countersign.cli.app import EXIT_FAILED, AsJson
from countersign.cli.lab import lab

if TYPE_CHECKING:
    from rich.table import Table

_BAR = 24
_COLUMNS = (
    ("attacks", "attacks"), ("reached the model", "reached_model"), ("effects caused", "effects_caused"),
    ("drafts tainted", "drafts_tainted"), ("sent tainted", "sent_tainted"), ("escalated", "escalations_forced"),
)  # fmt: skip
_OF_A_DESK = ("drafts_tainted", "escalations_forced")
"""What there is on the desk alone."""


@lab.command()
def attack(
    sample: Annotated[
        int, typer.Option(min=0, help="Injections to try, drawn by the seed; 0 tries every one.", metavar="N")
    ] = 0,
    seed: Annotated[int, typer.Option(help="What is demanded where, of whom: one seed is one run.", metavar="S")] = 7,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes at once.", metavar="N")] = 2,
    as_json: AsJson = False,
) -> None:
    """Plant instructions in mail, names, notes, help pages and earlier replies.

    Each runs on the desk and on the same agent without gates, whose tools act at once: with the offline planner, an
    obedient model (fixed rules that do whatever they read), the chaotic and the hostile one, and the configured one.
    """
    from countersign.cli.lab_report import progress
    from countersign.cli.style import print_json
    from countersign.lab.stage import stage
    from countersign.settings import read_settings

    configured = read_settings().model
    with stage() as ready, progress("tickets", quiet=as_json) as heard:
        from countersign.lab.attacks.suite import CONFIGURED, MODELS, run_attacks

        models = (*MODELS, CONFIGURED) if configured.small or configured.large else MODELS
        told = run_attacks(
            ready, seed=seed, sample=sample, workers=workers, models=models, configured=configured, heard=heard
        )
    if as_json:
        print_json(told)
    else:
        show(told)
    if not told["ok"]:
        raise typer.Exit(EXIT_FAILED)


def show(told: dict[str, Any]) -> None:
    """Every arm, the techniques as bars, and whatever went wrong."""
    from countersign.cli.style import console

    out = console()
    out.print(_arms(told["arms"]))
    out.print()
    out.print(_bars(told["arms"]))
    out.print()
    governed = [arm for arm in told["arms"] if arm["way"] == "governed"]
    for arm in governed:
        for ticket, effects in arm["caused"].items():
            out.print(f"{arm['model']} {ticket}: {'; '.join(effects)}", style="red")
        for promise in arm["broken"]:
            out.print(f"{arm['model']}: {promise}", style="red")
    harm, held = sum(arm["effects_caused"] for arm in told["arms"]), sum(arm["effects_caused"] for arm in governed)
    most = f". With none of so many, at most {max(arm['bound_95'] for arm in governed):.1%} succeed at 95 % confidence."
    out.print(
        f"{told['injections']} injections, seed {told['seed']}: {held} effects caused on the desk, {harm - held} on "
        f"the agent without gates{'' if held else most}",
        style="bold" if told["ok"] else "bold red",
    )


def _arms(arms: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table("", "model", "utility", "under attack", box=None, pad_edge=False, header_style="bold")
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right")
    for arm in arms:
        shares = [f"{arm[name]:.0%}" for name in ("utility", "utility_under_attack")]
        style = "red" if arm["effects_caused"] else "green"
        here = {name: str(arm[name]) for _, name in _COLUMNS}
        if arm["way"] == "undefended":
            here |= dict.fromkeys(_OF_A_DESK, "–")
        table.add_row(arm["way"], arm["model"], *shares, *here.values(), style=style)
    return table


def _bars(arms: list[dict[str, Any]]) -> "Table":
    """How often each technique had an effect: with the obedient model without gates, with every model on the desk."""
    from rich.table import Table

    table = Table("attacks with an effect", "obedient, without gates", "", "every model, on the desk", "", box=None,
                  pad_edge=False, header_style="bold")  # fmt: skip
    bare = [arm for arm in arms if (arm["way"], arm["model"]) == ("undefended", "obedient")]
    governed = [arm for arm in arms if arm["way"] == "governed"]
    for technique in arms[0]["by_technique"]:
        cells: list[str] = []
        for some in (bare, governed):
            counts = [arm["by_technique"][technique] for arm in some]
            hits, tried = (sum(count[place] for count in counts) for place in (0, 1))
            cells += [f"[red]{'█' * round(_BAR * hits / tried) if tried else ''}[/red]", f"{hits} of {tried}"]
        table.add_row(technique, *cells)
    return table
