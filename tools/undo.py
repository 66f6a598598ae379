"""Steps back: the proposal that would take a proposal's effect back, made while the record still is as it was."""

from countersign.domain.plan import UNDO, Proposal
from countersign.ports import ShopReads
from tools import proposals
from tools.catalog import contract


def undo_of(proposal: Proposal, shop: ShopReads) -> Proposal | None:
    """What gives the record back what the proposal would change of it; None where no effect can.

    None too where the record is not the one that the proposal was made from: what it was before is not known then.
    """
    number = proposal.target.partition("/")[2]
    match contract(proposal.kind).compensation:
        case "change_address":
            order = shop.order(number)
            back = proposals.change_address(order, order.ship_to, UNDO) if order else None
        case "change_email":
            customer = shop.customer(number)
            back = proposals.change_email(customer, customer.email, UNDO) if customer else None
        case _:
            back = None
    if back is None or back.version != proposal.version:
        return None
    return back.model_copy(update={"summary": f"Take back: {back.summary}"})
