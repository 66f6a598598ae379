"""What the desk is killed in the middle of: between them, every kind of effect there is."""

from collections.abc import Callable
from dataclasses import dataclass

from countersign.batch import Batch
from countersign.domain.plan import Kind
from countersign.domain.review import Approve, Edit, EditedProposal, Reply
from countersign.domain.ticket import Message
from countersign.lab.faults import faulty, refusing
from countersign.review import Shown, answer, shown
from countersign.runtime import Runtime

PERSON = "ines"
_MOST_QUESTIONS = 5


def _yes(_: Shown) -> Reply:
    return Approve()


def _add_a_step(asked: Shown) -> Reply:
    """A new address on record before the refund; a step back is approved as it is."""
    if asked.draft is None:
        return Approve()
    kept = [EditedProposal(kind=one.kind, target=one.target, args=one.args) for one in asked.proposals]
    step = EditedProposal(
        kind="change_email", target=f"customer/{asked.ticket.customer}", args={"email": "new@example.org"}
    )
    return Edit(proposals=(*kept, step))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A sample mail, and what a person says to its question."""

    name: str
    mail: str
    """How the file's name begins."""
    effects: tuple[Kind, ...]
    """What happens where nothing is killed: a run in which nothing happens proves nothing."""
    reply: Callable[[Shown], Reply] = _yes
    refuses: str = ""
    """The provider's call that it refuses for good."""


SCENARIOS = (
    Scenario("cancellation with refund", "019", ("cancel_order", "refund", "send_reply")),
    Scenario("return and pause", "087", ("create_return", "pause_subscription", "send_reply")),
    Scenario("replacement", "006", ("send_replacement", "send_reply")),
    Scenario("another address", "024", ("change_address", "send_reply")),
    Scenario("membership cancelled", "060", ("cancel_subscription", "send_reply")),
    Scenario("login link", "065", ("send_login_link", "send_reply")),
    Scenario("approved e-mail address", "066", ("change_email", "send_reply")),
    Scenario("approved closing", "068", ("close_account", "send_reply")),
    Scenario("approved export", "071", ("export_data", "send_reply")),
    Scenario("approved refund", "100", ("refund", "send_reply")),
    Scenario("step taken back", "100", ("change_email", "change_email"), _add_a_step, "refund"),
)


def play(runtime: Runtime, scenario: Scenario, messages: list[Message]) -> dict[str, str]:
    """Delivers, lets the person answer until nothing is asked, and tells how each ticket stands.

    Played again from any point it goes on where it was, as the same commands given again would.
    """
    runtime = faulty(runtime, refusing(scenario.refuses) if scenario.refuses else None)
    batch = Batch(runtime)
    batch.run(messages)
    tickets = sorted({taken.ticket for taken in batch.taken})
    for ticket in tickets:
        for _ in range(_MOST_QUESTIONS):
            if runtime.ticket(ticket).status != "waiting":
                break
            asked = shown(runtime, ticket)
            answer(runtime, ticket, scenario.reply(asked), PERSON, asked.digest)
    return {ticket: runtime.ticket(ticket).status for ticket in tickets}
