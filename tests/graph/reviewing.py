"""A large refund that waits for a person, and what tests do with it."""

import pytest

from countersign.domain.errors import RejectedError
from countersign.domain.review import Reply
from countersign.domain.shop import Order
from countersign.domain.ticket import Ticket, TicketRef
from countersign.intake import take
from countersign.review import Shown, answer, shown
from countersign.runtime import Runtime
from tests.messages import message

SIMON = "simon.hartigan@example.org"
LOST = (
    "order FH-10072, the Basecamp tent, has not been scanned for nearly three weeks. It must be lost. We needed it "
    "last weekend and bought another, so please refund the full price."
)


def deliver(runtime: Runtime, key: str = "m1", text: str = LOST, **more: object) -> Ticket:
    """A message about a lost tent, to the end of its turn."""
    taken = take(message(key, SIMON, "Basecamp tent lost, FH-10072", text, **more), runtime.deps)
    return runtime.handle(taken.ticket)


def lost_tent(runtime: Runtime) -> Shown:
    """A large refund that waits for a person, as the person sees it."""
    return shown(runtime, deliver(runtime).id)


def say(runtime: Runtime, asked: Shown, reply: Reply, person: str = "ines") -> Ticket:
    """A person answers what they were shown."""
    return answer(runtime, asked.ticket.id, reply, person, asked.digest)


def refused(runtime: Runtime, asked: Shown, reply: Reply, person: str = "ines") -> str:
    """The code with which the answer is refused; the question must stay open and nothing must have happened."""
    before = runtime.ledger.effect_counts()
    with pytest.raises(RejectedError) as caught:
        say(runtime, asked, reply, person)
    assert runtime.ledger.effect_counts() == before
    review = runtime.ledger.review_shown(asked.ticket.id, asked.digest)
    assert review is not None
    assert review.status == "open"
    return caught.value.full_code


def order(runtime: Runtime, number: str = "FH-10072") -> Order:
    """An order as the shop has it now."""
    found = runtime.deps.shop.order(number)
    assert found is not None
    return found


def refunds(runtime: Runtime) -> list[int]:
    """What was refunded for the tent."""
    return [refund.amount for refund in order(runtime).refunds]


def mail(runtime: Runtime, ticket: Ticket) -> str:
    """The text of the turn's reply."""
    return str(runtime.ledger.proposals(TicketRef(id=ticket.id, turn=ticket.turn))[-1].args["body"])
