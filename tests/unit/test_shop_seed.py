"""The demonstration business's records: enough of them, the same every time, and realistic at the edges."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from countersign.adapters.shop import SqlShop, open_shop, seed
from countersign.adapters.shop.account_tables import customers
from countersign.adapters.shop.bulk import bulk
from countersign.adapters.shop.columns import metadata
from countersign.adapters.shop.scenarios import Scenarios, scenarios
from countersign.domain.shop import Order

DAYS = [datetime(2026, 11, 16, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SqlShop]:
    shop = open_shop(f"sqlite:///{tmp_path}/shop.db")
    yield shop
    shop.close()


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day:%Y-%m-%d}")
def many(request: pytest.FixtureRequest) -> tuple[datetime, Scenarios]:
    day: datetime = request.param
    return day, bulk(day)


def test_a_shop_from_before_notes_gets_empty_ones(tmp_path: Path) -> None:
    """Opening it adds the column, and everything that was in there stays."""
    url = f"sqlite:///{tmp_path}/old.db"
    shop = open_shop(url)
    seed(shop, DAYS[0])
    shop.close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE orders DROP COLUMN note"))
    engine.dispose()
    for _ in range(2):
        shop = open_shop(url)
        order = shop.order("FH-10091")
        shop.close()
        assert order is not None
        assert (order.number, order.note) == ("FH-10091", "")


def contents(shop: SqlShop) -> dict[str, list[str]]:
    with shop.engines.read() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for name, table in metadata.tables.items()
        }


def test_the_same_day_gives_the_same_shop(shop: SqlShop, tmp_path: Path) -> None:
    """Two shops seeded at different hours of a day are alike, record by record; another day gives another shop."""
    other, later = (open_shop(f"sqlite:///{tmp_path}/{name}.db") for name in ("other", "later"))
    seed(shop, DAYS[0])
    seed(other, DAYS[0] + timedelta(hours=23))
    seed(later, DAYS[0] + timedelta(days=1))
    assert contents(shop) == contents(other)
    assert contents(shop)["orders"] != contents(later)["orders"]
    other.close()
    later.close()


def test_seeding_twice_changes_nothing(shop: SqlShop) -> None:
    """Only an empty shop is seeded; what happened since stays."""
    seed(shop, DAYS[0])
    shop.send_login_link("key-1", "C-00001")
    before = contents(shop)
    seed(shop, DAYS[0] + timedelta(days=3))
    assert contents(shop) == before


def test_a_shop_of_ones_own_is_left_alone(shop: SqlShop) -> None:
    """A shop that has a single customer is not seeded."""
    row = {"id": "X", "name": "X", "email": "x@example.org", "language": "en", "address_name": "X", "street": "1"}
    rest = {"postcode": "1", "city": "Y", "country": "IE", "joined_at": DAYS[0], "version": 1}
    with shop.engines.writer.begin() as connection:
        connection.execute(sa.insert(customers).values(row | rest))
    seed(shop, DAYS[0])
    assert shop.order("FH-10200") is None
    assert shop.customers_by_email("x@example.org")


def test_both_databases_are_seeded_alike(shop: SqlShop, postgres_url: str) -> None:
    """PostgreSQL holds the same records as SQLite."""
    other = open_shop(postgres_url)
    seed(shop, DAYS[0])
    seed(other, DAYS[0])
    assert contents(shop) == contents(other)
    other.close()


def test_the_shop_is_large_enough(shop: SqlShop) -> None:
    """At least 520 customers, 2,100 orders over 18 months, and 60 articles."""
    seed(shop, DAYS[0])
    rows = contents(shop)
    assert len(rows["customers"]) >= 520
    assert len(rows["orders"]) >= 2100
    with shop.engines.read() as connection:
        names = connection.exec_driver_sql("SELECT COUNT(DISTINCT name) FROM products").scalar_one()
        first, last = connection.exec_driver_sql(
            "SELECT MIN(placed_at), MAX(placed_at) FROM orders WHERE number >= 'FH-10200'"
        ).one()
    assert names >= 60
    assert "2025-05-1" <= first < "2025-06"
    assert last > "2026-11-15"


def test_hand_made_records_are_there_as_written(shop: SqlShop) -> None:
    """Every hand-made customer, order and membership is read back as it was declared, apart from stock."""
    seed(shop, DAYS[0])
    pinned = scenarios(DAYS[0])
    for customer in pinned.customers:
        assert shop.customer(customer.id) == customer
    for order in pinned.orders:
        assert shop.order(order.number) == order


def test_ordinary_records_keep_off_the_reserved_numbers(many: tuple[datetime, Scenarios]) -> None:
    """Numbers below C-00100, S-00100 and FH-10200 belong to the hand-made records."""
    _, records = many
    assert min(one.id for one in records.customers) == "C-00100"
    assert min(one.id for one in records.subscriptions) == "S-00100"
    assert min(one.number for one in records.orders) == "FH-10200"


def test_nobody_real_is_written_to(many: tuple[datetime, Scenarios]) -> None:
    """Every address is in a domain that is reserved for examples, and in lower case."""
    _, records = many
    for customer in records.customers:
        host = customer.email.rpartition("@")[2]
        assert host in {"example.org", "example.net", "example.com"} or host.endswith(".example")
        assert customer.email == customer.email.lower()
        assert customer.email.isascii()


def test_nothing_has_happened_in_the_future(many: tuple[datetime, Scenarios]) -> None:
    """Whatever happened, happened before the day began, and in a possible sequence."""
    day, records = many
    for order in records.orders:
        assert order.placed_at < day
        for parcel in order.shipments:
            assert parcel.dispatched_at is not None
            assert order.placed_at < parcel.dispatched_at <= (parcel.last_scan_at or day) <= day
            assert parcel.delivered_at is None or parcel.dispatched_at < parcel.delivered_at < day
        times = [one.at for one in (*order.payments, *order.refunds)]
        assert all(order.placed_at <= time < day for time in times)
        for back in order.returns:
            assert order.delivered_at is not None
            assert order.delivered_at < back.announced_at < (back.received_at or day) <= day


def test_the_books_are_right(many: tuple[datetime, Scenarios]) -> None:
    """No order gives back more than it took, and who has left has no open order."""
    _, records = many
    closed = {one.id: one.closed_at for one in records.customers if one.closed_at}
    joined = {one.id: one.joined_at for one in records.customers}
    for order in records.orders:
        assert order.refundable.amount >= 0
        assert order.total.amount >= 0
        assert joined[order.customer] <= order.placed_at
        if order.status in {"dispatched", "delivered"} and order.total.amount:
            assert order.captured.amount >= order.total.amount
        if order.customer in closed:
            assert order.placed_at < closed[order.customer]
            assert order.status in {"delivered", "cancelled"} or order.replacements or order.refunds


def test_most_orders_are_fine(many: tuple[datetime, Scenarios]) -> None:
    """At least four in five were delivered or are on their way, without refund, return or loss."""
    _, records = many
    fine = [
        order
        for order in records.orders
        if order.status != "cancelled" and not order.refunds and not order.returns and not order.replacements
    ]
    assert len(fine) > 0.8 * len(records.orders)


def edge_cases(day: datetime, orders: tuple[Order, ...]) -> Counter[str]:
    """How often each unusual situation occurs."""
    seen: Counter[str] = Counter()
    for order in orders:
        statuses = [one.status for one in order.payments]
        methods = {one.method for one in order.payments if one.status == "captured"}
        parcels = [one.status for one in order.shipments]
        partial = 0 < order.refunded.amount < order.captured.amount
        seen["partial refund"] += partial
        seen["full refund settled"] += bool(order.refunds) and not partial and bool(order.refunds[-1].settled_at)
        seen["refund pending"] += any(one.settled_at is None for one in order.refunds)
        seen["split, one parcel late"] += sorted(parcels) == ["delivered", "in_transit"]
        seen["split, delivered"] += parcels == ["delivered", "delivered"]
        seen["lost parcel"] += "lost" in parcels
        seen["late parcel"] += any(
            one.status == "in_transit" and one.last_scan_at is not None and day - one.last_scan_at > timedelta(days=7)
            for one in order.shipments
        )
        seen["duplicate capture open"] += (
            bool(order.payments[1:2]) and not order.refunds and any(one.duplicate_of for one in order.payments)
        )
        seen["duplicate capture refunded"] += any(one.reason == "duplicate_charge" for one in order.refunds)
        seen["authorised only"] += statuses == ["authorised"]
        seen["authorisation beside a capture"] += {"authorised", "captured"} <= set(statuses)
        seen["failed payment"] += "failed" in statuses
        seen["never paid"] += statuses == ["failed"] * 3
        seen["gift card in part"] += "gift_card" in methods and len(methods) > 1
        seen["gift card"] += methods == {"gift_card"}
        seen["cancelled"] += order.status == "cancelled"
        seen["replaced"] += order.replacements > 0
        seen["promo"] += order.discount > 0
        seen["promo that had run out"] += order.promo is not None and order.discount == 0
        seen["placed yesterday"] += day - order.placed_at <= timedelta(days=1)
        seen["a year old"] += day - order.placed_at > timedelta(days=500)
        for back in order.returns:
            seen[f"return {back.status}"] += 1
    return seen


EDGES = {
    "partial refund": 20,
    "full refund settled": 10,
    "refund pending": 2,
    "split, one parcel late": 1,
    "split, delivered": 40,
    "lost parcel": 8,
    "late parcel": 1,
    "duplicate capture open": 1,
    "duplicate capture refunded": 6,
    "authorised only": 3,
    "failed payment": 20,
    "never paid": 1,
    "gift card in part": 8,
    "gift card": 40,
    "cancelled": 40,
    "replaced": 10,
    "promo": 60,
    "promo that had run out": 3,
    "placed yesterday": 6,
    "a year old": 50,
    "return announced": 1,
    "return refunded": 50,
    "return refused": 3,
}


@pytest.mark.parametrize("situation", EDGES)
def test_unusual_situations_occur(many: tuple[datetime, Scenarios], situation: str) -> None:
    """Whatever day the shop is made for, a desk meets each situation in it."""
    day, records = many
    assert edge_cases(day, records.orders)[situation] >= EDGES[situation]


def test_members_are_of_every_kind(many: tuple[datetime, Scenarios]) -> None:
    """Active, paused, cancelled and lapsed, monthly and yearly; some came back after leaving."""
    day, records = many
    kinds = Counter((one.status, one.plan) for one in records.subscriptions)
    assert all(
        kinds[status, plan] >= 1 for status in ("active", "paused", "cancelled") for plan in ("monthly", "yearly")
    )
    assert sum(count for (status, _), count in kinds.items() if status == "lapsed") >= 5
    assert max(Counter(one.customer for one in records.subscriptions).values()) == 2
    for one in records.subscriptions:
        assert one.started_at <= one.renewed_at <= day
        assert one.status != "active" or one.paid_until >= day
        assert one.status != "lapsed" or one.paid_until <= day


def test_people_are_as_mixed_as_real_ones(many: tuple[datetime, Scenarios]) -> None:
    """Namesakes, families, shared addresses, accounts closed and opened again, locked ones, accents, apostrophes."""
    _, records = many
    people = records.customers
    names, homes = (
        Counter(one.name for one in people),
        Counter((one.address.street, one.address.city) for one in people),
    )
    emails = Counter(one.email for one in people)
    open_emails = Counter(one.email for one in people if one.closed_at is None)
    buyers = {order.customer for order in records.orders}
    assert max(names.values()) >= 3
    assert max(homes.values()) >= 2
    assert max(emails.values()) == 2
    assert sum(count > 1 for count in open_emails.values()) == 2
    assert sum(one.closed_at is not None for one in people) >= 10
    assert sum(one.locked for one in people) >= 5
    assert sum(one.id not in buyers for one in people) >= 20
    assert len({one.address.country for one in people}) >= 10
    assert sum("'" in one.name for one in people) >= 5
    assert sum(unicodedata.normalize("NFKD", one.name) != one.name for one in people) >= 100
