"""Draws a plan: what one request comes to, before anybody has decided anything."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from countersign.display.words import line
from countersign.domain.plan import Plan, Proposal, ReplyPart


def drawn(plan: Plan) -> RenderableType:
    """The request, the facts with their sources, the proposals, the reply's template, and what a person should know."""
    head = Text.assemble(("plan", "bold"), " ", (f"{plan.category}: {plan.request}", "cyan"))
    return Group(head, *(Padding(part, (0, 0, 0, 2)) for part in _parts(plan)))


def _parts(plan: Plan) -> Iterator[RenderableType]:
    if plan.complex:
        yield Text.assemble(("needs a person: ", "bold yellow"), line(plan.complex))
    if plan.facts:
        yield Text("facts", style="dim")
        yield _facts(plan)
    for proposal in plan.proposals:
        yield _proposal(proposal)
    if plan.reply:
        yield _reply(plan.reply, plan.asks)
    for note in plan.notes:
        yield Text.assemble(("note ", "dim"), line(note))


def _facts(plan: Plan) -> Table:
    grid = Table.grid(padding=(0, 2))
    for fact in plan.facts:
        grid.add_row(Text(f"  {line(fact.name)}"), Text(line(fact.value), style="bold"), Text(fact.source, style="dim"))
    return grid


def _proposal(proposal: Proposal) -> Text:
    about = f"  {proposal.kind} of {proposal.target}, proposed by {proposal.by.kind} {proposal.by.id}"
    seen = f", seen at {proposal.version}" if proposal.version else ""
    return Text.assemble(("proposes ", "bold"), line(proposal.summary), (about + seen, "dim"))


def _reply(reply: ReplyPart, asks: bool) -> Text:
    what = "asks, with the template " if asks else "answers, with the template "
    return Text.assemble((what, "bold"), reply.template)
