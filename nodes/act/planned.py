"""What the turn wants now: its plans and its draft, with a person's edit in their place."""

from countersign.domain.facts import Fact
from countersign.domain.frozen import digest
from countersign.domain.money import Money
from countersign.domain.plan import Draft, Plan, Proposal
from countersign.domain.resolution import Resolution
from countersign.domain.review import Edited
from countersign.domain.state import TicketState
from countersign.quality.claims import amounts
from tools.catalog import contract


def agents_own(state: TicketState) -> Resolution | None:
    """The resolution whose plan stands in the place of the playbooks'; None where theirs stand."""
    resolution = state.get("resolution")
    return resolution if resolution and resolution.plan else None


def plans_made(state: TicketState) -> tuple[Plan, ...]:
    """The turn's plans, before any edit: the agent's where it made one, otherwise the playbooks'."""
    agreed = seconded(state)
    return tuple(_marked(plan, agreed) for plan in _unmarked(state))


def _unmarked(state: TicketState) -> tuple[Plan, ...]:
    own = agents_own(state)
    return (own.plan,) if own and own.plan else state.get("plans", ())


def to_second(state: TicketState) -> str:
    """Digest of what a second model is asked about: the proposals and the reply as they are now."""
    draft = state.get("draft")
    proposed = [proposal.arguments_digest for plan in _unmarked(state) for proposal in plan.proposals]
    return digest([proposed, draft.body if draft else ""])


def seconded(state: TicketState) -> bool:
    """Whether an independent second model agrees with just these proposals and this reply."""
    opinion = state.get("opinion")
    return opinion is not None and opinion.asked and opinion.agrees and opinion.about == to_second(state)


def _marked(plan: Plan, agreed: bool) -> Plan:
    """The plan, whose proposals say who named the request and whether a second model agrees."""
    marks = {"named_by": plan.named_by, "seconded": agreed}
    marked = (
        proposal.model_copy(update={"provenance": proposal.provenance.model_copy(update=marks)})
        for proposal in plan.proposals
    )
    return plan.model_copy(update={"proposals": tuple(marked)})


def planned(state: TicketState) -> tuple[Plan, ...]:
    """The turn's plans; after an edit their facts stay, and the edit's proposals stand in one plan of their own."""
    plans, edit = plans_made(state), state.get("edit")
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
