"""`retention` and `keep`, as people and as programs use them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import countersign, one_line
from tests.cli.conftest import Handled


@pytest.fixture
def var(handled: Handled, tmp_path: Path) -> Path:
    return shutil.copytree(handled.var, tmp_path / "var")


def test_what_is_old_goes_but_what_is_kept(var: Path) -> None:
    """A mark keeps a ticket from a retention that takes everything that has ended; the counts are said both ways."""
    assert "is kept whole" in countersign("keep", "1001", "--as", "ines", "--why", "a lawyer asks", var=var).stdout
    first = json.loads(countersign("retention", "--keep", "0", "--json", var=var).stdout)
    assert (first["tickets"], first["kept"]) == (1, 1)
    assert "no longer kept" in countersign("keep", "CS-1001", "--as", "ines", "--off", var=var).stdout
    drawn = countersign("retention", "--keep", "0", var=var)
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert "1  tickets" in drawn.stdout
    assert "given back" in drawn.stdout
    assert "pruned" in countersign("show", "CS-1001", var=var).stdout
    assert "that is gone" in countersign("keep", "CS-1001", "--as", "ines", var=var).stdout


def test_who_is_not_of_the_desk_keeps_nothing(var: Path) -> None:
    """One line, and the code of the refusal."""
    refused = countersign("keep", "CS-1001", "--as", "mallory", var=var)
    assert refused.returncode == 4
    one_line(refused, "rejected.unknown_person")
