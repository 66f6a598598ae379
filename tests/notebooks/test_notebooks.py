"""The notebooks as they are committed: outputs kept, small, harmless; `make notebooks` executes them."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import cast

import nbformat
import pytest
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def execution() -> ModuleType:
    """notebooks/execute.py, which is a program and no package."""
    spec = importlib.util.spec_from_file_location("execute", ROOT / "notebooks" / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def notebook(*sources: str) -> NotebookNode:
    """A notebook of code cells that never ran."""
    cell: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [cell | {"id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return cast("NotebookNode", nbformat.reads(text, as_version=4))  # pyright: ignore[reportUnknownMemberType]  untyped


def test_make_executes_every_notebook() -> None:
    """The target runs the program that compares, and there is something to run."""
    rule = re.search(r"^notebooks:.*\n\t(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rule is not None
    assert "notebooks/execute.py" in rule.group(1)
    assert [path.name for path in NOTEBOOKS] == [
        "01_one_ticket.ipynb",
        "02_a_person_in_the_loop.ipynb",
        "03_replay_and_fork.ipynb",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_kept_small_and_load_nothing(path: Path) -> None:
    """Every cell ran in order without an error, pictures are within, and no output has a script or loads anything."""

    book = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert {output["output_type"] for output in outputs} == {"execute_result"}
    assert any("image/svg+xml" in output["data"] for output in outputs)
    shown = "".join(
        "".join(output["data"].get(kind, "")) for output in outputs for kind in ("text/html", "image/svg+xml")
    )
    assert not re.search(r"<script|<img|<link|<iframe|\shref=|\ssrc=|url\((?!#)", shown)
    assert path.stat().st_size < 250_000


def test_no_output_names_a_machine() -> None:
    """Committed outputs hold no path of the machine that executed them."""
    for path in NOTEBOOKS:
        assert not re.search(r"/(home|root|work|tmp|Users|private)/", path.read_text(encoding="utf-8"))


def test_a_notebook_runs_in_a_fresh_kernel(execution: ModuleType) -> None:
    """A cell's result is what is compared; digests don't count, another word does."""
    book = execution.execute(notebook("import countersign", "'a' * 3, '0123456789abcdef'"))
    said = execution.texts(book)
    assert said == ("('aaa', 'DIGEST')",)
    assert execution.difference("x", said, said) == ""
    assert "bbb" in execution.difference("x", ("('bbb', 'DIGEST')",), said)


def test_a_failing_cell_is_reported(execution: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A notebook whose cell errs fails the run and names the notebook."""
    path = tmp_path / "bad.ipynb"
    path.write_text(json.dumps(notebook("1 / 0")))
    assert "ZeroDivisionError" in execution._report(path, write=False)
    assert "bad.ipynb" in capsys.readouterr().out
