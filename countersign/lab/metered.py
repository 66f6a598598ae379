"""A seat of this process that costs what one behind an endpoint would, so that a run finds out whether budgets hold."""

import random
from dataclasses import dataclass, replace

from countersign.domain.errors import ModelError
from countersign.domain.exchange import Usage
from countersign.domain.frozen import digest
from countersign.domain.model import Cost, Engine
from countersign.llm.request import Request
from countersign.llm.seat import Heard, Seat

MOST_REQUESTS = 3
MOST_WRITTEN = 2000
MOST_MS = 30_000
_LEAST_MS = 200
_IN, _OUT = 1, 4
"""Millionths of a US dollar for each token read and written."""


@dataclass(frozen=True, slots=True)
class Metered:
    """Another seat whose calls take requests, seconds and tokens, drawn by the seed and the request. Nobody waits."""

    real: Seat
    seed: int

    @property
    def engine(self) -> Engine:
        """The other seat's."""
        return self.real.engine

    @property
    def ways(self) -> tuple[str, ...]:
        """The other seat's."""
        return self.real.ways

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
            return Heard(requests, most, failure=ModelError("no answer came in time", detail="timeout"))
        heard = replace(self.real.call(request, seconds), requests=requests, ms=ms)
        if heard.answer is None:
            return heard
        read, written = draw.randint(request.most_tokens // 5, request.most_tokens), draw.randint(1, MOST_WRITTEN)
        return replace(heard, answer=heard.answer.model_copy(update={"usage": Usage(read=read, written=written)}))

    def price(self, usage: Usage) -> int:
        """See `Seat`."""
        return usage.read * _IN + usage.written * _OUT

    def took(self, way: str) -> None:
        """See `Seat`."""
        self.real.took(way)
