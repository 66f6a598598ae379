"""Draws what held-out examples say of the classifier."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.triage.measure import LOW, Measures
from countersign.triage.risk import NEVER

_BAR = 24


def thresholds(found: Measures) -> RenderableType:
    """The thresholds that keep the target, what they were chosen from, and what a request of its own would need."""
    rows = _table("threshold for", "from", "accepted", "wrong")
    for request, own in sorted(found.by_request.items()):
        rows.add_row(request, f"{own.threshold:.3f}", str(own.accepted), str(own.wrong))
    pooled = found.pooled
    shown = f"{pooled.threshold:.3f}" if pooled.threshold < NEVER else "never"
    name = "all other requests" if found.by_request else "all requests together"
    rows.add_row(name, shown, str(pooled.accepted), str(pooled.wrong))
    error, sure = f"{100 * found.target_error:g} %", f"{100 * found.confidence:g} %"
    told = [f"Target: at most {error} wrong among the accepted, with a confidence of {sure}."]
    if not found.by_request:
        told.append("No request has enough held-out examples for a threshold of its own, so one is shared by all.")
    told.append(f"A request needs {found.least_accepted} accepted held-out examples without an error, more with some.")
    if pooled.threshold >= NEVER and not found.by_request:
        told.append("These examples can't show that any threshold keeps the target: nothing would be answered.")
        told.append("Give more labelled examples, or a higher target error.")
    return Group(rows, Text(" ".join(told)))


def summary(found: Measures) -> RenderableType:
    """Coverage, achieved error with its interval, accuracy; and plainly, where accuracy is low."""
    parts = [
        Text(f"{found.examples} examples of {found.requests} requests, each judged by a model that had not seen it"),
        Text.assemble("coverage        ", (_percent(found.coverage), "bold"), " of examples with a request"),
    ]
    if found.accepted and found.error_interval:
        low, high = found.error_interval
        error = _percent(found.wrong / found.accepted)
        told = f" of {found.accepted} accepted (95 %: {_percent(low)} to {_percent(high)})"
        parts.append(Text.assemble("achieved error  ", (error, "bold"), told))
    parts.append(
        Text.assemble(
            "accuracy        ", (_percent(found.accuracy), "bold"), " of the best guess, whatever its confidence"
        )
    )
    if found.accuracy < LOW:
        parts.append(Text(_low(found), style="yellow"))
    return Group(*parts)


def details(found: Measures) -> RenderableType:
    """Unknowns apart, risk and coverage, reliability, confusions, learning curve."""
    unknowns = _table("unknowns", "examples", "left alone")
    for one in found.unknowns:
        unknowns.add_row(one.kind, str(one.examples), _percent(one.left_alone))
    curve = _table("coverage", "error among the accepted", "")
    for covered, error in found.curve[:: max(len(found.curve) // 10, 1)]:
        curve.add_row(_percent(covered), _percent(error), Text("█" * round(_BAR * min(error * 4, 1)), style="cyan"))
    bins = _table("confidence", "right", "examples")
    for one in found.reliability:
        bins.add_row(_percent(one.confidence), _percent(one.right), str(one.examples))
    confusions = _table("asked", "guessed", "examples")
    for one in found.confusions:
        confusions.add_row(one.asked, one.guessed, str(one.examples))
    learning = _table("learnt from", "accuracy", "")
    for one in found.learning:
        learning.add_row(
            str(one.examples), _percent(one.accuracy), Text("█" * round(_BAR * one.accuracy), style="cyan")
        )
    parts = [unknowns, curve, bins, confusions, learning]
    return Group(*(piece for part in parts for piece in (Text(), part)))


def _low(found: Measures) -> str:
    told = f"Accuracy is low on these labels: {_percent(found.accuracy)}."
    if found.labels_wanted is None:
        return f"{told} The learning curve is too flat to say how many more labels would help."
    have = found.learning[-1].examples
    return f"{told} About {found.labels_wanted} labels, {have} now, are forecast to bring it to {_percent(LOW)}."


def _table(*heads: str) -> Table:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, head in enumerate(heads):
        rows.add_column(head, justify="left" if number == 0 or head in ("guessed", "") else "right")
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
