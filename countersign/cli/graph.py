"""`graph verify`: what can be proven about the graph without running it."""

import typer

from countersign.cli.app import EXIT_FAILED, AsJson, app

graph = typer.Typer(help="The road that every message takes.", no_args_is_help=True)
app.add_typer(graph, name="graph")


@graph.command()
def verify(as_json: AsJson = False) -> None:
    """Prove that nothing happens unasked.

    No path of the compiled graph reaches an effect but through check, authorize and the recorded verdict; no agent
    holds a tool that acts; a node that waits does nothing else; nothing but the gateway calls what changes the world.
    """
    from checkpoints.strict import enable_strict
    from countersign.cli.style import print_json

    enable_strict()
    from countersign.proof import faults
    from graphs.catalog import NODES

    found = faults()
    if as_json:
        print_json({"ok": not found, "nodes": len(NODES), "faults": [fault.model_dump() for fault in found]})
    for fault in () if as_json else found:
        typer.echo(f"countersign: {fault.text} [{fault.code}]", err=True)
    if found:
        raise typer.Exit(EXIT_FAILED)
    if not as_json:
        typer.echo(f"{len(NODES)} nodes: every road to an effect leads through check, authorize and record_verdict.")
