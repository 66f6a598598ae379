"""`lab`: runs that try to break the desk, and the checker that judges what they left."""

from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.app import EXIT_FAILED, AsJson, app
from countersign.domain.errors import SettingsError
from countersign.lab.approvals import Against

lab = typer.Typer(help="Try to break it, and see what an independent checker says.", no_args_is_help=True)
app.add_typer(lab, name="lab")


@lab.command()
def check(
    audit: Annotated[Path, typer.Argument(metavar="AUDIT", help="What `countersign audit export` wrote.")],
    provider: Annotated[Path, typer.Argument(metavar="PROVIDER", help="The demonstration shop's SQLite file.")],
    outbox: Annotated[Path, typer.Argument(metavar="OUTBOX", help="The outbox's Maildir, or an mbox.")],
    least: Annotated[
        list[str] | None, typer.Option(metavar="NAME=N", help="Activity that must be there: effects=10, mails=5.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a run by what it left.

    The checker shares no code with the desk: it reads the audit, the provider's records and the mails that left.
    """
    import sqlite3
    from dataclasses import asdict

    from countersign.cli.style import print_json
    from countersign.lab.checker import check as judge

    try:
        report = judge(audit, provider, outbox, _numbers(least or []))
    except (ValueError, TypeError, sqlite3.Error) as error:
        hint = "name an export, a shop's file and an outbox"
        raise SettingsError(f"what was left can't be read: {error}", where="lab check", hint=hint) from None
    if as_json:
        print_json({"ok": report.ok, **asdict(report)})
    else:
        for found in report.violations:
            typer.echo(f"{found.promise}: {found.text}" + (f" (row {found.seq})" if found.seq else ""))
        counts = ", ".join(f"{number} {name}" for name, number in report.counts.items())
        typer.echo(f"{counts}: " + ("every promise was kept." if report.ok else f"{len(report.violations)} broken."))
    if not report.ok:
        raise typer.Exit(EXIT_FAILED)


@lab.command()
def approvals(
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="[CASE]...", help="Names of cases; all where none is named.")
    ] = None,
    target: Annotated[
        list[Against] | None,
        typer.Option(help="What they run against; twice for both.", show_default="countersign"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Cases at once.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Attack approvals.

    Named cases against the real graph and ledger, on files of their own, judged by the checker; or the same cases
    against a plain graph with langchain's human-in-the-loop middleware, to compare.
    """
    from countersign.cli.lab_approvals import run

    if not run(tuple(cases or ()), tuple(dict.fromkeys(target or [Against.countersign])), workers, quiet=as_json):
        raise typer.Exit(EXIT_FAILED)


def _numbers(given: list[str]) -> dict[str, int]:
    """`effects=10` as a number by its name. Raises SettingsError."""
    from countersign.lab.checker import ACTIVITY

    pairs = [text.partition("=") for text in given]
    if any(name not in ACTIVITY or not number.isascii() or not number.isdecimal() for name, _, number in pairs):
        raise SettingsError("is no NAME=N", where="--least", hint=f"names are {', '.join(ACTIVITY)}")
    return {name: int(number) for name, _, number in pairs}
