"""kill -9 while a model is being asked: whoever goes on asks nothing again that was answered, and decides the same."""

import io
import json
import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from countersign.adapters.mail import read_sources
from countersign.batch import Batch
from countersign.domain.frozen import canonical
from countersign.ledger import open_ledger
from countersign.ledger.calls import spent_on
from countersign.ledger.check import check_ledger
from countersign.ledger.read import why
from countersign.runtime import open_runtime
from countersign.settings import ModelSettings, Settings
from tests.conftest import SteppingClock
from tests.llm.odd_server import Said, called, completion, odd_server

MAIL = {
    "id": "vague@example.org",
    "from": "maya.ellingham@example.org",
    "subject": "Hm",
    "text": "Hm. FH-10001, dear people. You know how it goes.",
    "authenticated": True,
}
PLAN = {"summary": "The parcel is on its way.", "hand_back": ["where_is_my_order"], "confidence": "high"}
_GENERATED = ("id", "at", "review", "grant", "grant_id", "effect", "reference", "fence", "receipt")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def run(var: Path, port: int, second: Callable[[int], Said]) -> list[dict[str, Any]]:
    """One batch in a child; `second` makes the second answer, given the child. What the server was asked is answered.

    The child is forked before the server's threads begin, and waits until they listen.
    """
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(var, port, there)
    with odd_server(port) as odd:
        odd.choose = lambda request: _answer(request, second, child)
        os.write(here, b"!")
        os.waitpid(child, 0)
    os.close(here)
    os.close(there)
    return odd.asked


def _answer(request: dict[str, Any], second: Callable[[int], Said], child: int) -> Said:
    """First a lookup, then whatever `second` says; the critic agrees."""
    if "second pair of eyes" in request["messages"][0]["content"]:
        return completion({"content": '{"agrees": true, "reasons": []}'})
    looked_up = any(message["role"] == "tool" for message in request["messages"])
    return second(child) if looked_up else called("look_up_order", '{"order": "FH-10001"}')


def _in_child(var: Path, port: int, there: int) -> None:
    code = 1
    try:
        os.read(there, 1)
        base = f"http://127.0.0.1:{port}/v1"
        model = ModelSettings(large="openai:odd", base_url=base, key=SecretStr("k"), timeout=300, retries=0)
        with open_runtime(Settings(var=var, model=model), clock=SteppingClock()) as runtime:
            line = io.BytesIO(json.dumps(MAIL).encode())
            mail = runtime.deps.desk.settings.mail
            Batch(runtime).run(read_sources(["-"], runtime.deps.blobs, mail, line))
        code = 0
    except BaseException:  # noqa: BLE001  the parent has to hear of anything, and pytest must not see this process
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)


def plan(_: int) -> Said:
    return called("FinalPlan", json.dumps(PLAN))


def kills(child: int) -> Said:
    """An answer that never comes: the process that waits for it is killed."""

    def instead(_: BaseHTTPRequestHandler) -> None:
        os.kill(child, signal.SIGKILL)

    return Said(instead=instead)


def decided(var: Path) -> str:
    """The decision record as canonical JSON, without times and generated ids."""
    ledger = open_ledger(var / "ledger.db")
    try:
        return canonical(_without_generated(cast("Any", why(ledger, "CS-1001"))))
    finally:
        ledger.close()


def _without_generated(value: Any) -> Any:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        kept = {name: item for name, item in named.items() if name not in _GENERATED and not name.endswith("_at")}
        return {name: _without_generated(item) for name, item in kept.items()}
    return [_without_generated(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def test_no_recorded_call_is_repeated_and_the_decision_is_the_same(prepared_var: Path, tmp_path: Path) -> None:
    """The first call's answer is told from the journal, the second is asked anew, the rest is as if undisturbed."""
    port, clean, killed = free_port(), tmp_path / "clean", tmp_path / "killed"
    for var in (clean, killed):
        shutil.copytree(prepared_var, var, ignore=shutil.ignore_patterns("triage"))
        (var / "triage").symlink_to(prepared_var / "triage")
    assert len(run(clean, port, plan)) == 3
    assert len(run(killed, port, kills)) == 2
    again = run(killed, port, plan)
    assert again[0]["messages"][-1]["role"] == "tool"
    assert len(again) == 2
    assert "where_is_my_order" in decided(clean)
    assert decided(killed) == decided(clean)
    assert check_ledger(killed / "ledger.db") == ()
    spent = spent_on(killed / "ledger.db", "CS-1001")[0]
    assert (spent.answered, spent.recorded, spent.failed, spent.codes) == (2, 1, 1, ("cut off",))
