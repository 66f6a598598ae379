"""`triage`: how good the local classifier is, and how sure of it."""

import typer

from countersign.cli.app import app

triage = typer.Typer(help="The local classifier: calibrate, report, bench.", no_args_is_help=True)
app.add_typer(triage, name="triage")
