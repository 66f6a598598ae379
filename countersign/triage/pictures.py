"""The report as pictures: risk over coverage, reliability, confusion, learning curve."""

from importlib import import_module
from pathlib import Path
from typing import Any

from countersign.domain.errors import StorageError
from countersign.triage.measure import Measured

_INK, _LINE, _TARGET = "#24292f", "#1f6f8b", "#be3228"
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "countersign", "svg.fonttype": "path", "font.size": 9, "axes.edgecolor": _INK,
    "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white",
}  # fmt: skip


def draw(measured: Measured, folder: Path) -> list[Path]:
    """Writes the four pictures into a folder; StorageError where it can't be written."""
    import matplotlib

    mpl: Any = matplotlib
    mpl.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")

    made: list[Path] = []
    for name, paint, size in (
        ("risk-coverage", _risk, (4.8, 3.2)),
        ("reliability", _reliability, (4.0, 3.6)),
        ("confusion", _confusion, (6.4, 5.6)),
        ("learning", _learning, (4.8, 3.2)),
    ):
        with mpl.rc_context(_STYLE):
            figure, axes = pyplot.subplots(figsize=size, layout="constrained")
            paint(axes, measured)
            path = folder / f"triage-{name}.svg"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                figure.savefig(path, metadata={"Date": None, "Creator": "countersign triage report"})
            except OSError as error:
                raise StorageError(
                    f"can't be written: {error.strerror}", where=str(path), hint="name another"
                ) from error
            finally:
                pyplot.close(figure)
        made.append(path)
    return made


def _risk(axes: Any, measured: Measured) -> None:
    own = measured.measures
    axes.plot([100 * x for x, _ in own.curve], [100 * y for _, y in own.curve], color=_LINE, label="held-out examples")
    axes.axhline(100 * own.target_error, color=_TARGET, linestyle="--", label=f"target {100 * own.target_error:g} %")
    if own.accepted:
        axes.plot(
            100 * own.coverage,
            100 * own.wrong / own.accepted,
            "o",
            color=_TARGET,
            label="the threshold chosen, with all rules",
        )
    axes.set(xlabel="coverage, % of examples with a request", ylabel="error among the accepted, %", ylim=(0, None))
    axes.set_title("What answering more costs", loc="left")
    axes.legend(frameon=False)


def _reliability(axes: Any, measured: Measured) -> None:
    bins = measured.measures.reliability
    most = max((one.examples for one in bins), default=1)
    axes.plot([0, 100], [0, 100], color="#828892", linestyle=":", label="as promised")
    axes.plot([100 * one.confidence for one in bins], [100 * one.right for one in bins], color=_LINE, linewidth=1)
    axes.scatter(
        [100 * one.confidence for one in bins], [100 * one.right for one in bins],
        s=[15 + 160 * one.examples / most for one in bins], color=_LINE, label="held-out examples (area: how many)",
    )  # fmt: skip
    axes.set(xlabel="confidence, %", ylabel="right, %", xlim=(0, 103), ylim=(0, 103))
    axes.set_title("Whether a confidence keeps its word", loc="left")
    axes.legend(frameon=False, loc="upper left")


def _confusion(axes: Any, measured: Measured) -> None:
    import numpy as np

    rows = measured.matrix.sum(axis=1, keepdims=True)
    shares = measured.matrix / np.maximum(rows, 1)
    names, count = measured.classes, len(measured.classes)
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if count <= 40:
        axes.set_xticks(range(count), names, rotation=90, fontsize=7)
        axes.set_yticks(range(count), names, fontsize=7)
        for row, column in zip(*np.nonzero(shares >= 0.01), strict=True):
            colour = "white" if shares[row, column] > 0.4 else _INK
            text = f"{100 * shares[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)
    axes.set(xlabel="guessed", ylabel="asked")
    axes.set_title("What is taken for what, % of each row", loc="left")


def _learning(axes: Any, measured: Measured) -> None:
    points = measured.measures.learning
    axes.plot([one.examples for one in points], [100 * one.accuracy for one in points], "o-", color=_LINE)
    axes.set(xlabel="examples learnt from", ylabel="accuracy of the best guess, %", xlim=(0, None))
    axes.set_title("What more labels would help", loc="left")
