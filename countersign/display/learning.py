"""Draws what the desk has learnt: a candidate's trial, and the versions of the triage model."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countersign.display.inbox import table
from countersign.display.views import Shows
from countersign.display.words import line
from countersign.domain.learning import Comparison, Figures, Learnt, Listed

_DIGEST = 12
"""Characters of a digest that are drawn; --json has all of it."""


@dataclass(frozen=True, repr=False)
class LearntView(Shows):
    """What one learning came to."""

    learnt: Learnt

    def __rich__(self) -> RenderableType:
        return learnt(self.learnt)

    def __repr__(self) -> str:
        return f"<learnt: {self.learnt.text}>"


@dataclass(frozen=True, repr=False)
class ModelsView(Shows):
    """Every version of the triage model, newest first."""

    models: tuple[Listed, ...]

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def __rich__(self) -> RenderableType:
        return models(self.models)

    def __repr__(self) -> str:
        return (
            f"<models: {len(self.models) - 1} learnt, {next((m.version for m in self.models if m.in_use), 0)} in use>"
        )


def learnt(found: Learnt) -> RenderableType:
    """The two models side by side, what would go another way, and what it came to."""
    parts: list[RenderableType] = [
        Text(
            f"{found.examples:,} examples, {found.labels} of them labels of your people; version {found.before} in use."
        )
    ]
    parts += [Text(f"not learnt from: {line(left)}", style="dim") for left in found.left_out]
    if found.comparison is not None:
        parts += [Text(""), _trial(found.comparison), Text("")]
        parts += [Text(f"{line(change)}", style="dim") for change in found.comparison.changes]
    style = "green" if found.version is not None else "yellow"
    return Group(*parts, Text(found.text, style=style))


def _trial(trial: Comparison) -> Table:
    rows = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    rows.add_column("")
    for heading in ("in use", "candidate"):
        rows.add_column(heading, justify="right")
    both = (trial.in_use, trial.candidate)
    held = f"held-out examples ({trial.examples:,})"
    rows.add_row(f"{held}: answered", *(f"{one.coverage:.1%}" for one in both))
    rows.add_row("  of the answers right", *(f"{one.accuracy:.1%}" for one in both))
    rows.add_row("  left alone where no request covers it", *(f"{one.abstained_on_none:.1%}" for one in both))
    rows.add_row(f"past turns that people judged ({trial.known:,}): right", *(str(one.right) for one in both))
    rows.add_row("  wrong", *(_wrong(one, trial.in_use) for one in both))
    rows.add_row("  left to a person", *(str(one.left) for one in both))
    return rows


def _wrong(one: Figures, before: Figures) -> Text:
    return Text(str(one.wrong), style="red" if one.wrong > before.wrong else "")


def models(found: tuple[Listed, ...]) -> RenderableType:
    """Each version with its data, figures, libraries and file, and who put it into use when."""
    rows = table("version", "held out", "learnt from", "made by", "file, and who put it into use")
    for one in found:
        rows.add_row(_version(one), *_facts(one), _story(one))
    return rows


def _version(one: Listed) -> Text:
    shown = Text(str(one.version), style="bold")
    return shown.append("  in use", style="bold green") if one.in_use else shown


def _facts(one: Listed) -> tuple[Text, Text, Text]:
    model = one.model
    if model is None:
        return Text(""), Text("the desk's examples"), Text("")
    figures = model.comparison.candidate
    held = f"{figures.coverage:.1%} answered\n{figures.accuracy:.1%} of them right"
    data = f"{model.examples:,} examples\n{len(model.labels)} labels\ndata {model.data[:_DIGEST]}"
    return Text(held), Text(data), Text("\n".join(f"{name} {number}" for name, number in model.libraries.items()))


def _story(one: Listed) -> Text:
    shown = Text(f"sha256 {one.model.sha256[:_DIGEST]}" if one.model else "made anew whenever they change", style="dim")
    for promotion in one.promoted:
        did = "promoted" if promotion.act == "promote" else "rolled back to"
        shown.append(f"\n{did} by {line(promotion.by)} on {promotion.at:%d %b %Y %H:%M} UTC", style="not dim")
    if one.trouble:
        shown.append(f"\n{line(one.trouble)}", style="not dim bold red")
    if one.removed:
        shown.append(f"\n{one.removed} of its labels were removed since: learn again", style="not dim yellow")
    return shown
