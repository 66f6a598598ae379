"""The picture of what was measured: how many times the bare graph a step takes, with its spread."""

# pyright: reportUnknownMemberType=false
# matplotlib declares its options loosely
from pathlib import Path
from typing import TYPE_CHECKING

from bench import steps
from bench.measured import Found, ratios

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    steps.PLAIN: "#8c959f",
    steps.BARE: "#57606a",
    steps.READS: "#9a6700",
    steps.GOVERNED: "#1a7f37",
    steps.SYNC: "#0969da",
    steps.ASYNC: "#8250df",
}
_BAR = 0.13
_TARGETS = {1: 4, 32: 3}


def draw(found: Found, picture: Path) -> None:
    """Bars by how many tickets ran at once; the whiskers reach from the smallest to the largest repetition."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "font.size": 10, "svg.hashsalt": "countersign"})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
    for place, name in enumerate(steps.VARIANTS):
        _bars(axes, found, place, name)
    for group, at_once in enumerate(steps.PLAN):
        if at_once in _TARGETS:
            ends = (group - _BAR * 3.4, group + _BAR * 3.4)
            axes.hlines(_TARGETS[at_once], *ends, colors="#cf222e", linestyles="dashed", linewidth=1)
            axes.annotate("target", (ends[0], _TARGETS[at_once]), (0, 3), textcoords="offset points", color="#cf222e")
    axes.set_xticks(range(len(steps.PLAN)), [f"{at_once} at once" for at_once in steps.PLAN])
    axes.set_ylabel("times the bare graph's step")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(picture, format="svg", metadata={"Date": None})
    plt.close(figure)


def _bars(axes: "Axes", found: Found, place: int, name: str) -> None:
    against = {
        group: ratios(found, f"step/{at_once}/{name}", f"step/{at_once}/{steps.BARE}")
        for group, at_once in enumerate(steps.PLAN)
        if f"step/{at_once}/{name}" in found
    }
    middles = [each.median for each in against.values()]
    below = [each.median - min(each.values) for each in against.values()]
    above = [max(each.values) - each.median for each in against.values()]
    places = [group + (place - (len(steps.VARIANTS) - 1) / 2) * _BAR for group in against]
    axes.bar(places, middles, _BAR * 0.9, yerr=(below, above), label=name.replace("`", ""), color=_COLOURS[name],
             error_kw={"linewidth": 0.8, "capsize": 2})  # fmt: skip
    for x, y, top in zip(places, middles, above, strict=True):
        axes.annotate(f"{y:.1f}", (x, y + top), (0, 2), textcoords="offset points", ha="center", fontsize=7)
