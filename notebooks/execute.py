"""Executes the notebooks in fresh kernels and compares what they say with what is committed.

    python notebooks/execute.py            fails where a cell errs, or a cell's text differs from the committed one
    python notebooks/execute.py --write    keeps the new outputs

What is compared is the text of each output (`text/plain` and what is printed), with digests left out: pictures and
tables are drawn from the same values.
"""

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
_SECONDS = 90
"""For one cell: the first trains the triage model, the others take far less than a second."""
_DIGEST = re.compile(r"\b[0-9a-f]{12,64}\b")
_QUIET = ["--log-level=ERROR"]
"""The kernel warns that its ports on this machine are signed but not encrypted."""
_VERSIONLESS = {"name": "python"}


def main() -> int:
    """0 where every notebook runs and says what it said before, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="notebooks/execute.py", description="Execute the notebooks.")
    parser.add_argument("--write", action="store_true", help="keep the new outputs")
    write = parser.parse_args().write
    reports = [_report(path, write) for path in sorted(FOLDER.glob("*.ipynb"))]
    return 1 if any(reports) else 0


def _report(path: Path, write: bool) -> str:
    """Executes one notebook; says on standard output what came of it, and answers what is wrong."""
    book = cast("NotebookNode", nbformat.read(path, as_version=4))  # pyright: ignore[reportUnknownMemberType]  untyped
    before = texts(book)
    try:
        executed = execute(book)
    except CellExecutionError as error:
        wrong = f"{path.name}: a cell failed\n{error}\n"
    else:
        wrong = "" if write else difference(path.name, before, texts(executed))
        if write:
            nbformat.write(executed, path)  # pyright: ignore[reportUnknownMemberType]  untyped
    sys.stdout.write(wrong or f"{path.name}: {'written' if write else f'{len(before)} outputs as committed'}\n")
    return wrong


def execute(book: NotebookNode) -> NotebookNode:
    """The notebook with new outputs, from a kernel of its own in the notebooks' folder.

    Raises CellExecutionError for the first cell that errs.
    """
    here = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(
        book, kernel_name="python3", timeout=_SECONDS, record_timing=False, resources=here, extra_arguments=_QUIET
    )
    executed = client.execute()
    executed.metadata["language_info"] = _VERSIONLESS
    return executed


def texts(book: NotebookNode) -> tuple[str, ...]:
    """The text of each output of each cell, digests replaced."""
    cells = cast("Sequence[Mapping[str, Any]]", book.cells)
    return tuple(_DIGEST.sub("DIGEST", said) for cell in cells for said in _said(cell))


def difference(name: str, before: Sequence[str], now: Sequence[str]) -> str:
    """What differs between the committed texts and the new ones; empty where nothing does."""
    lines = list(difflib.unified_diff(before, now, f"{name} as committed", "as executed", lineterm="", n=1))
    hint = f"look at it, then keep it with: {Path(sys.executable).name} notebooks/execute.py --write"
    return "\n".join([*lines, hint, ""]) if lines else ""


def _said(cell: Mapping[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        if text:
            yield text


if __name__ == "__main__":
    sys.exit(main())
