"""People at the server and at the command line, on the same tickets at the same time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from countersign.domain.outcome import Effect, Review
from countersign.domain.ticket import Ticket, TicketRef
from countersign.ledger import SqlLedger, open_ledger
from countersign.ledger.check import check_ledger
from countersign.runtime import open_runtime, thread_config
from countersign.settings import Settings
from tests.cli.command import countersign
from tests.server.dev_server import DevServer, open_ticket, run, waiting_ticket, written

APPROVE = {"type": "approve"}


@pytest.fixture(scope="module")
def ledger(server: DevServer) -> Iterator[SqlLedger]:
    """The law, looked at from a process that is not the server's."""
    opened = open_ledger(server.var / "ledger.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def maria(server: DevServer) -> Iterator[httpx.Client]:
    with server.person("maria") as client:
        yield client


@pytest.fixture(scope="module")
def ines(server: DevServer) -> Iterator[httpx.Client]:
    with server.person("ines") as client:
        yield client


def how_it_stands(ledger: SqlLedger, ticket: str) -> tuple[Ticket, Review, tuple[Effect, ...]]:
    """A ticket, its turn's review, and its effects."""
    found = ledger.ticket(ticket)
    assert found is not None
    review = ledger.review(ticket, found.turn)
    assert review is not None
    return found, review, ledger.receipts(TicketRef(id=ticket, turn=found.turn))


def answer(client: httpx.Client, ticket: dict[str, Any], *decisions: object) -> httpx.Response:
    """A person's answer by the question's id."""
    resume = {ticket["question"]: {"decisions": decisions}}
    return run(client, ticket["thread_id"], command={"resume": resume})


def test_message_over_http_is_in_the_ledger_before_anything_runs(
    server: DevServer, maria: httpx.Client, ledger: SqlLedger
) -> None:
    """An accepted message is law before any run; the command line shows it; handed in twice it is one ticket."""
    first = open_ticket(maria, "hours", id="one")
    ticket = ledger.ticket(first["ticket"])
    assert ticket is not None
    assert ticket.status == "received"
    assert len(ledger.inbox(ticket.id)) == 1
    second = maria.post("/tickets", json=written("hours", id="one"))
    assert (second.status_code, second.json()["ticket"], second.json()["new"]) == (200, ticket.id, False)
    shown = countersign("show", ticket.id, var=server.var)
    assert (shown.returncode, "received" in shown.stdout) == (0, True), shown.stderr


def test_run_to_its_end_and_run_again(maria: httpx.Client, ledger: SqlLedger) -> None:
    """A ticket that needs nobody is answered by the run; running it again shows the end and sends nothing."""
    ticket = open_ticket(maria, "hours", id="end")
    for _ in range(2):
        ended = run(maria, ticket["thread_id"], input={})
        assert (ended.status_code, ended.json()["outcome"]["kind"]) == (200, "answered"), ended.text
    assert [effect.kind for effect in ledger.receipts(TicketRef(id=ticket["ticket"], turn=1))] == ["send_reply"]


def test_answer_left_by_a_crash_is_nobody_elses(server: DevServer, ines: httpx.Client, ledger: SqlLedger) -> None:
    """An answer that stands on the thread but was not recorded is dropped, not written down as the next caller's."""
    from langgraph.types import Command

    ticket = waiting_ticket(ines, "lost")
    with open_runtime(Settings(var=server.var)) as runtime:
        wake: Command[str] = Command(resume={ticket["question"]: {"decisions": [APPROVE, APPROVE]}})
        config = thread_config(ticket["ticket"])
        stop = ["record_review"]
        runtime.graph.invoke(wake, config, durability="sync", interrupt_before=stop)  # pyright: ignore[reportUnknownMemberType]
        assert runtime.graph.get_state(config).next == ("record_review",)
    assert "__interrupt__" in run(ines, ticket["thread_id"], input={}).json()
    stands, review, effects = how_it_stands(ledger, ticket["ticket"])
    assert (stands.status, review.status, review.by, effects) == ("waiting", "open", "", ())


def test_interrupted_by_the_server_and_answered_at_the_command_line(
    server: DevServer, maria: httpx.Client, ledger: SqlLedger
) -> None:
    """Somebody over their limit is refused here, somebody else approves there, and the server sees the end."""
    ticket = waiting_ticket(maria, "lost")
    refused = answer(maria, ticket, APPROVE, APPROVE)
    assert refused.status_code == 200
    assert "rejected.limit" in json.dumps(refused.json()["__interrupt__"])
    stands, review, effects = how_it_stands(ledger, ticket["ticket"])
    assert (stands.status, review.status, effects) == ("waiting", "open", ())
    approved = countersign("review", ticket["ticket"], "--approve", "--as", "ines", var=server.var)
    assert approved.returncode == 0, approved.stderr
    stands, review, effects = how_it_stands(ledger, ticket["ticket"])
    assert (stands.status, review.by) == ("answered", "ines")
    assert [(effect.kind, effect.status) for effect in effects] == [("refund", "done"), ("send_reply", "done")]
    state = maria.get(f"/threads/{ticket['thread_id']}/state").json()
    assert (state["next"], state["values"]["outcome"]["kind"]) == ([], "answered")


def test_interrupted_at_the_command_line_and_answered_at_the_server(
    server: DevServer, ines: httpx.Client, ledger: SqlLedger
) -> None:
    """A ticket that the server never ran is listed, read and approved there, as the person whose token it was."""
    message = server.folder / "cancel.jsonl"
    message.write_text(json.dumps(written("cancel")) + "\n")
    assert countersign("run", str(message), var=server.var).returncode == 0
    (listed,) = [found for found in ines.get("/tickets").json() if "FH-10020" in " ".join(found["proposals"])]
    state = ines.get(f"/threads/{listed['thread_id']}/state").json()
    (question,) = state["tasks"][0]["interrupts"]
    assert [request["name"] for request in question["value"]["action_requests"]] == [
        "cancel_order", "refund", "send_reply",
    ]  # fmt: skip
    ended = answer(ines, listed | {"question": question["id"]}, APPROVE, APPROVE, APPROVE)
    assert ended.status_code == 200, ended.text
    stands, review, effects = how_it_stands(ledger, listed["ticket"])
    assert (stands.status, review.answer, review.by) == ("answered", "approve", "ines")
    assert [effect.kind for effect in effects] == ["cancel_order", "refund", "send_reply"]


def test_chat_screen_answers_the_state_that_it_showed(maria: httpx.Client, ines: httpx.Client) -> None:
    """A chat screen names the state it showed, not the question: that counts; who comes second hears who was first."""
    ticket = waiting_ticket(maria, "twice")
    thread = ticket["thread_id"]
    (latest,) = maria.post(f"/threads/{thread}/history", json={"limit": 1}).json()
    said = {
        "input": {},
        "command": {"resume": {"decisions": [APPROVE, APPROVE]}},
        "checkpoint": latest["checkpoint"],
        "stream_mode": ["values"],
        "stream_subgraphs": True,
        "stream_resumable": True,
        "on_disconnect": "continue",
    }
    body = {"assistant_id": "support"} | said
    key = {"x-api-key": maria.headers["authorization"].removeprefix("Bearer ")}
    with maria.stream("POST", f"/threads/{thread}/runs/stream", json=body, headers=key) as stream:
        assert stream.status_code == 200, stream.read()
        assert "answered" in "".join(stream.iter_text())
    late = ines.post(f"/threads/{thread}/runs/wait", json=body)
    assert late.status_code == 409
    assert "maria answered approve at " in late.json()["detail"]


def test_double_click_is_one_decision(ines: httpx.Client, ledger: SqlLedger) -> None:
    """The same answer many times at once: one is taken, the rest hear so, and everything happens once."""
    ticket = waiting_ticket(ines, "close")

    def click(_: int) -> int:
        return answer(ines, ticket, APPROVE, APPROVE).status_code

    with ThreadPoolExecutor(5) as pool:
        codes = sorted(pool.map(click, range(5)))
    assert codes[0] == 200
    assert set(codes[1:]) <= {200, 409}
    stands, review, effects = how_it_stands(ledger, ticket["ticket"])
    assert (stands.status, review.by) == ("answered", "ines")
    assert [(effect.kind, effect.status) for effect in effects] == [("close_account", "done"), ("send_reply", "done")]


def test_customer_writes_again_and_the_old_question_is_no_longer_answered(
    ines: httpx.Client, ledger: SqlLedger
) -> None:
    """A message on the thread is the customer's next one: another turn, another question, the old one is stale."""
    ticket = waiting_ticket(ines, "data")
    opened = ledger.ticket(ticket["ticket"])
    assert opened is not None
    said = {"from": opened.sender, "id": "m2", "text": "Send me all my data.", "authenticated": True}
    again = run(ines, ticket["thread_id"], input=said)
    assert again.status_code == 200, again.text
    found = ledger.ticket(ticket["ticket"])
    assert found is not None
    assert (found.turn, len(ledger.inbox(found.id))) == (2, 2)
    assert answer(ines, ticket, APPROVE, APPROVE).status_code == 409
    twice = run(ines, ticket["thread_id"], input=said)
    assert twice.status_code == 200
    assert len(ledger.inbox(found.id)) == 2
    assert not [effect for effect in ledger.receipts(TicketRef(id=found.id, turn=1)) if effect.kind == "export_data"]


def test_langgraph_client_works_as_it_is(server: DevServer, maria: httpx.Client) -> None:
    """LangGraph's own client creates the thread's row, runs, reads and joins, with the parameters it always sends."""
    from langgraph_sdk import get_sync_client

    ticket = open_ticket(maria, "hours", id="client")
    key = maria.headers["authorization"].removeprefix("Bearer ")
    client = get_sync_client(url=server.url, api_key=key)
    thread = client.threads.create(thread_id=ticket["thread_id"], if_exists="do_nothing", graph_id="support")
    assert thread["metadata"] is not None
    assert thread["metadata"]["ticket"] == ticket["ticket"]
    events = [part.event for part in client.runs.stream(ticket["thread_id"], "support", input={}, durability="async")]
    assert events[-1] == "values"
    (made,) = client.runs.list(ticket["thread_id"])
    assert made["status"] == "success"
    assert list(client.runs.join_stream(ticket["thread_id"], made["run_id"])) == []
    assert client.threads.get_state(ticket["thread_id"])["next"] == []
    assert len(client.threads.get_history(ticket["thread_id"], limit=3)) == 3
    assert ticket["thread_id"] in [found["thread_id"] for found in client.threads.search(limit=100)]


def test_ledger_is_sound_after_all_of_it(server: DevServer) -> None:
    """Pages, triggers and the audit chain are in order."""
    assert check_ledger(server.var / "ledger.db") == ()
