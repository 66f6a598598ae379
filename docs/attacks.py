"""The page and the table of the attacks on approvals, from a recorded run.

countersign lab approvals --target countersign --target stock --json > docs/approvals.json
"""

import json
import re
from typing import Any

from docs.source import ROOT

RECORDED = ROOT / "docs" / "approvals.json"
COMMAND = "countersign lab approvals --target countersign --target stock"
_BLOCK = re.compile(r"(<!-- approvals: made by make docs -->\n).*?(<!-- end of approvals -->)", re.DOTALL)
_WORDS = {"kept": "kept", "broken": "**broken**", "not offered": "not offered"}


def recorded() -> dict[str, Any]:
    """The recorded run."""
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def attacks() -> str:
    """Every case with its promise and what it came to on both, as Markdown."""
    run = recorded()
    lines = ["| case | what has to hold | Countersign | plain graph | what happened there |", "| --- " * 5 + "|"]
    for case in run["cases"]:
        here, there = case["results"]["countersign"], case["results"]["stock"]
        text = _plain(there["text"]) if there["ending"] != "kept" else ""
        cells = (_name(case), case["promise"], _WORDS[here["ending"]], _WORDS[there["ending"]], text)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join((_counts(run), "", *lines))


def readme() -> str:
    """The README with its table of the attacks made anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return _BLOCK.sub(lambda found: found[1] + _short() + "\n" + found[2], text)


def _short() -> str:
    """The names alone, side by side."""
    run = recorded()
    lines = ["| attack | Countersign | plain graph |", "| --- " * 3 + "|"]
    for case in run["cases"]:
        endings = (_WORDS[case["results"][target]["ending"]] for target in ("countersign", "stock"))
        lines.append(f"| {' | '.join((_name(case), *endings))} |")
    head = f"<details><summary>{len(run['cases'])} attacks, side by side</summary>"
    return "\n".join((_counts(run), "", head, "", *lines, "", "</details>"))


def _counts(run: dict[str, Any]) -> str:
    here, there = (run["counts"][target] for target in ("countersign", "stock"))
    stock = ", ".join(f"{there.get(name, 0)} {name}" for name in ("kept", "broken", "not offered"))
    return f"Of {len(run['cases'])} promises Countersign kept {here.get('kept', 0)}; a plain graph: {stock}."


def _name(case: dict[str, Any]) -> str:
    return str(case["case"]).replace("_", " ")


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
