"""The server's own routes, the guard before all routes, and what is put right at the start and every minute."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from threading import Event

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from checkpoints.thread import thread_id
from countersign import __version__
from countersign.domain.errors import code_of
from countersign.ledger.read import waiting
from countersign.reconcile import reconcile
from countersign.review import expire
from countersign.server import opened
from countersign.server.bodies import Written
from countersign.server.guard import Guard
from countersign.server.refusal import Refused
from countersign.server.rows import ensure_row
from countersign.server.turns import take_in

_log = logging.getLogger(__name__)
EVERY = 60.0
"""Seconds between two looks for what was left behind."""


async def info(request: Request) -> JSONResponse:
    """What chat screens ask first: is anybody there?"""
    return JSONResponse({"name": "countersign", "version": __version__, "flags": {}})


async def open_ticket(request: Request) -> JSONResponse:
    """A customer's message, accepted into the inbox; the thread to run is the answer's."""
    written = Written.model_validate_json(await request.body())
    desk = await asyncio.to_thread(opened.desk)
    try:
        taken = await asyncio.to_thread(take_in, desk, written, str(request.user.identity))
    except Refused as refused:
        return JSONResponse({"detail": refused.text, "code": refused.code}, refused.status)
    thread = thread_id(taken.ticket)
    await ensure_row(thread, taken.ticket)
    answer = {"ticket": taken.ticket, "thread_id": thread, "new": taken.new, "continued": taken.continued}
    return JSONResponse(answer, 201 if taken.new else 200)


async def list_tickets(request: Request) -> JSONResponse:
    """What waits for a person, as `countersign inbox` lists it, with each ticket's thread."""
    desk = await asyncio.to_thread(opened.desk)
    found = await asyncio.to_thread(waiting, desk.runtime.ledger)
    return JSONResponse([item.model_dump(mode="json") | {"thread_id": thread_id(item.ticket)} for item in found])


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    """The desk is open while the server runs."""
    await asyncio.to_thread(opened.desk)
    stop = Event()
    keeping = asyncio.create_task(_keep_up(stop))
    try:
        yield
    finally:
        stop.set()
        await keeping
        await asyncio.to_thread(opened.close)


async def _keep_up(stop: Event) -> None:
    """Ends questions nobody answered, settles doubts and finishes what a crash left behind, now and every minute."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(_catch_up, stop)
            await _show_waiting()
        except Exception as error:  # noqa: BLE001  whatever it was, the next minute is another chance
            code = code_of(error)
            _log.error("could not put right what was left behind [%s]", code)
        await asyncio.to_thread(stop.wait, EVERY)


def _catch_up(stop: Event) -> None:
    runtime = opened.desk().runtime
    expire(runtime, runtime.deps.clock.now())
    for ref in reconcile(runtime.deps, runtime.locks).unfinished:
        if stop.is_set():
            return
        runtime.handle(ref.id)


async def _show_waiting() -> None:
    """Gives every waiting ticket's thread a row, so that a chat screen lists it."""
    for item in await asyncio.to_thread(waiting, opened.desk().runtime.ledger):
        await ensure_row(thread_id(item.ticket), item.ticket)


app = Starlette(
    routes=[
        Route("/info", info, methods=["GET"]),
        Route("/tickets", list_tickets, methods=["GET"]),
        Route("/tickets", open_ticket, methods=["POST"]),
    ],
    middleware=[Middleware(Guard)],
    lifespan=lifespan,
)
