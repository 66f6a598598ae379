"""Amounts of money: integer minor units with a currency, one way to write them."""

from pydantic import StrictInt

from countersign.domain.frozen import Frozen

_SYMBOL = {"EUR": "€", "USD": "$", "GBP": "£"}


class Money(Frozen):
    """An amount in minor units (cents) of one currency (ISO 4217)."""

    amount: StrictInt
    currency: str = "EUR"

    def __str__(self) -> str:
        sign = "-" if self.amount < 0 else ""
        major, minor = divmod(abs(self.amount), 100)
        return f"{sign}{major}.{minor:02d} {_SYMBOL.get(self.currency, self.currency)}"
