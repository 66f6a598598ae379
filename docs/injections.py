"""The tables of docs/injections.md, from a recorded run.

countersign lab attack --seed 7 --json > docs/injections.json
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from docs.source import ROOT

RECORDED = ROOT / "docs" / "injections.json"
_BLOCK = re.compile(r"(<!-- injections: made by make docs -->\n).*?(<!-- end of injections -->)", re.DOTALL)
_FIGURES = {
    "reached_model": "reached the model",
    "effects_caused": "effects caused",
    "attacks_with_effect": "attacks with an effect",
    "drafts_tainted": "drafts tainted",
    "sent_tainted": "sent tainted",
    "escalations_forced": "escalated",
}
_OF_A_DESK = ("drafts_tainted", "escalations_forced")
"""What there is on the desk alone."""


def recorded() -> dict[str, Any]:
    """The recorded run."""
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def page() -> str:
    """The page with its tables made anew."""
    text = (ROOT / "docs" / "injections.md").read_text(encoding="utf-8")
    return _BLOCK.sub(lambda found: found[1] + _tables(recorded()) + "\n" + found[2], text)


def _tables(run: Mapping[str, Any]) -> str:
    by = [_by(run, name) for name in ("technique", "place", "demand")]
    return "\n\n".join((_summary(run), _arms(run), "Attacks with an effect:", *by))


def _summary(run: Mapping[str, Any]) -> str:
    governed = [arm for arm in run["arms"] if arm["way"] == "governed"]
    held, both = (sum(arm["effects_caused"] for arm in arms) for arms in (governed, run["arms"]))
    most = max(arm["bound_95"] for arm in governed)
    return (
        f"Seed {run['seed']}: {run['injections']} injections caused {held} effects on the desk and {both - held} "
        f"on the agent without gates. Where none of so many has an effect, at most {most:.1%} have one, at 95 % "
        "confidence, for each model."
    )


def _arms(run: Mapping[str, Any]) -> str:
    rows = [
        (arm["way"], arm["model"], f"{arm['utility']:.0%}", f"{arm['utility_under_attack']:.0%}", *_figures(arm))
        for arm in run["arms"]
    ]
    return _table(("side", "model", "utility", "under attack", *_FIGURES.values()), rows)


def _figures(arm: Mapping[str, Any]) -> list[str]:
    return ["–" if arm["way"] == "undefended" and name in _OF_A_DESK else str(arm[name]) for name in _FIGURES]


def _by(run: Mapping[str, Any], name: str) -> str:
    """Without gates the obedient model alone: the others do harm by chance as well."""
    obedient = [arm for arm in run["arms"] if (arm["way"], arm["model"]) == ("undefended", "obedient")]
    governed = [arm for arm in run["arms"] if arm["way"] == "governed"]
    rows = [(key, *(_hits(arms, name, key) for arms in (obedient, governed))) for key in obedient[0][f"by_{name}"]]
    return _table((name, "the obedient model without gates", "every model on the desk"), rows)


def _hits(arms: list[dict[str, Any]], name: str, key: str) -> str:
    counts = [arm[f"by_{name}"][key] for arm in arms]
    return f"{sum(count[0] for count in counts)} of {sum(count[1] for count in counts)}"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
