"""Who is asking: the second lock, behind the guard. What it does not name is denied."""

import asyncio
from collections.abc import Mapping
from typing import Any

from langgraph_sdk import Auth

from countersign.server import opened

auth = Auth()


def token_in(headers: Mapping[str, str]) -> str:
    """The token that a request carries: as a bearer, or as an API key, which is what chat screens send."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


@auth.authenticate
async def authenticate(headers: dict[bytes, bytes]) -> Auth.types.MinimalUserDict:
    """The person whose token it is. Raises 401 where it is nobody's."""
    plain = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers.items()}
    desk = await asyncio.to_thread(opened.desk)
    person = await asyncio.to_thread(desk.person, token_in(plain))
    if person is None:
        raise Auth.exceptions.HTTPException(status_code=401, detail="send a person's token")
    name = desk.runtime.deps.desk.people[person].name
    return {"identity": person, "display_name": name, "is_authenticated": True, "permissions": []}


@auth.on
async def deny(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Nothing that is not named below."""
    return False


@auth.on(resources=["threads", "assistants"], actions=["read", "search"])
async def look(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """People of the desk see every ticket, as they do at the command line."""
    return True


@auth.on.threads.create
async def create(ctx: Auth.types.AuthContext, value: Auth.types.ThreadsCreate) -> bool:
    """The thread of a ticket that the ledger knows."""
    desk = await asyncio.to_thread(opened.desk)
    return await asyncio.to_thread(desk.ticket_of, str(value.get("thread_id"))) is not None


@auth.on.threads.create_run
async def create_run(ctx: Auth.types.AuthContext, value: Auth.types.RunsCreate) -> bool:
    """A run as the guard makes them, on the thread of a ticket that the ledger knows."""
    desk = await asyncio.to_thread(opened.desk)
    known = await asyncio.to_thread(desk.ticket_of, str(value.get("thread_id"))) is not None
    return known and harmless(value)


def harmless(value: Auth.types.RunsCreate) -> bool:
    """Whether a run is written through, without input, from the thread's latest state, and wakes it at most."""
    asked: dict[str, Any] = value.get("kwargs") or {}
    config: dict[str, dict[str, Any]] = asked.get("config") or {}
    elsewhere = {"checkpoint_id", "checkpoint_ns", "checkpoint_map"} & set(config.get("configurable") or {})
    more = [asked.get(name) for name in ("input", "webhook", "interrupt_before", "interrupt_after", "temporary")]
    plain = asked.get("durability") == "sync" and not any(more) and value.get("multitask_strategy") == "reject"
    return plain and not elsewhere and set(asked.get("command") or {}) <= {"resume"}
