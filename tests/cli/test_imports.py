"""Commands that only read start fast: they never load the frameworks behind the graph and the model."""

import json
import subprocess
import sys

import pytest

from tests.cli.command import environment
from tests.cli.conftest import Handled

HEAVY = (
    "langgraph",
    "langchain",
    "langchain_core",
    "sklearn",
    "alembic",
    "numpy",
    "cedarpy",
    "opentelemetry",
    "requests",
)
PROBE = """
import json, sys
from countersign.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
loaded = sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[0].split(",")))
sys.stderr.write(json.dumps({"code": code, "loaded": loaded}))
"""


@pytest.mark.parametrize(
    "command",
    ["--help", "inbox", "show CS-1001", "why CS-1001", "quarantine", "inbox --json", "stats", "trace CS-1001"],
)
def test_reading_loads_no_framework(command: str, handled: Handled) -> None:
    """Neither help nor a reading command imports langgraph, langchain, scikit-learn or alembic."""
    probe = f"import sys; sys.argv = [{','.join(HEAVY)!r}, *{command.split()!r}]\n{PROBE}"
    finished = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True, text=True, timeout=120, env=environment(COUNTERSIGN_VAR=str(handled.var)),
    )  # fmt: skip
    assert json.loads(finished.stderr.splitlines()[-1]) == {"code": 0, "loaded": []}
    assert finished.stdout
