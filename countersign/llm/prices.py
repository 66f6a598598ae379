"""What tokens cost: by setting, else by the table of genai-prices, which is read from the package and nowhere else."""

from collections.abc import Callable
from decimal import ROUND_UP, Decimal
from typing import Protocol

from countersign.domain.exchange import Usage

Price = Callable[[Usage], int]
"""From tokens to millionths of a US dollar, rounded up."""


class Priced(Protocol):
    """Settings that may name a price."""

    @property
    def base_url(self) -> str: ...
    @property
    def price_input(self) -> Decimal | None: ...
    @property
    def price_output(self) -> Decimal | None: ...


def price_of(name: str, settings: Priced) -> Price | None:
    """How a model's tokens are priced; None where neither the settings nor the table know it."""
    read, written = settings.price_input, settings.price_output
    if read is not None or written is not None:
        return lambda usage: _up(usage.read * (read or 0) + usage.written * (written or 0))
    return _from_table(name, settings.base_url)


def _from_table(name: str, base_url: str) -> Price | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    def price(usage: Usage) -> int:
        cached = min(usage.cached, usage.read)
        tokens = Tokens(input_tokens=usage.read, output_tokens=usage.written, cache_read_tokens=cached)
        return _up(calc_price(tokens, name, provider_api_url=base_url).total_price * 1_000_000)

    try:
        price(Usage(read=1, written=1))
    except LookupError:
        return None
    return price


def _up(micros: Decimal | int) -> int:
    return int(Decimal(micros).to_integral_value(ROUND_UP))
