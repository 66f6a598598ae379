"""Published flaws of the libraries that we stand on: floors that keep the fixes, and switches that stay set."""

import ast
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import ormsgpack
import pytest
from langchain_core.load import dumps, load
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langgraph.checkpoint.sqlite import SqliteSaver
from packaging.version import Version

from checkpoints.serializer import serializer
from countersign.domain.state import STATE_TYPES
from docs.source import ROOT

OURS = ("countersign", "graphs", "nodes", "tools", "checkpoints")
FLOORS = {
    "langgraph-checkpoint": "4.0.0",  # GHSA-wwqv-p2pp-99h5, GHSA-g48c-2wqr-h844
    "langgraph-checkpoint-sqlite": "3.0.1",  # GHSA-9rwj-6rc7-p77c
    "langchain-core": "1.2.5",  # GHSA-c67j-w6g6-q2cm, CVE-2026-34070
    "langgraph-sdk": "0.3.15",  # CVE-2026-48776
}
"""The first versions without the named advisories; read from what is installed, without a network."""
_DANGEROUS = {"load_prompt", "astream_log", "astream_events", "loads", "load_prompt_from_config"}


@pytest.mark.parametrize("name", FLOORS)
def test_installed_version_has_the_fix(name: str) -> None:
    """Each advisory is fixed in what is installed; a lock file that goes back fails here."""
    assert Version(version(name)) >= Version(FLOORS[name])


def modules() -> list[Path]:
    """Every module of ours."""
    return [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("method", [None, "from_bytes", "x"])
@pytest.mark.parametrize("kind", ["json", "msgpack"])
def test_stored_constructor_is_not_called(tmp_path: Path, method: str | None, kind: str) -> None:
    """A blob that names a constructor or a method stays plain data (GHSA-wwqv-p2pp-99h5, GHSA-fjqc-hq36-qh5p)."""
    pwned = tmp_path / "pwned"
    wanted = {"lc": 2, "type": "constructor", "id": ["os", "system"], "args": [f"touch {pwned}"]}
    wanted |= {"method": method} if method else {}
    blob = json.dumps(wanted).encode() if kind == "json" else ormsgpack.packb(wanted)
    try:
        found = serializer(STATE_TYPES).loads_typed((kind, blob))
    except (NotImplementedError, ValueError):
        found = wanted
    assert not pwned.exists()
    assert found == wanted


@pytest.mark.parametrize("code", range(6))
def test_stored_extension_is_not_called(tmp_path: Path, code: int) -> None:
    """A msgpack extension that names a function is not imported and called (GHSA-g48c-2wqr-h844)."""
    pwned = tmp_path / "pwned"
    packed = ormsgpack.packb(("os", "system", f"touch {pwned}"))
    blob = ormsgpack.packb(ormsgpack.Ext(code, packed))
    serializer(STATE_TYPES).loads_typed(("msgpack", blob))
    assert not pwned.exists()


ENTRIES = {
    "command line": "import sys; from countersign.cli.app import app, register; register();"
    "sys.argv[1:] = []; app(['graph', 'verify'], standalone_mode=False)",
    "notebook": "import sys; from countersign.runtime import open_runtime; from countersign.settings import Settings;"
    "from pathlib import Path; opened = open_runtime(Settings(var=Path(sys.argv[1]))); opened.__enter__();"
    "opened.__exit__(None, None, None)",
    "development server": "import countersign.server.graph",
    "laboratory": "from countersign.lab.stage import stage, enable_strict; enable_strict();"
    "import countersign.lab.approvals.suite",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_decodes_strictly(entry: str, var: Path) -> None:
    """Wherever one comes in, strict decoding is on before the library reads its switch, without help from outside."""
    probe = f"{ENTRIES[entry]}; from langgraph.checkpoint.serde import _msgpack as m; assert m.STRICT_MSGPACK_ENABLED"
    clean = {name: value for name, value in os.environ.items() if name != "LANGGRAPH_STRICT_MSGPACK"}
    words = [sys.executable, "-c", probe, str(var)]
    finished = subprocess.run(
        words, env=clean | {"COUNTERSIGN_VAR": str(var)}, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("key", ["a') OR 1=1 --", 'x"y', "a b", "$.x"])
def test_metadata_key_is_no_sql(tmp_path: Path, key: str) -> None:
    """The library's own saver refuses a filter's key that could be SQL (GHSA-9rwj-6rc7-p77c), as ours does."""
    with (
        SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver,
        pytest.raises(ValueError, match="filter key"),
    ):
        list(saver.list({"configurable": {"thread_id": "1"}}, filter={key: 1}))


def test_text_that_looks_like_an_object_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that spells out a stored secret stays what it is (GHSA-c67j-w6g6-q2cm)."""
    monkeypatch.setenv("OUR_SECRET", "hunter2")
    sly = {"lc": 1, "type": "secret", "id": ["OUR_SECRET"]}
    told = HumanMessage("x", additional_kwargs={"sly": sly})
    again = load(json.loads(dumps(told)), secrets_from_env=False)
    assert again.additional_kwargs["sly"] == sly
    assert "hunter2" not in str(again)


@pytest.mark.parametrize("text", ["{sender.__class__}", "{0}", "{", "}}", "{{ x }}", "{% raw %}", "${jndi:x}"])
def test_customers_text_is_no_template(text: str) -> None:
    """A customer's braces are never read as a template: ours fill by values, the library's attributes are refused."""
    prompt = ChatPromptTemplate.from_messages([("system", "{given}")])
    assert prompt.invoke({"given": text}).to_messages()[0].content == text
    with pytest.raises(ValueError, match=r"[Vv]ariable"):
        ChatPromptTemplate.from_messages([("system", "{sender.__class__}")])


def test_nothing_of_ours_calls_what_has_holes() -> None:
    """No prompt is loaded from a path, no object from JSON, no old event stream is used, no check is an assert."""
    found: list[str] = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            owner = ast.unparse(node.func.value) if name and isinstance(node, ast.Call) else ""  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
            if name in _DANGEROUS and owner not in ("json", "tomllib"):
                found.append(f"{path.name}: {name}")
            if isinstance(node, ast.Assert) or (isinstance(node, ast.ImportFrom) and node.module == "pickle"):
                found.append(f"{path.name}: {type(node).__name__}")
    assert found == []


def test_nothing_is_traced_unasked() -> None:
    """No run of ours sends anything to a tracing service by itself: the switch is off, and no key of ours is set."""
    import langsmith.utils as tracing

    assert tracing.tracing_is_enabled() is False  # pyright: ignore[reportUnknownMemberType]  it has no types
