"""docs/python-api.md: what it shows runs, and what it names exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

from countersign.display.views import TicketView
from countersign.opening import AsyncRuntime
from countersign.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")


def test_every_example_runs(var: Path) -> None:
    """The page's programs run one after the other, as they stand, without a warning about a resource."""
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(programs) == 3
    settings = {"COUNTERSIGN_VAR": str(var), "PYTHONWARNINGS": "error::ResourceWarning"}
    finished = subprocess.run(
        [sys.executable, "-c", "\n".join(programs)],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("answered") == 2
    assert "ResourceWarning" not in finished.stderr


def test_every_call_that_is_named_exists() -> None:
    """Each row of the tables names a method or a field of the object, and the async desk has the same calls."""
    desk, ticket = (set(re.findall(rf"^\| `{name}\.(\w+)", PAGE, re.MULTILINE)) for name in ("desk", "ticket"))
    assert desk
    assert desk <= set(dir(Runtime)) | set(Runtime.__dataclass_fields__)
    assert ticket
    assert ticket <= set(dir(TicketView))
    assert desk - {"graph"} <= set(dir(AsyncRuntime))
