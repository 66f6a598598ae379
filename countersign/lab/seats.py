"""Seats of the lab: around another seat, to hear what it is asked, or to have it cost what an endpoint would."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from countersign.domain.errors import ModelError
from countersign.domain.exchange import Usage
from countersign.domain.frozen import digest
from countersign.domain.model import Cost, Engine, Tier
from countersign.llm.models import SeatedModels
from countersign.llm.request import Request
from countersign.llm.seat import Heard, Seat
from countersign.runtime import Runtime

MOST_REQUESTS = 3
MOST_WRITTEN = 2000
MOST_MS = 30_000
_LEAST_MS = 200
_IN, _OUT = 1, 4
"""Millionths of a US dollar for each token read and written."""


@dataclass(frozen=True)
class Around:
    """Another seat, as it is."""

    real: Seat

    @property
    def engine(self) -> Engine:
        """See `Seat`."""
        return self.real.engine

    @property
    def ways(self) -> tuple[str, ...]:
        """See `Seat`."""
        return self.real.ways

    def most(self, request: Request) -> Cost:
        """See `Seat`."""
        return self.real.most(request)

    def call(self, request: Request, seconds: float) -> Heard:
        """See `Seat`."""
        return self.real.call(request, seconds)

    def price(self, usage: Usage) -> int:
        """See `Seat`."""
        return self.real.price(usage)

    def took(self, way: str) -> None:
        """See `Seat`."""
        self.real.took(way)


@dataclass(frozen=True)
class Watched(Around):
    """Keeps every request, for whoever wants to know what reached the model."""

    requests: list[Request] = field(default_factory=list[Request])

    def call(self, request: Request, seconds: float) -> Heard:
        """See `Seat`."""
        self.requests.append(request)
        return self.real.call(request, seconds)


@dataclass(frozen=True)
class Metered(Around):
    """Its calls take requests, seconds and tokens, drawn by the seed and the request. Nobody waits."""

    seed: int = 0

    def most(self, request: Request) -> Cost:
        """See `Seat`."""
        usage = Usage(read=request.most_tokens, written=MOST_WRITTEN)
        return Cost(calls=MOST_REQUESTS, tokens=usage.read + usage.written, ms=MOST_MS, micros=self.price(usage))

    def call(self, request: Request, seconds: float) -> Heard:
        """See `Seat`; a call whose drawn time is longer than it may take ends when its time is up."""
        draw = random.Random(f"{self.seed} {digest(request.parts)}")
        requests, ms = draw.randint(1, MOST_REQUESTS), draw.randint(_LEAST_MS, MOST_MS)
        most = int(seconds * 1000)
        if ms > most:
            return Heard(requests, most, failure=ModelError("the endpoint gave no answer in time", detail="timeout"))
        heard = replace(self.real.call(request, seconds), requests=requests, ms=ms)
        if heard.answer is None:
            return heard
        read, written = draw.randint(request.most_tokens // 5, request.most_tokens), draw.randint(1, MOST_WRITTEN)
        return replace(heard, answer=heard.answer.model_copy(update={"usage": Usage(read=read, written=written)}))

    def price(self, usage: Usage) -> int:
        """See `Seat`."""
        return usage.read * _IN + usage.written * _OUT


def seated(runtime: Runtime, seats: Callable[[Mapping[Tier, Seat]], Mapping[Tier, Seat]]) -> Runtime:
    """The runtime with other seats, made from those that it has."""
    from graphs.support import support_graph

    models = cast("SeatedModels", runtime.deps.models)
    changed = SeatedModels(replace(models.parts, seats=seats(models.parts.seats)))
    deps = replace(runtime.deps, models=changed)
    return replace(runtime, deps=deps, graph=support_graph(deps, runtime.saver))
