"""The second lock: what the server's own authorization refuses if a request ever came past the guard."""

from typing import Any
from uuid import UUID

import pytest
from langgraph_sdk import Auth

from countersign.server.offers import OFFERS, offered
from countersign.server.people import harmless, token_in

THREAD = UUID("0b9548be-8240-5457-9eed-2817ce389261")


def run(more: dict[str, Any], **top: Any) -> Auth.types.RunsCreate:
    """A run as the guard makes it, but for what is given."""
    made: dict[str, Any] = {"input": None, "durability": "sync", "config": {"recursion_limit": 100}}
    value: Any = {"thread_id": THREAD, "multitask_strategy": "reject", "kwargs": made | more}
    value |= top
    return value


def test_run_of_the_guard_is_let_through() -> None:
    """With a resume and without, what the guard makes passes."""
    assert harmless(run({}))
    assert harmless(run({"command": {"resume": {"a" * 32: {"decisions": []}}}}))


@pytest.mark.parametrize(
    "more",
    [
        {"durability": "async"},
        {"durability": None},
        {"input": {"verdict": 1}},
        {"webhook": "https://evil.example"},
        {"interrupt_before": ["execute"]},
        {"interrupt_after": "*"},
        {"temporary": True},
        {"command": {"goto": "execute"}},
        {"command": {"resume": 1, "update": {}}},
        {"config": {"configurable": {"checkpoint_id": "x"}}},
        {"config": {"configurable": {"checkpoint_ns": ""}}},
        {"config": {"configurable": {"checkpoint_map": {}}}},
    ],
    ids=str,
)
def test_other_runs_are_denied(more: dict[str, Any]) -> None:
    """Any other input, place, command or durability is denied."""
    assert not harmless(run(more))


def test_run_that_would_cancel_another_is_denied() -> None:
    """A run never interrupts or rolls back the one before."""
    assert not harmless(run({}, multitask_strategy="rollback"))


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer abc "}, "abc"),
        ({"x-api-key": "abc"}, "abc"),
        ({"authorization": "Basic abc"}, ""),
        ({"authorization": "abc"}, ""),
        ({"authorization": "Bearer", "x-api-key": "abc"}, ""),
        ({}, ""),
    ],
)
def test_token_is_read_from_either_header(headers: dict[str, str], token: str) -> None:
    """A bearer token counts before an API key; another scheme is no token."""
    assert token_in(headers) == token


@pytest.mark.parametrize(
    "path", ["/threads/", "/threads//state", "/info/", "/INFO", f"/threads/{THREAD}/state\n", "/x/info"]
)
def test_path_has_to_be_exactly_one_that_is_offered(path: str) -> None:
    """Nothing before, after or in between: a path matches whole."""
    assert offered("GET", path) is None


def test_nothing_is_offered_that_changes_or_deletes() -> None:
    """Reading, and four kinds of POST that add: a ticket, a thread's row, and a run."""
    assert {offer.method for offer in OFFERS} == {"GET", "POST"}
    adding = {offer.path for offer in OFFERS if offer.method == "POST" and "search" not in offer.path}
    assert adding == {
        "/tickets", "/threads", "/threads/{thread}/history", "/threads/{thread}/runs", "/threads/{thread}/runs/wait",
        "/threads/{thread}/runs/stream",
    }  # fmt: skip
