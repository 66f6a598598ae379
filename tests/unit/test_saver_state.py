"""State comes back as it was stored, and nothing comes back that is not on the allow-list."""

import logging
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.types import Command

from checkpoints.serializer import serializer
from checkpoints.strict import VARIABLE, enable_strict, require_strict
from countersign.domain.errors import MisuseError, StorageError
from countersign.domain.facts import Fact
from countersign.domain.money import Money
from countersign.domain.plan import Plan, Principal, Proposal
from countersign.domain.state import STATE_TYPES as DOMAIN_TYPES
from tests.unit.saver_graphs import BUILT, STATE_TYPES, Case, Line, Mood, Unlisted, asking, config, open_saver

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 16, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
CASE = Case(mood=Mood.ANGRY, at=NOON, lines=(Line(sku="A", amounts=(1, 2)), Line(sku="B", amounts=())))


def stored(tmp_path: Path, types: tuple[type, ...], **values: Any) -> dict[str, Any]:
    """The values after a write by one saver and a read by another, which opens the same file."""
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values
    checkpoint["channel_versions"] = dict.fromkeys(values, 1)
    with open_saver(tmp_path / "threads.db", types) as saver:
        saver.put(config(), checkpoint, {"source": "input"}, checkpoint["channel_versions"])
        saver.put_writes(config("t", checkpoint_id=checkpoint["id"]), list(values.items()), "task")
    with open_saver(tmp_path / "threads.db", types) as saver:
        found = saver.get_tuple(config())
    assert found is not None
    found_values = found.checkpoint["channel_values"]
    assert {channel: value for _, channel, value in found.pending_writes or ()} == found_values
    return found_values


def test_typed_state_comes_back_equal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Models, nested models, enums, aware times, tuples, bytes and plain values, small and large, without a warning."""
    values: dict[str, Any] = {
        "case": CASE,
        "cases": (CASE, CASE),
        "many": tuple(CASE.model_copy(update={"at": NOON + timedelta(days=n)}) for n in range(100)),
        "none": (),
        "mood": Mood.CALM,
        "at": NOON,
        "raw": bytes(range(256)) * 20,
        "text": "ü" * 5000,
        "list": [1, 2.5, None, True, "x"],
        "nothing": None,
        "yes": True,
    }
    with caplog.at_level(logging.WARNING):
        found = stored(tmp_path, STATE_TYPES, **values)
    assert found == values
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in values.items()}
    assert found["case"].lines[0].amounts == (1, 2)
    assert found["at"].utcoffset() == timedelta(hours=1)
    assert caplog.records == []


def test_the_domains_plans_come_back_equal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The desk's own state types, on their own allow-list, survive storage."""
    proposal = Proposal(
        kind="refund",
        target="order/FH-10001",
        args={"amount": 1250, "currency": "EUR"},
        by=Principal(kind="Playbook", id="billing"),
        summary="Refund the double charge.",
    )
    plan = Plan(request="double_charge", category="billing", proposals=(proposal,), notes=("charged twice",))
    values: dict[str, Any] = {"plans": (plan, plan), "money": Money(amount=1250, currency="EUR")}
    with caplog.at_level(logging.WARNING):
        assert stored(tmp_path, DOMAIN_TYPES, **values) == values
    assert Fact in DOMAIN_TYPES
    assert caplog.records == []


def test_typed_state_survives_an_interrupt(tmp_path: Path) -> None:
    """A graph that is resumed from the file sees the types that it stored, not dicts or lists."""
    with open_saver(tmp_path / "threads.db") as saver:
        asking(saver).invoke({"case": CASE, "cases": (CASE,), "at": NOON}, config(), durability="sync")
    with open_saver(tmp_path / "threads.db") as saver:
        result = asking(saver).invoke(Command(resume="yes"), config())
    assert result == {"case": CASE, "cases": (CASE,), "at": NOON, "mood": Mood.ANGRY, "answer": "yes!"}


def test_an_unlisted_type_is_not_built(tmp_path: Path) -> None:
    """A blob that names a type outside the allow-list gives plain data, and the type's code never runs."""
    secret = Unlisted(text="x")
    BUILT.clear()
    found = stored(tmp_path, STATE_TYPES, value=secret, values=(secret,))
    assert found == {"value": {"text": "x"}, "values": ({"text": "x"},)}
    assert BUILT == []


def test_only_types_that_can_be_found_again_are_state_types() -> None:
    """A type inside a function or class, or of a script, is refused when the list is made."""

    class Local:
        pass

    script_type = type("Script", (), {"__module__": "__main__"})
    for refused in (Local, script_type):
        with pytest.raises(MisuseError, match="can't be a state type"):
            serializer([refused])


def run(script: str, **environment: str) -> str:
    """The output of a script in a process of its own, started without the strict switch."""
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE} | environment
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


REQUIRED = """
from checkpoints.strict import enable_strict, require_strict
from countersign.domain.errors import StorageError
{before}
try:
    require_strict()
    print("strict")
except StorageError as error:
    print(error.full_code)
"""


def test_strict_decoding_is_required() -> None:
    """Set before langgraph is loaded it holds; set too late or not at all, the program is refused."""
    assert run(REQUIRED.format(before="enable_strict()")) == "strict"
    assert run(REQUIRED.format(before="")) == "storage.not_strict"
    assert run(REQUIRED.format(before="import langgraph.checkpoint.base; enable_strict()")) == "storage.not_strict"
    assert run(REQUIRED.format(before="enable_strict()"), **{VARIABLE: "false"}) == "strict"


def test_the_switch_is_checked_where_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is what the library has read, not what the environment says now."""
    module = "langgraph.checkpoint.serde._msgpack"
    monkeypatch.setattr(module, sys.modules[module])  # so that the module is put back afterwards
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setenv(VARIABLE, "false")
    enable_strict()
    assert os.environ[VARIABLE] == "true"
    require_strict()
    monkeypatch.setattr(f"{module}.STRICT_MSGPACK_ENABLED", False)
    enable_strict()
    with pytest.raises(StorageError) as raised:
        require_strict()
    assert raised.value.full_code == "storage.not_strict"


def test_these_tests_run_strictly() -> None:
    """What is tested here is tested the way it runs."""
    require_strict()
