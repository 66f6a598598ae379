"""The many ordinary records of the demonstration shop: drawn from `bulk.toml` with a seed of their own."""

import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Literal

from countersign.adapters.shop.bulk_orders import Buyers, order_history
from countersign.adapters.shop.scenarios import Scenarios
from countersign.domain.frozen import Frozen
from countersign.domain.shop import Address, Customer, Item, Promo, Subscription

_CUSTOMERS = 560
_FIRST_CUSTOMER = 100
"""Lower numbers belong to the hand-made customers; memberships likewise."""
_HOSTS = ("example.org", "example.net", "example.com", "post.example", "mail.example", "fjord.example")
_HOST_WEIGHTS = (30, 20, 30, 10, 6, 4)
_PLAIN = str.maketrans({"ß": "ss", "ø": "oe", "ł": "l", "æ": "ae", "ı": "i", "đ": "d", "å": "aa", "ä": "ae", "ö": "oe"})
_FEES = {"monthly": 590, "yearly": 5900}
_PERIODS = {"monthly": timedelta(days=30), "yearly": timedelta(days=365)}
_Status = Literal["active", "paused", "cancelled", "lapsed"]


class _Article(Frozen):
    code: str
    name: str
    price: int
    variants: tuple[str, ...] = ("",)
    returnable: bool = True


class _Country(Frozen):
    code: str
    language: str
    weight: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    street: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]


class _Sheet(Frozen):
    articles: tuple[_Article, ...]
    countries: tuple[_Country, ...]


def bulk(day: datetime) -> Scenarios:
    """The records as they stand when `day` begins; the same day gives the same records, byte for byte."""
    rng = Random(f"fernhill {day:%Y-%m-%d}")  # noqa: S311 - a demonstration's data, not a secret
    text = files("countersign.adapters.shop").joinpath("bulk.toml").read_text(encoding="utf-8")
    sheet = _Sheet.model_validate(tomllib.loads(text))
    products = tuple(_products(rng, sheet.articles))
    promos = tuple(_promos(day))
    customers = tuple(_customers(rng, day, sheet.countries))
    subscriptions = tuple(_subscriptions(rng, day, customers))
    orders = order_history(rng, day, Buyers(customers, subscriptions), products, promos)
    return Scenarios(products=products, customers=customers, orders=orders, subscriptions=subscriptions, promos=promos)


def _products(rng: Random, articles: Sequence[_Article]) -> Iterator[Item]:
    for article in articles:
        for variant in article.variants:
            yield Item(
                sku=f"{article.code}-{variant.upper()}" if variant else article.code,
                name=article.name,
                variant=variant,
                quantity=1,
                unit_price=article.price,
                returnable=article.returnable,
                stock=rng.choice((0, rng.randint(1, 5), rng.randint(5, 40), rng.randint(20, 120))),
            )


def _promos(day: datetime) -> Iterator[Promo]:
    """One code a quarter, valid for its first six weeks, two years back."""
    for back in range(8, -1, -1):
        quarter = day.year * 4 + (day.month - 1) // 3 - back
        year, part = divmod(quarter, 4)
        start = day.replace(year=year, month=part * 3 + 1, day=1)
        yield Promo(
            code=f"FERN{('WINTER', 'SPRING', 'SUMMER', 'AUTUMN')[part]}{year % 100}",
            kind="percent" if part % 2 == 0 else "amount",
            value=10 if part % 2 == 0 else 750,
            valid_from=start,
            valid_until=start + timedelta(days=42),
            minimum=5000,
        )


def _customers(rng: Random, day: datetime, countries: Sequence[_Country]) -> Iterator[Customer]:
    used: set[str] = set()
    before: Customer | None = None
    for index in range(_CUSTOMERS):
        country = rng.choices(countries, [country.weight for country in countries])[0]
        made = _customer(rng, day, country, index)
        before = _related(made, before, index)
        email = before.email if _shares_email(index) else _unused(before.email, used)
        used.add(email)
        before = before.model_copy(update={"email": email})
        yield before


def _customer(rng: Random, day: datetime, country: _Country, index: int) -> Customer:
    name = f"{rng.choice(country.given)} {rng.choice(country.family)}"
    closed = index % 47 == 11
    joined = day - timedelta(days=rng.randint(300, 1400) if closed else _age(rng), minutes=rng.randint(1, 1400))
    return Customer(
        id=f"C-{_FIRST_CUSTOMER + index:05d}",
        name=name,
        email=_email(rng, name),
        language="en" if rng.random() < 0.06 else country.language,
        address=_address(rng, name, country),
        joined_at=joined,
        closed_at=day - timedelta(days=rng.randint(35, 200), minutes=rng.randint(1, 1400)) if closed else None,
        locked=index % 70 == 23,
        version=2 if closed else rng.choices((1, 2, 3), (80, 15, 5))[0],
    )


def _age(rng: Random) -> int:
    """Days since the account was opened: most are older than the oldest order, some are new."""
    return rng.randint(540, 1400) if rng.random() < 0.45 else rng.randint(2, 560)


def _related(made: Customer, before: Customer | None, index: int) -> Customer:
    """Namesakes, families under one roof, and people who came back after closing an account."""
    if before is None:
        return made
    if index in (40, 41, 180, 300):
        return made.model_copy(update={"name": before.name, "address": _named(made.address, before.name)})
    if index % 60 in (15, 16) or _shares_email(index):
        changes: dict[str, object] = {"address": _named(before.address, made.name), "language": before.language}
        return made.model_copy(update=changes | ({"email": before.email} if _shares_email(index) else {}))
    if index % 47 == 12:
        changes = {"name": before.name, "email": before.email, "language": before.language, "address": before.address}
        joined = (before.closed_at or before.joined_at) + timedelta(days=3)
        return made.model_copy(update={**changes, "joined_at": max(made.joined_at, joined)})
    return made


def _shares_email(index: int) -> bool:
    """Two couples share one address, and whoever came back after closing an account kept theirs."""
    return index in (16, 136) or index % 47 == 12


def _named(address: Address, name: str) -> Address:
    return address.model_copy(update={"name": name})


def _address(rng: Random, name: str, country: _Country) -> Address:
    city, pattern = rng.choice(country.cities)
    return Address(
        name=name,
        street=rng.choice(country.street).format(n=rng.randint(1, 140)),
        postcode="".join(str(rng.randint(0, 9)) if sign == "#" else sign for sign in pattern),
        city=city,
        country=country.code,
    )


def _email(rng: Random, name: str) -> str:
    first, _, last = (_plain(part) for part in name.partition(" "))
    host = rng.choices(_HOSTS, _HOST_WEIGHTS)[0]
    return rng.choice((f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last}", f"{last}.{first}")) + f"@{host}"


def _plain(text: str) -> str:
    spelled = unicodedata.normalize("NFKD", text.lower().translate(_PLAIN))
    return "".join(sign for sign in spelled if sign.isascii() and sign.isalnum())


def _unused(email: str, used: set[str]) -> str:
    local, _, host = email.partition("@")
    tries = (f"{local}{number or ''}@{host}" for number in (0, *range(2, 99)))
    return next(address for address in tries if address not in used)


def _subscriptions(rng: Random, day: datetime, customers: Sequence[Customer]) -> Iterator[Subscription]:
    number = _FIRST_CUSTOMER
    for customer in customers:
        if rng.random() < 0.6:
            continue
        former = rng.random() < 0.1
        if former and (day - customer.joined_at).days > 200:
            yield _membership(rng, day, customer, number, "cancelled", first=True)
            number += 1
        yield _membership(rng, day, customer, number, _status(rng, customer), first=False)
        number += 1


def _status(rng: Random, customer: Customer) -> _Status:
    statuses: tuple[_Status, ...] = ("active", "paused", "cancelled", "lapsed")
    return "cancelled" if customer.closed_at else rng.choices(statuses, (68, 7, 15, 10))[0]


def _membership(
    rng: Random, day: datetime, customer: Customer, number: int, status: _Status, *, first: bool
) -> Subscription:
    plan: Literal["monthly", "yearly"] = "yearly" if rng.random() < 0.4 else "monthly"
    ended = customer.closed_at or day
    started = customer.joined_at + (ended - customer.joined_at) * (0.0 if first else rng.uniform(0.3, 0.99))
    renewed = started + _PERIODS[plan] * ((ended - started) // _PERIODS[plan])
    if status == "lapsed" or first:
        renewed = max(started, renewed - _PERIODS[plan] * 2)
    paid_until = renewed + _PERIODS[plan]
    if status == "lapsed" and paid_until > day:
        status = "cancelled"
    paused = day + timedelta(days=rng.randint(3, 80)) if status == "paused" else None
    return Subscription(
        id=f"S-{number:05d}",
        customer=customer.id,
        plan=plan,
        status=status,
        price=_FEES[plan],
        started_at=started,
        renewed_at=renewed,
        paid_until=paid_until if paused is None else max(paid_until, paused),
        paused_until=paused,
        used=rng.random() < 0.7,
        version=1 + (renewed > started) + (status in ("paused", "cancelled")),
    )
