"""`triage label`, `learn`, `models` and `rollback` as people type them, and what a damaged model file leads to."""

import json
import shutil
from pathlib import Path

from tests.cli.command import countersign, one_line
from tests.cli.conftest import Handled
from tests.graph.teaching import small_desk


def test_teaching_from_the_first_label_to_a_damaged_file(handled: Handled, tmp_path: Path) -> None:
    """A label stands in the timeline, a person without the role is refused, a lead promotes; the list says by whom.

    A truncated file is a problem for `doctor`; a run warns in one line and goes on with the last good model.
    """
    var, desk = Path(shutil.copytree(handled.var, tmp_path / "var")), str(small_desk(tmp_path))
    labelled = countersign("triage", "label", "1002", "double_charge", "--as", "tomas", "--desk", desk, var=var)
    assert labelled.stdout == "CS-1002 turn 1 asks double_charge (tomas); triage named double_charge.\n"
    assert "labelled by tomas: double_charge" in countersign("show", "1002", var=var).stdout
    refused = countersign("triage", "learn", "--as", "tomas", "--desk", desk, var=var)
    assert refused.returncode == 4
    assert "Tomas Okafor may not put a model into use" in one_line(refused, "rejected.not_permitted")
    learnt = countersign("triage", "learn", "--as", "ines", "--margin", "0.2", "--json", "--desk", desk, var=var)
    assert json.loads(learnt.stdout)["version"] == 1, learnt.stderr
    assert "promoted by ines" in countersign("triage", "models", "--desk", desk, var=var).stdout
    file = next((var / "triage" / "learnt").glob("*/*.npz"))
    file.write_bytes(file.read_bytes()[:-100])
    found = json.loads(countersign("doctor", "--json", "--desk", desk, var=var).stdout)
    (about,) = (check for check in found["checks"] if check["name"] == "triage")
    assert (about["ok"], about["code"]) == (False, "storage.model")
    assert "version 0 answers instead" in about["text"]
    asked = countersign("ask", "Where is FH-10001?", "--from", "a@example.org", "--desk", desk, var=var)
    assert asked.returncode == 0
    assert len(asked.stderr.splitlines()) == 1
    assert "an earlier model is used" in asked.stderr


def test_a_label_goes_with_an_answer() -> None:
    """`review --request` alone is refused with the command that labels without one."""
    line = one_line(countersign("review", "1002", "--request", "none"), "settings")
    assert "countersign triage label CS-1002 none --as PERSON" in line
