"""What the turn wants now: its plans and its draft, with a person's edit in their place."""

from countersign.domain.facts import Fact
from countersign.domain.money import Money
from countersign.domain.plan import Draft, Plan, Proposal
from countersign.domain.review import Edited
from countersign.domain.state import TicketState
from countersign.quality.claims import amounts
from tools.catalog import contract


def planned(state: TicketState) -> tuple[Plan, ...]:
    """The turn's plans; after an edit their facts stay, and the edit's proposals stand in one plan of their own."""
    plans, edit = state.get("plans", ()), state.get("edit")
    if edit is None:
        return plans
    before = tuple(proposal for plan in plans for proposal in plan.proposals)
    gone = _amounts(before) - _amounts(edit.proposals)
    kept = tuple(_emptied(plan, gone) for plan in plans)
    last = plans[-1] if plans else Plan(request="", category="")
    own = Plan(
        request=last.request, category=last.category, facts=_facts(edit), proposals=edit.proposals,
        notes=(f"{edit.by} changed what was proposed",),
    )  # fmt: skip
    return (*kept, own)


def all_proposals(state: TicketState) -> tuple[Proposal, ...]:
    """The proposals of all plans, without repeats, what can be taken back first; the reply is not among them.

    Once the turn has begun to undo, these are the steps back and nothing else.
    """
    wanted = {p.arguments_digest: p for plan in planned(state) for p in plan.proposals}
    return undoing(state) or tuple(sorted(wanted.values(), key=lambda proposal: contract(proposal.kind).finality))


def undoing(state: TicketState) -> tuple[Proposal, ...]:
    """The steps back that take the place of the turn's plans; empty while nothing has failed."""
    undo = state.get("undo")
    return undo.begun if undo else ()


def drafted(state: TicketState) -> Draft | None:
    """The turn's reply as a person's edit left it; none where the turn undoes what it began."""
    edit = state.get("edit")
    if undoing(state):
        return None
    return edit.draft if edit else state.get("draft")


def money_of(proposal: Proposal) -> Money | None:
    """The money that a proposal names."""
    amount, currency = proposal.args.get("amount"), proposal.args.get("currency")
    if isinstance(amount, bool) or not isinstance(amount, int) or not isinstance(currency, str):
        return None
    return Money(amount=amount, currency=currency)


def _amounts(proposals: tuple[Proposal, ...]) -> set[int]:
    return {money.amount for proposal in proposals if (money := money_of(proposal)) is not None}


def _emptied(plan: Plan, gone: set[int]) -> Plan:
    """The plan without its proposals, and without the amounts that nobody proposes any more."""
    facts = tuple(fact for fact in plan.facts if not amounts(fact.value) & gone)
    return plan.model_copy(update={"proposals": (), "facts": facts})


def _facts(edit: Edited) -> tuple[Fact, ...]:
    """The amounts of the edit's proposals, which its reply may state, and what it brought along."""
    moneys = (money_of(proposal) for proposal in edit.proposals)
    source = f"review:{edit.review}"
    amounts_now = (Fact(name="amount", kind="amount", value=str(money), source=source) for money in moneys if money)
    return (*edit.facts, *amounts_now)
