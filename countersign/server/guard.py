"""The guard: stands before every route of the server, its own hidden ones too, and lets through what is offered."""

import asyncio
import json
import re
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from countersign.domain.errors import CountersignError
from countersign.server import opened
from countersign.server.bodies import Body, NewRun, NewThread
from countersign.server.offers import IGNORED, Offer, offered
from countersign.server.people import token_in
from countersign.server.refusal import Refused
from countersign.server.rows import ensure_row
from countersign.server.turns import prepare

LARGEST = 1_000_000
"""Bytes of a request's body."""
_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_STEPS = 100
_IN_PROCESS = "/noauth"
"""Root path of the server's calls to itself; no request can set it."""


class Guard:
    """ASGI middleware. Every refusal is one line of JSON: `{"detail", "code"}`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through, made safe, or refuses it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http" or scope.get("root_path") == _IN_PROCESS:
            await self._app(scope, receive, send)
        else:
            await self._guarded(Request(scope, receive), send)

    async def _guarded(self, request: Request, send: Send) -> None:
        scope = request.scope
        try:
            body = await _admitted(request)
        except Refused as refused:
            answer = JSONResponse({"detail": refused.text, "code": refused.code}, refused.status)
            await answer(scope, request.receive, _open_to(request, send))
            return
        if body is None:
            await self._app(scope, request.receive, send)
            return
        MutableHeaders(scope=scope)["content-length"] = str(len(body))
        await self._app(scope, _given(body, request.receive), send)


async def _admitted(request: Request) -> bytes | None:
    """The body to pass on, None where there is none to look at. Raises Refused."""
    _check_place(request)
    if _is_preflight(request) or (request.method, request.scope["path"]) == ("GET", "/ok"):
        return None
    try:
        desk = await asyncio.to_thread(opened.desk)
        person = await asyncio.to_thread(desk.person, token_in(request.headers))
        if person is None:
            raise Refused(401, "rejected.unknown_person", "send a token: Authorization: Bearer TOKEN, or X-Api-Key")
        return await _passed_on(request, desk, person)
    except CountersignError as error:
        raise Refused(503, error.full_code, error.message) from error


async def _passed_on(request: Request, desk: opened.OpenDesk, person: str) -> bytes | None:
    found = offered(request.method, request.scope["path"])
    if found is None:
        raise Refused(404, "rejected.not_offered", "this server does not offer that")
    offer, parts = found
    request.scope["query_string"] = _query(request, offer)
    body = await _body(request, offer)
    thread = body.thread_id if isinstance(body, NewThread) else parts.get("thread")
    if thread is None:
        return None if body is None else body.model_dump_json(by_alias=True, exclude_none=True).encode()
    ticket = await asyncio.to_thread(desk.ticket_of, thread)
    if ticket is None:
        raise Refused(404, "rejected.no_ticket", "no ticket has that thread: open one with POST /tickets")
    await ensure_row(thread, ticket)
    if isinstance(body, NewRun):
        return _dumped(_run(body, await prepare(desk, ticket, body, person)))
    if isinstance(body, NewThread):
        return _dumped({"thread_id": thread, "if_exists": body.if_exists or "do_nothing"})
    return None if body is None else body.model_dump_json(exclude_none=True).encode()


def _run(asked: NewRun, command: dict[str, object] | None) -> dict[str, object]:
    """A run as this server makes them, whatever was asked for."""
    made: dict[str, object] = {
        "assistant_id": "support",
        "input": None,
        "config": {"recursion_limit": _STEPS},
        "durability": "sync",
        "multitask_strategy": "reject",
        "if_not_exists": "create",
        "on_disconnect": "continue",
        "stream_mode": asked.stream_mode,
        "stream_subgraphs": asked.stream_subgraphs,
        "stream_resumable": asked.stream_resumable,
    }
    return made | {"command": command} if command else made


def _check_place(request: Request) -> None:
    """From this machine, to this machine by its own name, and from a page that is listed or no page at all."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise Refused(403, "rejected.not_local", "this is a development server: it answers this machine only")
    if not _HOST.fullmatch(request.headers.get("host", "")):
        raise Refused(400, "rejected.host", "call it localhost or 127.0.0.1")
    origin = request.headers.get("origin")
    if origin is not None and origin not in _origins():
        raise Refused(403, "rejected.origin", "pages from there are not listed under http.cors in langgraph.json")


def _origins() -> list[str]:
    from langgraph_api.config import CORS_CONFIG

    return list((CORS_CONFIG or {}).get("allow_origins") or ())


def _is_preflight(request: Request) -> bool:
    wanted = "origin" in request.headers and "access-control-request-method" in request.headers
    return request.method == "OPTIONS" and wanted


def _query(request: Request, offer: Offer) -> bytes:
    """The query parameters to pass on."""
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if not {name for name, _ in given} <= offer.query | IGNORED:
        raise Refused(422, "rejected.query", "there is a query parameter that this route does not take")
    return urlencode([(name, value) for name, value in given if name in offer.query]).encode()


async def _body(request: Request, offer: Offer) -> Body | None:
    if offer.body is None:
        return None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "rejected.media_type", "send Content-Type: application/json")
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > LARGEST:
            raise Refused(413, "rejected.size", f"a body has at most {LARGEST} bytes")
    try:
        return offer.body.model_validate_json(bytes(read))
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in found["loc"]) or "body" for found in error.errors()})
        text = "not taken: " + ", ".join(field[:80] for field in fields[:10])
        raise Refused(422, "rejected.body", text) from error


def _dumped(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode()


def _given(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then whatever the connection says."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return first.pop() if first else await receive()

    return give


def _open_to(request: Request, send: Send) -> Send:
    """A refusal that a listed page may read."""
    origin = request.headers.get("origin")

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start" and origin in _origins():
            MutableHeaders(scope=message)["access-control-allow-origin"] = str(origin)
        await send(message)

    return answer
