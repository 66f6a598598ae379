"""The measurements: every variant runs the same road, and what was measured becomes a page and a picture."""

from pathlib import Path

from bench import steps
from bench.measured import Measured, from_json, ratios, to_json
from bench.report import write
from bench.steps import Rounds, measure
from bench.world import fresh, questions
from countersign.runtime import thread_config


def test_all_variants_take_the_same_road(prepared_var: Path, tmp_path: Path) -> None:
    """One ticket each: all of them take a time, and the governed one kept a checkpoint for each step."""
    found = measure(prepared_var, tmp_path, {1: Rounds(1, 1)}, lambda _: None)
    assert [each.name for each in found] == [f"step/1/{name}" for name in steps.VARIANTS]
    assert all(each.median > 0 for each in found)
    with fresh(prepared_var, tmp_path / "again") as runtime:
        (ref,) = questions(runtime, 1)
        assert runtime.handle(ref.id).status == "answered"
        assert len(list(runtime.graph.get_state_history(thread_config(ref.id)))) == 11 + 2


def test_figures_become_a_page_and_a_picture(tmp_path: Path) -> None:
    """A target that is missed is said so; what stands around the figures stays."""
    page = tmp_path / "performance.md"
    page.write_text("# Before\n\n<!-- measured by make bench -->\nold\n<!-- end of what was measured -->\n\nAfter.\n")
    write(from_json(to_json(_measured())), page, 60, 1.0)
    text = page.read_text()
    assert text.startswith("# Before")
    assert text.endswith("After.\n")
    assert "old" not in text
    assert "| governed step at 1 ticket | at most 4 × bare | 5.00 × | **not met** |" in text
    assert "| governed step at 32 tickets | at most 3 × bare | 2.00 × | met |" in text
    assert "<svg" in page.with_suffix(".svg").read_text()


def test_ratios_are_taken_repetition_by_repetition() -> None:
    """A busy moment that hits both variants leaves their ratio alone."""
    found = {name: Measured(name, values) for name, values in (("a", (2.0, 20.0, 3.0)), ("b", (1.0, 10.0, 1.0)))}
    assert ratios(found, "a", "b").values == (2.0, 2.0, 3.0)


def _measured() -> list[Measured]:
    """Every figure there is: the governed step 5 times the bare one alone, twice the bare one among 32."""
    found = [
        Measured(f"step/{at_once}/{name}", ((5.0 if at_once == 1 else 2.0) if name == steps.GOVERNED else 1.0,))
        for at_once in steps.PLAN
        for name in steps.VARIANTS
    ]
    empty = (steps.EMPTY_BARE, steps.EMPTY_OURS, steps.EMPTY_SYNC)
    found += [Measured(f"empty/{at_once}/{name}", (100.0,)) for at_once in (1, 32) for name in empty]
    found += [
        Measured(f"disk/{kind}/{part}", (1000.0,))
        for kind in ("open", "finished", "retained")
        for part in ("thread", "ledger", "mail", "all", "blocks")
    ]
    found += [Measured(f"growth/{turns}/{part}", (1000.0,)) for turns in (5, 10) for part in ("thread", "ledger")]
    found += [Measured(f"talk/{turns}/thread", (1000.0,)) for turns in (5, 10)]
    found += [Measured("memory/resident", (200.0, 201.0))]
    found += [Measured("memory/most", (202.0,)), Measured("start/countersign inbox", (0.2,))]
    return [*found, Measured("start/python -c 'import sqlalchemy, rich'", (0.2,))]
