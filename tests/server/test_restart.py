"""The server killed at any moment: no ticket is lost, and nothing happens twice."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.domain.ticket import TicketRef
from countersign.ledger import open_ledger
from countersign.runtime import open_runtime
from countersign.settings import Settings
from tests.server.dev_server import DevServer, new_server, open_ticket, waiting_ticket

APPROVE = {"type": "approve"}


@pytest.fixture
def mortal(prepared_var: Path, tmp_path: Path) -> Iterator[DevServer]:
    """A server that the test kills."""
    server = new_server(prepared_var, tmp_path)
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def ended(server: DevServer, ticket: str) -> tuple[str, list[str]]:
    """How a ticket stands as soon as its turn is over, and its effects."""
    ledger = open_ledger(server.var / "ledger.db")
    try:
        for _ in range(300):
            found = ledger.ticket(ticket)
            assert found is not None
            if found.status != "received":
                effects = ledger.receipts(TicketRef(id=ticket, turn=found.turn))
                return found.status, [effect.kind for effect in effects if effect.status == "done"]
            time.sleep(0.1)
        raise AssertionError(f"{ticket} was not taken up again:\n{server.log()}")
    finally:
        ledger.close()


def await_answer(server: DevServer, ticket: str) -> None:
    """Comes back as soon as a person's answer is in the ledger, before much can have come of it."""
    ledger = open_ledger(server.var / "ledger.db")
    for _ in range(3000):
        review = ledger.review(ticket, 1)
        if review is not None and review.status == "answered":
            break
        time.sleep(0.01)
    else:
        raise AssertionError(f"nobody answered {ticket}:\n{server.log()}")
    ledger.close()


def test_killed_server_loses_nothing(mortal: DevServer) -> None:
    """kill -9 with one ticket accepted, one running and one that waits: after the start all three go on by themselves.

    The question that was read before the kill is answered after it, although every row of the server is gone. Killed
    once more as soon as the answer is written, the refund is paid once.
    """
    with mortal.person("ines") as ines:
        waits = waiting_ticket(ines, "lost")
        accepted = open_ticket(ines, "hours")
        running = open_ticket(ines, "cancel")
        started = ines.post(f"/threads/{running['thread_id']}/runs", json={"assistant_id": "support", "input": {}})
        assert started.status_code == 200, started.text
    assert mortal.stop(signal.SIGKILL) == -signal.SIGKILL
    mortal.start()
    assert ended(mortal, accepted["ticket"]) == ("answered", ["send_reply"])
    assert ended(mortal, running["ticket"]) == ("waiting", [])
    with mortal.person("ines") as ines:
        listed = {found["ticket"] for found in ines.get("/tickets").json()}
        assert listed == {waits["ticket"], running["ticket"]}
        approve = {"resume": {waits["question"]: {"decisions": [APPROVE, APPROVE]}}}
        body = {"assistant_id": "support", "command": approve}
        assert ines.post(f"/threads/{waits['thread_id']}/runs", json=body).status_code == 200
    await_answer(mortal, waits["ticket"])
    assert mortal.stop(signal.SIGKILL) == -signal.SIGKILL
    mortal.start()
    assert ended(mortal, waits["ticket"]) == ("answered", ["refund", "send_reply"])
    with open_runtime(Settings(var=mortal.var)) as runtime:
        order = runtime.deps.shop.order("FH-10072")
        assert order is not None
        assert [refund.amount for refund in order.refunds] == [64900]
    assert mortal.stop() == 0
