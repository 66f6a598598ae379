"""Runs the attacks on approvals and shows what each came to."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from countersign.cli.lab_report import progress
from countersign.cli.style import console, line, print_json
from countersign.domain.errors import SettingsError
from countersign.lab.approvals import Against

if TYPE_CHECKING:
    from countersign.lab.approvals.suite import Result

_STYLES = {"kept": "green", "broken": "bold red", "not offered": "yellow"}


def run(names: tuple[str, ...], targets: Sequence[Against], workers: int, *, quiet: bool) -> bool:
    """Whether every case was kept that ran against the desk. Raises SettingsError for a case that there is not."""
    from countersign.lab.stage import stage

    with stage() as ready:
        from countersign.lab.approvals import suite

        unknown = [name for name in names if name not in suite.CASES]
        if unknown:
            raise SettingsError(
                f"there is no case {line(unknown[0])}", where="lab approvals", hint="see docs/approvals.md"
            )
        suite.preload(targets)
        suite.prepare(ready)
        wanted = names or tuple(suite.CASES)
        results = list(_shown(suite.run(ready, targets, wanted, workers), len(wanted) * len(targets), quiet=quiet))
    told = suite.report(results)
    if quiet:
        print_json(told)
    else:
        _draw(told, targets)
    return bool(told["ok"])


def _shown(results: "Iterator[Result]", total: int, *, quiet: bool) -> "Iterator[Result]":
    """The results as they come, with a bar on a terminal."""
    with progress("approvals", quiet=quiet) as heard:
        heard(0, total)
        for done, result in enumerate(results, 1):
            heard(done, total)
            yield result


def _draw(told: dict[str, Any], targets: Sequence[Against]) -> None:
    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bright_black")
    for target in targets:
        table.add_column(str(target), no_wrap=True)
    table.add_column("case, and what it promises", ratio=1)
    for case in told["cases"]:
        endings = [
            Text(case["results"][target]["ending"], _STYLES[case["results"][target]["ending"]]) for target in targets
        ]
        texts = [case["results"][target]["text"] for target in targets if case["results"][target]["text"]]
        said = Text.assemble((case["case"].replace("_", " "), "bold"), "\n", case["promise"])
        for text in texts:
            said.append(f"\n→ {line(text)}", style="yellow")
        table.add_row(*endings, said)
    out.print(table)
    for target, counts in told["counts"].items():
        out.print(f"{target}: " + ", ".join(f"{number} {ending}" for ending, number in sorted(counts.items())))
