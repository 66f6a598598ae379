"""A plan of several steps that a person has put together, on a shop whose later steps may fail."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from countersign.domain.review import Edit, EditedProposal
from countersign.domain.ticket import Ticket
from countersign.intake import take
from countersign.ports import Clock
from countersign.review import Shown, answer, shown
from countersign.runtime import OnPoint, Runtime, open_runtime
from countersign.settings import Settings, demonstration_desk
from graphs.support import support_graph
from tests.graph.test_gateway import FaultyShop, always
from tests.messages import message

LENA, ORDER = "lena.hofstaetter@example.org", "FH-10019"
HOME, AWAY = "Feldgasse 30", "Lindengasse 12"
TEXT = f"please send my order {ORDER} to another address: {AWAY}, 1070 Wien. Thank you!"
ASKS_FIRST = """
@id("test.address-asks")
@reason("A person decides about every new address.")
forbid (principal, action == Action::"execute.change_address", resource)
unless { principal == Playbook::"undo" };
"""


def asking_desk(folder: Path) -> Path:
    """The demonstration desk, where a person is asked about every new address."""
    desk = Path(shutil.copytree(demonstration_desk(), folder / "desk"))
    with (desk / "policy.cedar").open("a") as policy:
        policy.write(ASKS_FIRST)
    return desk


@contextmanager
def opened(
    var: Path, desk: Path, clock: Clock, on_point: OnPoint | None = None, refunds: BaseException | None = None
) -> Generator[Runtime]:
    """The desk, on a shop that answers every refund with an error where one is given."""
    with open_runtime(Settings(var=var, desk=desk), clock=clock, on_point=on_point) as runtime:
        if refunds is None:
            yield runtime
            return
        deps = replace(runtime.deps, shop=FaultyShop(runtime.deps.shop, always(refunds)))
        yield replace(runtime, deps=deps, graph=support_graph(deps, runtime.saver))


def asked(runtime: Runtime) -> Shown:
    """What a person is asked after Lena has written."""
    taken = take(message("u1", LENA, f"Address of {ORDER}", TEXT), runtime.deps)
    return shown(runtime, runtime.handle(taken.ticket).id)


def with_refund(runtime: Runtime, seen: Shown, person: str = "ines") -> Ticket:
    """A person adds ten euros to what was proposed, and so approves both."""
    (change,) = seen.proposals
    refund = EditedProposal(
        kind="refund", target=change.target, args={"amount": 1000, "currency": "EUR", "reason": "other"}
    )
    kept = EditedProposal(kind=change.kind, target=change.target, args=change.args)
    body = f"Hello Lena Hofstätter,\n\nwe have changed the address of your order {ORDER} and refunded 10.00 €."
    return answer(runtime, seen.ticket.id, Edit(proposals=(refund, kept), body=body), person, seen.digest)


def street(runtime: Runtime) -> str:
    """Where the order goes now."""
    order = runtime.deps.shop.order(ORDER)
    assert order is not None
    return order.ship_to.street
