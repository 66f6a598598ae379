"""What a thread went through, as its checkpoints tell it."""

from pathlib import Path

from langgraph.checkpoint.base import empty_checkpoint

from checkpoints.history import passed
from tests.unit.saver_graphs import config, open_saver


def test_a_step_that_only_failed_is_none(tmp_path: Path) -> None:
    """A node that raised has neither finished nor asked; one that wrote has."""
    begun = empty_checkpoint()
    begun["channel_values"] = {"branch:to:triage": None}
    begun["channel_versions"] = {"branch:to:triage": "1"}
    with open_saver(tmp_path / "threads.db") as saver:
        kept = saver.put(config("t"), begun, {"source": "loop", "step": 0}, {"branch:to:triage": "1"})
        saver.put_writes(kept, [("__error__", "ValueError")], "task")
        assert list(passed(saver.list(config("t")))) == []
        saver.put_writes(kept, [("trail", ["a"])], "other")
        (step,) = passed(saver.list(config("t")))
        assert (step.node, dict(step.wrote), step.waits) == ("triage", {"trail": ["a"]}, False)
