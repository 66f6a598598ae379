"""Runs the cases, each in a process of its own on a desk of its own, and judges what the desk's cases left."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from countersign.lab.approvals import Against, answers, history, outliving
from countersign.lab.approvals.target import Broken, NotOffered, Refused, Target
from countersign.lab.checker import check
from countersign.lab.forks import in_child, shared_out
from countersign.lab.stage import LabClock, Stage
from countersign.ledger.export import export_audit

Case = Callable[[Target], None]
Ending = Literal["kept", "broken", "not offered"]

_ASKED = "asked"
LEAST = {"tickets": 1, "decisions": 1}
"""What must have happened in every case for a judgement."""
CASES: dict[str, Case] = {case.__name__: case for case in (*answers.CASES, *outliving.CASES, *history.CASES)}
"""Every case by its name."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to."""

    case: str
    target: Against
    ending: Ending
    text: str = ""
    """What happened instead of what was promised."""
    counts: dict[str, int] | None = None
    """The activity that the checker saw; None where it had no audit to read."""


def promise(case: str) -> str:
    """The case's one sentence."""
    return " ".join((CASES[case].__doc__ or "").split())


def preload(targets: Sequence[Against]) -> None:
    """Imports here what every case's process needs, so that each starts in milliseconds."""
    for target in targets:
        import_module(f"countersign.lab.approvals.{'stock' if target == Against.stock else 'desk'}")


def prepare(stage: Stage) -> None:
    """Makes the folder that the desk's cases begin with: one question that waits for a person."""
    in_child(lambda: _ask(stage))


def _ask(stage: Stage) -> None:
    from countersign.lab.approvals.desk import DeskTarget

    target = DeskTarget(stage, stage.fresh(_ASKED), LabClock())
    target.deliver()
    target.close()


def run(stage: Stage, targets: Sequence[Against], names: Sequence[str], workers: int = 2) -> Iterator[Result]:
    """Each case against each target; in the order in which they end. Raises RuntimeError where one fails by itself."""
    tasks: list[tuple[str, Against]] = [(name, target) for name in names for target in targets]
    for told in shared_out(tasks, lambda task: in_child(lambda: asdict(run_case(stage, *task))), workers):
        yield Result(**told)


def run_case(stage: Stage, name: str, target: Against) -> Result:
    """One case in this process, which it may leave changed: run it in a process of its own."""
    if target == Against.stock:
        return _on_stock(name, stage.fresh(f"stock-{name}"))
    return _on_desk(stage, name, stage.fresh(f"desk-{name}", stage.folder / _ASKED))


def _on_stock(name: str, var: Path) -> Result:
    from countersign.lab.approvals.stock import StockTarget

    return Result(name, Against.stock, *_played(CASES[name], StockTarget(var, LabClock())))


def _on_desk(stage: Stage, name: str, var: Path) -> Result:
    from countersign.lab.approvals.desk import DeskTarget

    target = DeskTarget(stage, var, LabClock())
    ending, text = _played(CASES[name], target)
    target.close()
    audit = var / "audit.jsonl"
    audit.write_text("".join(line + "\n" for line in export_audit(var / "ledger.db")), encoding="utf-8")
    report = check(audit, var / "shop.db", var / "sent", LEAST)
    seen = [f"the checker: {found.promise}: {found.text}" for found in report.violations]
    text = "; ".join((*((text,) if text else ()), *seen))
    return Result(name, Against.countersign, "broken" if seen else ending, text, report.counts)


def _played(case: Case, target: Target) -> tuple[Ending, str]:
    try:
        case(target)
    except Broken as broken:
        return "broken", str(broken)
    except NotOffered as missing:
        return "not offered", str(missing)
    except Refused as refused:
        return "broken", f"what has to work is refused: {refused}"
    return "kept", ""


def report(results: Sequence[Result]) -> dict[str, Any]:
    """What `--json` prints: the counts by target, and each case with what it promises and what it came to."""
    order = list(CASES)
    named = sorted(results, key=lambda result: (order.index(result.case), result.target))
    targets = dict.fromkeys(result.target for result in named)
    endings = {target: Counter(result.ending for result in named if result.target == target) for target in targets}
    cases = [
        {
            "case": name,
            "promise": promise(name),
            "results": {str(r.target): {"ending": r.ending, "text": r.text} for r in named if r.case == name},
        }
        for name in dict.fromkeys(result.case for result in named)
    ]
    ok = not any(result.target == Against.countersign and result.ending != "kept" for result in results)
    return {"ok": ok, "counts": {str(name): dict(count) for name, count in endings.items()}, "cases": cases}
