"""`init` and `policy check`: a desk of one's own."""

import json
from pathlib import Path

import pytest

from tests.cli.command import ROOT, countersign, one_line


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A fresh copy of the demonstration desk, made by the command itself."""
    assert countersign("init", "mydesk", cwd=tmp_path).returncode == 0
    return tmp_path / "mydesk"


def test_init_copies_the_whole_desk(desk: Path) -> None:
    """The copy holds every file of the demonstration desk, and passes the check."""
    ours = {str(path.relative_to(desk)) for path in desk.rglob("*")}
    assert ours == {str(path.relative_to(ROOT / "desk")) for path in (ROOT / "desk").rglob("*")}
    checked = countersign("policy", "check", "--desk", str(desk))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert str(desk) in checked.stdout


def test_init_never_writes_over_anything(desk: Path, tmp_path: Path) -> None:
    """A folder with something in it, and a file, are left alone."""
    (tmp_path / "file").write_text("mine")
    for name in ("mydesk", "file"):
        finished = countersign("init", name, cwd=tmp_path)
        assert finished.returncode == 2
        assert "not empty" in one_line(finished, "settings")
    assert (tmp_path / "file").read_text() == "mine"


def test_init_takes_an_empty_folder(tmp_path: Path) -> None:
    """A folder that exists and is empty will do."""
    (tmp_path / "mydesk").mkdir()
    assert countersign("init", "mydesk", cwd=tmp_path).returncode == 0


def test_the_check_names_file_line_and_rule(desk: Path) -> None:
    """A misspelt fact is named with the file, the line and the rule that uses it; run refuses the same desk."""
    policy = desk / "policy.cedar"
    text = policy.read_text().replace("context.own }", "context.owned }")
    policy.write_text(text)
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "context.owned" in row)
    finished = countersign("policy", "check", "--desk", str(desk))
    assert finished.returncode == 2
    assert f"{policy}:{line}: own.record: " in finished.stderr
    found = json.loads(countersign("policy", "check", "--desk", str(desk), "--json").stdout)
    assert {(item["file"], item["line"], item["rule"]) for item in found} == {(str(policy), line, "own.record")}
    refused = countersign("run", "x", "--desk", str(desk), var=desk.parent / "var")
    assert refused.returncode == 2
    assert "policy.cedar" in one_line(refused, "desk")


def test_the_check_reads_templates_too(desk: Path) -> None:
    """A template that can't be parsed is named with its line."""
    template = desk / "replies" / "en" / "cancelled.md"
    template.write_text("Fine.\n{{ broken\n")
    finished = countersign("policy", "check", "--desk", str(desk))
    assert finished.returncode == 2
    assert f"{template}:" in finished.stderr


def test_a_wrong_key_in_the_settings_is_one_line(desk: Path) -> None:
    """A key that does not exist is named with file and line."""
    settings = desk / "desk.toml"
    settings.write_text('colour = "blue"\n' + settings.read_text())
    finished = countersign("policy", "check", "--desk", str(desk))
    assert finished.returncode == 2
    assert f"{settings}:1" in one_line(finished, "desk")


def test_no_problem_is_an_empty_list() -> None:
    """As JSON, a sound desk is an empty list."""
    assert json.loads(countersign("policy", "check", "--json").stdout) == []
