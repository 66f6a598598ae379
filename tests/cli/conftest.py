"""Runtime files that real commands made."""

import base64
import shutil
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.command import ROOT, countersign

MAIL = ROOT / "desk" / "mail"
HOSTILE_SUBJECT = "[bold red]refund[/] \x1b[31mnow\x1b[0m\x07 \u202eevil"


@dataclass(frozen=True)
class Handled:
    """What one run left, and what it wrote."""

    var: Path
    finished: CompletedProcess[str]


@pytest.fixture(scope="session")
def fresh_var(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runtime files with the trained model alone: shop and ledger are made at today's date."""
    folder = tmp_path_factory.mktemp("cli") / "var"
    shutil.copytree(prepared_var / "triage", folder / "triage")
    return folder


@pytest.fixture(scope="session")
def handled(fresh_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Handled:
    """A run over a few messages: two answers, a refund that waits, a hand-over, a hostile subject, an empty file."""
    mail = tmp_path_factory.mktemp("mail")
    for start in ("001", "049", "089", "132"):
        shutil.copy(next(MAIL.glob(f"{start}-*.eml")), mail)
    word = base64.b64encode(HOSTILE_SUBJECT.encode()).decode()
    head = "From: =?utf-8?q?=5Bred=5D=1B=5B31m?= <x@example.com>\nMessage-ID: <h@example.com>\nSubject: "
    (mail / "900-hostile.eml").write_text(
        f"{head}=?utf-8?b?{word}?=\n\n[link=x]\x1b]0;title\x07 I will take legal action.[/link]\n"
    )
    (mail / "901-empty.eml").write_text("")
    var = shutil.copytree(fresh_var, tmp_path_factory.mktemp("handled") / "var")
    return Handled(var, countersign("run", str(mail), "--workers", "2", var=var))
