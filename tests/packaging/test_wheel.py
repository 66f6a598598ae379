"""The built wheel works on its own: installed elsewhere, run from elsewhere."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [UV, "build", "--wheel", "--quiet", "--out-dir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment: the wheel is installed there, its dependencies are those of this one."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    place = subprocess.run(
        [home / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    command = [UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", home / "bin" / "python", wheel]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (Path(place) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "countersign"


def run(command: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The finished command, from a folder that has nothing to do with the checkout."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("COUNTERSIGN_", "PYTHON"))}
    return subprocess.run([command, *words], capture_output=True, text=True, timeout=120, cwd=cwd, env=settings)


def test_the_wheel_holds_the_desk_and_nothing_of_ours(wheel: Path) -> None:
    """The desk's data is in it; tests, documentation, runtime files and databases are not."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"countersign", "graphs", "nodes", "tools", "checkpoints"}
    for part in ("desk.toml", "policy.cedar", "people.toml", "knowledge/returns.md", "mail/001-where-is-my-order.eml"):
        folder = (part.rpartition("/")[0] + "/").lstrip("/")
        assert any(name.startswith(f"countersign/desk_data/{folder}") for name in names), part
    assert "countersign/desk_data/policy.cedar" in names
    assert "countersign/ledger/migrations/versions/ledger_0001.py" in names
    unwanted = [name for name in names if name.endswith((".db", ".db-wal", ".pyc", ".anchor")) or "/var/" in name]
    assert unwanted == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_command_works_elsewhere(installed: Path, tmp_path: Path) -> None:
    """Version, doctor, init, check and one message, with nothing of the checkout on the path."""
    assert run(installed, "--version", cwd=tmp_path).stdout.startswith("countersign ")
    looked = run(installed, "doctor", "--json", cwd=tmp_path)
    checks = {check["name"]: check for check in json.loads(looked.stdout)["checks"]}
    assert looked.returncode == 0, looked.stdout
    assert str(installed.parents[1]) in checks["packages"]["text"]
    assert "desk_data" in checks["settings"]["text"]
    assert run(installed, "init", "mydesk", cwd=tmp_path).returncode == 0
    checked = run(installed, "policy", "check", "--desk", "mydesk", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_installed_command_handles_a_message(installed: Path, prepared_var: Path, tmp_path: Path) -> None:
    """One message is answered from the packaged desk, in runtime files beside it."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "triage").symlink_to(prepared_var / "triage")
    words = ("ask", "How long can I return things?", "--from", "a@example.com", "--json")
    finished = run(installed, *words, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert [ticket["status"] for ticket in json.loads(finished.stdout)["tickets"]] == ["answered"]
    assert (tmp_path / "var" / "ledger.db").exists()
