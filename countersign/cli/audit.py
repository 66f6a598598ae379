"""`audit verify`, `audit export` and `evidence`: what an auditor asks for. These commands change nothing."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countersign.cli.app import EXIT_FAILED, AsJson, Var, app
from countersign.domain.errors import SettingsError

if TYPE_CHECKING:
    from countersign.ledger.check import Head

audit = typer.Typer(help="The chain of everything that was recorded.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def verify(
    head: Annotated[
        str, typer.Option(metavar="SEQ:HASH", help="A head noted elsewhere, to be found again.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    var: Var = None,
) -> None:
    """Read the whole chain.

    A row that was edited, deleted, inserted, reordered or cut off is named. Keep the head that is printed elsewhere:
    the anchor beside the ledger is only as safe as that folder.
    """
    from countersign.cli.style import print_json
    from countersign.ledger.check import head as last
    from countersign.ledger.check import verify as problems_of
    from countersign.settings import read_settings

    path = read_settings(var=var).ledger_file
    problems, found = problems_of(path, _head(head)), last(path)
    if as_json:
        named = [problem.model_dump() for problem in problems]
        print_json({"ok": not problems, "rows": found.seq, "head": f"{found.seq}:{found.hash}", "problems": named})
    for problem in () if as_json else problems:
        typer.echo(f"countersign: {path}: {problem.text} [{problem.code}]", err=True)
    if problems:
        raise typer.Exit(EXIT_FAILED)
    if not as_json:
        typer.echo(f"{found.seq} rows, no gap, nothing changed. Head {found.seq}:{found.hash}")


@audit.command()
def export(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to a file, not to standard output.")
    ] = None,
    var: Var = None,
) -> None:
    """Print the audit, a line of JSON for each row.

    Each row holds the hash of the row before and its own, so that anybody can check the chain: docs/guarantees.md.
    """
    from countersign.ledger.export import export_audit
    from countersign.settings import read_settings

    lines = (line + "\n" for line in export_audit(read_settings(var=var).ledger_file))
    if out is None:
        sys.stdout.writelines(lines)
        return
    with out.open("w", encoding="utf-8") as file:
        file.writelines(lines)


@app.command()
def evidence(
    effect: Annotated[str, typer.Argument(metavar="EFFECT", help="An effect's id, as why --json names it.")],
    as_json: AsJson = False,
    var: Var = None,
) -> None:
    """Print the full chain of one effect.

    What asked for it, the rules, who approved it, the grant, the receipt, and the audit rows that say so.
    """
    from countersign.cli.style import console, print_json
    from countersign.display.evidence import chain
    from countersign.ledger.export import evidence as behind
    from countersign.settings import read_settings

    found = behind(read_settings(var=var).ledger_file, effect.strip())
    if as_json:
        print_json(found)
    else:
        console().print(chain(found))


def _head(text: str) -> "Head | None":
    from countersign.ledger.check import Head

    found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text)
    if text and found is None:
        raise SettingsError(
            "a head is a row's number, a colon and its hash", where="--head", hint="as verify prints it"
        )
    return Head(int(found[1]), found[2]) if found else None
