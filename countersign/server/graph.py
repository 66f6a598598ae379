"""The graph that the server runs: the support graph, with the ticket held for as long as a run lasts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from langgraph_sdk.runtime import ServerRuntime

from countersign.domain.errors import MisuseError
from countersign.server import opened

if TYPE_CHECKING:
    from graphs.support import SupportGraph


@asynccontextmanager
async def support(config: dict[str, Any], runtime: ServerRuntime[None]) -> "AsyncGenerator[SupportGraph]":
    """The graph without a saver, which is the server's to add. Reads get it as it is.

    A run has its ticket alone, against the command line too. Where it failed, or a message came in meanwhile, the
    runtime finishes the turn or hands it over: an error leaves no ticket behind.
    """
    desk = await asyncio.to_thread(opened.desk)
    if runtime.access_context != "threads.create_run":
        yield desk.graph
        return
    ticket = await asyncio.to_thread(desk.ticket_of, str(config["configurable"]["thread_id"]))
    if ticket is None:
        raise MisuseError("no ticket has that thread", hint="open one with POST /tickets")
    try:
        async with desk.held(ticket):
            yield desk.graph
    except Exception:
        await asyncio.to_thread(desk.runtime.handle, ticket)
        raise
    await asyncio.to_thread(desk.runtime.handle, ticket)
