"""An OpenAI-compatible endpoint: one deadline for each call, repeats within it, a breaker before it."""

import asyncio
import random
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from countersign.domain.errors import ModelError
from countersign.domain.exchange import Answer, Usage
from countersign.domain.frozen import digest
from countersign.domain.model import Cost, Engine
from countersign.llm.breaker import Breaker
from countersign.llm.faults import Fault, fault_of
from countersign.llm.loop import Loop
from countersign.llm.prices import Price, Priced, price_of
from countersign.llm.request import Request
from countersign.llm.seat import Heard
from countersign.llm.sound import sound

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.rate_limiters import InMemoryRateLimiter
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

WAYS = ("schema", "tools", "text")
_BROKEN = ("timeout", "unreachable", "down", "busy", "malformed", "denied")
"""Failures that say something about the endpoint and not about the request."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_CONNECT = 5.0


class EndpointSettings(Priced, Protocol):
    """How an endpoint is asked: `countersign.settings.ModelSettings` is one."""

    @property
    def key(self) -> "SecretStr": ...
    @property
    def timeout(self) -> float: ...
    @property
    def retries(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def max_output(self) -> int: ...
    @property
    def structured(self) -> str: ...
    @property
    def temperature(self) -> float | None: ...


@dataclass(slots=True)
class _Tally:
    """How many requests one call has sent."""

    requests: int = 0


class Endpoint:
    """Implements `Seat`; the client is imported and made with the first call."""

    def __init__(self, name: str, settings: EndpointSettings, loop: Loop, breaker: Breaker) -> None:
        shown = (settings.base_url, settings.max_output, settings.structured, settings.temperature)
        self.engine = Engine(kind="endpoint", name=name, settings=digest(shown))
        self._settings, self._loop, self._breaker = settings, loop, breaker
        self._taken = ""

    @property
    def ways(self) -> tuple[str, ...]:
        """See `Seat`: as set, or as the server was found to take it."""
        if self._settings.structured != "auto":
            return (self._settings.structured,)
        return WAYS[WAYS.index(self._taken) :] if self._taken else WAYS

    def took(self, way: str) -> None:
        """See `Seat`."""
        self._taken = way

    def most(self, request: Request) -> Cost:
        """See `Seat`: every repeat is sent, the answer is as long as it may be, nothing comes from a cache."""
        usage = Usage(read=request.most_tokens, written=self._settings.max_output)
        return Cost(
            calls=self._settings.retries + 1,
            tokens=usage.read + usage.written,
            ms=int(self._settings.timeout * 1000),
            micros=self.price(usage),
        )

    def price(self, usage: Usage) -> int:
        """See `Seat`."""
        return self.prices(usage) if self.prices else 0

    @cached_property
    def prices(self) -> Price | None:
        """How its tokens are priced; None where that is not known."""
        return price_of(self.engine.name, self._settings)

    def call(self, request: Request, seconds: float) -> Heard:
        """See `Seat`."""
        tally, answer, failure = _Tally(), None, None
        self._client  # noqa: B018  importing it is no part of the call's time
        start = monotonic()
        if not self._breaker.lets_through():
            error = ModelError("the endpoint failed too often just now, and is left alone", detail="circuit")
            return Heard(0, 0, failure=error)
        try:
            answer = self._loop.run(self._repeated(request, start + seconds, tally), seconds)
        except TimeoutError as error:
            failure = fault_of(error).error
        except ModelError as error:
            failure = error
        self._breaker.note(failed=failure is not None and failure.detail in _BROKEN)
        return Heard(tally.requests, int((monotonic() - start) * 1000), answer, failure)

    async def _repeated(self, request: Request, deadline: float, tally: _Tally) -> Answer:
        """The answer of the first attempt that gets one; a wait that ends after the deadline is not begun."""
        while True:
            if self._limiter:
                await self._limiter.aacquire()
            tally.requests += 1
            fault = Fault(ModelError("nothing was asked", detail="unexpected"))
            try:
                return self._counted(sound(await self._sent(request), ends=True), request)
            except Exception as error:  # noqa: BLE001  whatever a server makes the client raise has a code
                fault = fault_of(error)
            wait = fault.wait if fault.wait is not None else _backoff(tally.requests)
            if not fault.passing or tally.requests > self._settings.retries or monotonic() + wait >= deadline:
                raise fault.error
            await asyncio.sleep(wait)

    async def _sent(self, request: Request) -> "AIMessage":
        options = {name: value for name, value in request.options.items() if name != "response_format"}
        if request.tools:
            options["tools"] = [dict(tool) for tool in request.tools]
        if "response_format" in request.options:  # past the SDK, which parses the answer and hides what it was
            options["extra_body"] = {"response_format": request.options["response_format"]}
        return await self._client.ainvoke(list(request.messages), **options)

    def _counted(self, answer: Answer, request: Request) -> Answer:
        """The answer with its engine, and with the most it can have cost where the server does not count."""
        usage = answer.usage
        if not usage.read and not usage.written:
            written = len(answer.model_dump_json().encode())
            usage = Usage(read=request.most_tokens, written=min(written, self._settings.max_output), counted=False)
        return answer.model_copy(update={"engine": self.engine, "usage": usage})

    @cached_property
    def _limiter(self) -> "InMemoryRateLimiter | None":
        from langchain_core.rate_limiters import InMemoryRateLimiter

        rate = self._settings.rate
        return InMemoryRateLimiter(requests_per_second=rate / 60, check_every_n_seconds=0.05) if rate else None

    @cached_property
    def _client(self) -> "ChatOpenAI":
        """Everything is passed, so that no variable of the environment but our own decides where a ticket goes."""
        import httpx2
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        settings = self._settings
        known: dict[str, Any] = {} if settings.temperature is None else {"temperature": settings.temperature}
        return ChatOpenAI(
            model=self.engine.name,
            base_url=settings.base_url,
            api_key=SecretStr(settings.key.get_secret_value() or "none"),
            timeout=httpx2.Timeout(settings.timeout, connect=min(_CONNECT, settings.timeout)),
            max_retries=0,
            max_completion_tokens=settings.max_output,
            disable_streaming=True,
            **known,
        )


def _backoff(requests: int) -> float:
    """Half a second, doubled with each repeat, up to a quarter less so that not all come back at once."""
    wait = min(_FIRST_WAIT * 2 ** (requests - 1), _LONGEST_WAIT)
    return wait * (1 - 0.25 * random.random())  # noqa: S311  no secret
