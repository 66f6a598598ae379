"""Draws a benchmark: our figures beside the published ones, each with its source."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.triage.bench.run import Outcome
from countersign.triage.resample import Resampled


def bench_table(outcome: Outcome) -> RenderableType:
    """One data set's figures, in percent."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("measure", "system", "%"):
        rows.add_column(head, justify="right" if head == "%" else "left")
    rows.add_column("source", overflow="fold", ratio=1)
    for measure, value in _measures(outcome):
        rows.add_row(measure, Text("Countersign", style="bold"), Text(value, style="bold"), "this run")
        for figure in (own for own in outcome.published if own.measure == measure):
            rows.add_row("", figure.system, f"{figure.value:.1f}", Text(figure.source, style="dim"))
    joined = f", joined with {outcome.embeddings}" if outcome.embeddings else ""
    head = Text(f"{outcome.task}{joined}: {outcome.learnt} learnt from, {outcome.tested} tested on", style="bold")
    times = f"Learning took {outcome.train_seconds:.0f} s; one text, warm, {outcome.ticket_milliseconds:.1f} ms."
    return Group(head, Text(outcome.protocol, style="dim"), rows, Text(times), Text())


def _measures(outcome: Outcome) -> list[tuple[str, str]]:
    found = [("in-scope accuracy", _percent(outcome.in_scope_accuracy))]
    if outcome.unknowns:
        unknowns = outcome.unknowns
        found += [
            ("out-of-scope recall", _percent(unknowns.recall)),
            ("out-of-scope recall at 95 % coverage", _percent(unknowns.recall_at_95)),
            ("AUROC", _percent(unknowns.auroc)),
            ("FPR at 95 % TPR", _percent(unknowns.fpr_at_95)),
        ]
    found.append((f"coverage at target error {_percent(outcome.target_error)} %", _percent(outcome.coverage)))
    if outcome.achieved_error is not None and outcome.error_interval:
        low, high = outcome.error_interval
        found.append(("achieved error", f"{_percent(outcome.achieved_error)} ({_percent(low)} to {_percent(high)})"))
    if outcome.resampled:
        found.append((f"target kept in {outcome.resampled.resamples} resamples", f"{outcome.resampled.kept}"))
        found.append(("median and worst error of the resamples", _both(outcome.resampled)))
    return found


def _both(resampled: Resampled) -> str:
    return f"{_percent(resampled.error)}, {_percent(resampled.worst_error)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
