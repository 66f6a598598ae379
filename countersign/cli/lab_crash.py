"""`lab crash`: kill the desk at every point, and see that nothing is lost or done twice."""

from typing import Annotated

import typer

from countersign.cli.app import EXIT_FAILED, AsJson
from countersign.cli.lab import lab


@lab.command()
def crash(
    sample: Annotated[
        int, typer.Option(min=0, help="Single points to try, spread over all; 0 tries every one.", metavar="N")
    ] = 0,
    doubles: Annotated[int, typer.Option(min=1, help="Pairs of points to try.", metavar="N")] = 2200,
    seed: Annotated[int, typer.Option(help="Which ones: one seed is one run.", metavar="S")] = 7,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes at once.", metavar="N")] = 2,
    as_json: AsJson = False,
) -> None:
    """Kill the desk with SIGKILL at every point, once and twice, and play on.

    Each point is before or after a commit, a checkpoint, a call to the provider, a mail or a step of the graph. New
    processes go on afterwards; the world must then be as if nothing had been killed.
    """
    from countersign.cli.lab_report import progress, show_matrix
    from countersign.cli.style import print_json
    from countersign.lab.crash import run_matrix
    from countersign.lab.stage import stage

    with stage() as ready, progress("points", quiet=as_json) as heard:
        matrix = run_matrix(ready, singles=sample, doubles=doubles, seed=seed, workers=workers, heard=heard)
    if as_json:
        print_json(matrix.plain())
    else:
        show_matrix(matrix)
    if not matrix.ok:
        raise typer.Exit(EXIT_FAILED)


@lab.command()
def chaos(
    episodes: Annotated[int, typer.Option(min=1, help="How many.", metavar="N")] = 1000,
    seed: Annotated[int, typer.Option(help="What they are drawn from: one seed is one run.", metavar="S")] = 7,
    first: Annotated[int, typer.Option(min=1, help="The first: one episode can be played again.", metavar="N")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes at once.", metavar="N")] = 2,
    as_json: AsJson = False,
) -> None:
    """Do whatever can be done to a desk, in any order, and have each episode judged.

    Mails, answers, garbage, replays, forks, copies, jumps, forged states, three processes at once, steps of the clock,
    faults of provider and mail, halts, and kills.
    """
    from countersign.cli.lab_report import progress, show_chaos
    from countersign.cli.style import print_json
    from countersign.lab.chaos import run_chaos
    from countersign.lab.stage import stage

    with stage() as ready, progress("episodes", quiet=as_json) as heard:
        found = run_chaos(ready, episodes=episodes, seed=seed, workers=workers, heard=heard, first=first)
    if as_json:
        print_json(found.plain())
    else:
        show_chaos(found)
    if not found.ok:
        raise typer.Exit(EXIT_FAILED)
