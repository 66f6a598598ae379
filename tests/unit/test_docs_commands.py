"""Every command that the README and the guides tell people to type works, in the order in which it stands there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from docs.source import ROOT
from tests.cli.command import countersign

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ELSEWHERE = ("make",)
"""What other tests and the CI script run."""
_READING = {"inbox", "show", "why", "quarantine", "history", "replay", "fork"}
"""Commands that need something to read."""


def commands(page: Path) -> list[list[str]]:
    """The words of each command in a page's console blocks."""
    blocks = _BLOCK.findall(page.read_text())
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.split(line, comments=True) for line in lines]


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if commands(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_commands_of_a_page_work(page: Path, prepared_var: Path, tmp_path: Path) -> None:
    """From a folder with a few of the sample messages, handled where that is needed, each command ends with 0."""
    mail = tmp_path / "desk" / "mail"
    mail.mkdir(parents=True)
    for path in sorted((ROOT / "desk" / "mail").glob("*.eml"))[:2]:
        shutil.copy(path, mail)
    var = tmp_path / "var"
    shutil.copytree(prepared_var / "triage", var / "triage")
    told = [words for words in commands(page) if words[0] not in _ELSEWHERE]
    if _READING & {words[1] for words in told}:
        assert countersign("run", "desk/mail", var=var, cwd=tmp_path).returncode == 0
    for words in told:
        assert words[0] == "countersign", words
        finished = countersign(*words[1:], var=var, cwd=tmp_path)
        assert finished.returncode == 0, (words, finished.stderr)
        assert finished.stdout
