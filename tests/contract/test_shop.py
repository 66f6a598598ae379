"""What a shop promises, on SQLite and on PostgreSQL."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from countersign.adapters.shop import SqlShop, open_shop
from countersign.adapters.shop.write_tables import writes
from countersign.domain.errors import FailedError
from countersign.domain.frozen import canonical, digest
from countersign.domain.shop import Address, ShopReceipt
from countersign.ports import Shop
from tests.contract import shop_world as world

Call = Callable[[SqlShop, str], ShopReceipt]


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlShop]:
    on_file = request.param == "sqlite"
    url: str = f"sqlite:///{tmp_path}/shop.db" if on_file else request.getfixturevalue("postgres_url")
    shop = world.open_world(url)
    yield shop
    shop.close()


def test_the_sql_shop_is_a_shop(shop: SqlShop) -> None:
    """The adapter fulfils the whole port."""
    port: Shop = shop
    assert port.order("FH-1") is not None


@pytest.mark.parametrize("order", world.ORDERS, ids=lambda order: order.number)
def test_an_order_is_read_as_it_was_written(shop: SqlShop, order: world.Order) -> None:
    """An order comes back whole, field by field; only stock is as it is now."""
    assert shop.order(order.number) == order


def test_accounts_are_read_as_they_were_written(shop: SqlShop) -> None:
    """Customers, memberships, codes and products come back as they were stored."""
    assert shop.customer("C-00003") == world.CUSTOMERS[2]
    assert shop.subscription_of("C-00002") == world.SUBSCRIPTIONS[2]
    assert shop.promo("fern10") == world.PROMO
    assert shop.product("TENT") == world.PRODUCTS[0]


def test_addresses_match_in_any_case_and_open_accounts_come_first(shop: SqlShop) -> None:
    """An address finds every account that has it, whatever its case."""
    assert [one.id for one in shop.customers_by_email(" BACK@Example.ORG ")] == ["C-00004", "C-00003"]
    assert [one.id for one in shop.customers_by_email("family@example.org")] == ["C-00005", "C-00006"]


def test_the_latest_membership_and_the_latest_orders_come_first(shop: SqlShop) -> None:
    """Where there are several, the latest is the one that counts."""
    membership = shop.subscription_of("C-00001")
    assert membership is not None
    assert membership.id == "S-00002"
    assert [order.number for order in shop.orders_of("C-00001")] == ["FH-5", "FH-4", "FH-3", "FH-2", "FH-1"]


@pytest.mark.parametrize("text", ["", "FH-99", "'; DROP TABLE orders; --", "%", "a\0b", "\ud800", "é" * 5000])
def test_what_is_unknown_is_none_or_empty(shop: SqlShop, text: str) -> None:
    """No text that a customer may write makes a lookup fail."""
    assert (shop.order(text), shop.customer(text), shop.promo(text), shop.product(text)) == (None,) * 4
    assert (shop.subscription_of(text), shop.lookup(text)) == (None, None)
    assert (shop.orders_of(text), shop.customers_by_email(text), shop.refunds_since(text, world.NOW)) == ((), (), 0)


def test_refunds_are_counted_over_all_orders_since_a_time(shop: SqlShop) -> None:
    """A customer's refunds count from the given time on."""
    shop.refund("k1", "FH-3", 100, "EUR", "late")
    assert shop.refunds_since("C-00001", world.ago(21)) == 2
    assert shop.refunds_since("C-00001", world.ago(19)) == 1
    assert shop.refunds_since("C-00002", world.ago(999)) == 0


def test_many_orders_cost_no_more_queries_than_one(shop: SqlShop) -> None:
    """The number of queries does not grow with the number of orders."""
    counted: list[str] = []

    def count(*arguments: object) -> None:
        counted.append(str(arguments[2]))

    event.listen(shop.engines.reader, "before_cursor_execute", count)
    queries: list[int] = []
    for read in (lambda: shop.order("FH-1"), lambda: shop.orders_of("C-00001")):
        counted.clear()
        read()
        queries.append(sum(text.startswith("SELECT") and "FROM" in text for text in counted))
    assert queries == [9, 9]


@pytest.mark.parametrize("kind", world.CALLS)
def test_the_same_write_twice_happens_once(shop: SqlShop, kind: str) -> None:
    """The same key with the same arguments answers the first receipt and changes nothing."""
    first = world.CALLS[kind](shop, "key-1")
    after = world.contents(shop)
    assert world.CALLS[kind](shop, "key-1") == first
    assert world.contents(shop) == after
    assert shop.lookup("key-1") == first
    assert shop.writes() == (first,)
    assert (first.key, first.kind, first.at) == ("key-1", kind, world.NOW)


@pytest.mark.parametrize("kind", world.CALLS)
def test_a_key_serves_one_write_only(shop: SqlShop, kind: str) -> None:
    """The same key with other arguments fails and changes nothing."""
    shop.send_login_link("key-1", "C-00004")
    before = world.contents(shop)
    with pytest.raises(FailedError) as caught:
        world.CALLS[kind](shop, "key-1")
    assert caught.value.full_code == "failed.key_reused"
    assert world.contents(shop) == before


def test_a_key_binds_the_arguments_too(shop: SqlShop) -> None:
    """Another amount under the same key and order is another write."""
    shop.refund("key-1", "FH-1", 100, "EUR", "late")
    for amount, reason in ((101, "late"), (100, "lost")):
        with pytest.raises(FailedError, match="another write"):
            shop.refund("key-1", "FH-1", amount, "EUR", reason)
    assert [one.amount for one in shop.writes()] == [100]


@pytest.mark.parametrize("kind", world.CALLS)
def test_a_write_leaves_what_was_asked_for(shop: SqlShop, kind: str) -> None:
    """The stored arguments and their digest can be checked against what was approved."""
    world.CALLS[kind](shop, "key-1")
    with shop.engines.read() as connection:
        row = connection.execute(sa.select(writes)).mappings().one()
    assert row["target"].partition("/")[0] in {"order", "subscription", "customer"}
    arguments = _parsed(row["arguments"])
    assert canonical(arguments) == row["arguments"]
    assert digest([row["kind"], row["target"], arguments]) == row["digest"]


def _parsed(text: str) -> object:

    return json.loads(text)


def test_a_refund_gives_money_back(shop: SqlShop) -> None:
    """A refund is a record of the order, counts its version up, and settles the return it is for."""
    receipt = shop.refund("key-1", "FH-1", 2000, "EUR", "returned")
    order = shop.order("FH-1")
    assert order is not None
    assert (receipt.amount, receipt.currency, receipt.reference) == (2000, "EUR", "RF-900001")
    assert (order.refunded.amount, order.refundable.amount, order.version) == (3000, 17_000, 4)
    assert receipt.details["version"] == "4"
    assert (order.refunds[-1].key, order.refunds[-1].settled_at) == ("key-1", None)
    assert order.returns[0].status == "refunded"


def test_all_that_was_captured_can_be_refunded_and_not_a_cent_more(shop: SqlShop) -> None:
    """The last refundable cent can be given back; after that nothing can."""
    shop.refund("key-1", "FH-1", 19_000, "EUR", "other")
    with pytest.raises(FailedError) as caught:
        shop.refund("key-2", "FH-1", 1, "EUR", "other")
    assert caught.value.full_code == "failed.over_refund"


def test_cancelling_voids_authorisations_and_refunds_nothing(shop: SqlShop) -> None:
    """Open authorisations are voided, captures stay until they are refunded, goods go back into stock."""
    shop.cancel_order("key-1", "FH-2", "asked")
    shop.cancel_order("key-2", "FH-5", "asked")
    placed, packed, tent = shop.order("FH-2"), shop.order("FH-5"), shop.product("TENT")
    assert placed is not None
    assert packed is not None
    assert tent is not None
    assert (placed.status, placed.payments[0].status, placed.version) == ("cancelled", "voided", 4)
    assert [one.status for one in packed.payments] == ["captured", "failed"]
    assert (packed.refunds, packed.refundable.amount, tent.stock) == ((), 6000, 9)


def test_an_address_changes_before_dispatch(shop: SqlShop) -> None:
    """The parcel goes to the new address; the account keeps its own."""
    shop.change_address("key-1", "FH-5", world.MOVED)
    order, buyer = shop.order("FH-5"), shop.customer("C-00001")
    assert order is not None
    assert buyer is not None
    assert (order.ship_to, order.version, buyer.address) == (world.MOVED, 4, world.HOME)


def test_a_return_is_announced_with_its_label(shop: SqlShop) -> None:
    """A return names its items, and the receipt says where the label is and what it costs."""
    receipt = shop.create_return("key-1", "FH-1", ("TENT", "TENT"), 390)
    order = shop.order("FH-1")
    assert order is not None
    assert (order.returns[-1].id, order.returns[-1].skus) == (receipt.reference, ("TENT", "TENT"))
    assert (order.returns[-1].status, order.version, receipt.amount) == ("announced", 4, 390)
    assert receipt.details["label"].endswith(f"/{receipt.reference}/label")


def test_a_replacement_takes_goods_out_of_stock(shop: SqlShop) -> None:
    """A replacement parcel is counted on the order and taken out of stock."""
    shop.send_replacement("key-1", "FH-3", ("TENT",), "lost")
    order, tent = shop.order("FH-3"), shop.product("TENT")
    assert order is not None
    assert tent is not None
    assert (order.replacements, order.version, tent.stock) == (1, 4, 4)


def test_a_pause_puts_off_what_was_paid_for(shop: SqlShop) -> None:
    """A pause lasts calendar months, and the paid period moves with it."""
    before = shop.subscription_of("C-00001")
    shop.pause_subscription("key-1", "S-00002", 2)
    after = shop.subscription_of("C-00001")
    assert before is not None
    assert after is not None
    assert (after.status, after.version) == ("paused", 2)
    assert after.paused_until == world.NOW.replace(year=2027, month=1)
    assert after.paid_until - before.paid_until >= timedelta(days=59)


def test_a_membership_ends_with_its_period_or_at_once_with_its_fee(shop: SqlShop) -> None:
    """Without a refund the paid period runs on; with one the latest fee is given back and it ends now."""
    kept = shop.cancel_subscription("key-1", "S-00005", refund_fee=False)
    back = shop.cancel_subscription("key-2", "S-00002", refund_fee=True)
    running, ended = shop.subscription_of("C-00005"), shop.subscription_of("C-00001")
    assert running is not None
    assert ended is not None
    assert (running.status, running.paid_until, kept.amount) == ("cancelled", world.ago(-355), None)
    assert (ended.status, ended.paid_until) == ("cancelled", world.NOW)
    assert (back.amount, back.currency, back.reference) == (5900, "EUR", "RF-900001")


def test_an_address_on_record_changes_for_good(shop: SqlShop) -> None:
    """The new address is kept in lower case, and the old one finds nobody."""
    shop.change_email("key-1", "C-00001", " New@Example.org ")
    (found,) = shop.customers_by_email("new@example.org")
    assert (found.id, found.email, found.version) == ("C-00001", "new@example.org", 2)
    assert shop.customers_by_email("zoe@example.org") == ()


def test_whoever_shares_an_address_can_take_their_own(shop: SqlShop) -> None:
    """A family that shares an address can be parted, and nobody can join it."""
    shop.change_email("key-1", "C-00006", "six@example.org")
    assert [one.id for one in shop.customers_by_email("family@example.org")] == ["C-00005"]
    with pytest.raises(FailedError, match="another account"):
        shop.change_email("key-2", "C-00002", "FAMILY@example.org")


def test_closing_an_account_ends_its_membership(shop: SqlShop) -> None:
    """A closed account is charged nothing more."""
    receipt = shop.close_account("key-1", "C-00002")
    closed, membership = shop.customer("C-00002"), shop.subscription_of("C-00002")
    assert closed is not None
    assert membership is not None
    assert (closed.closed_at, closed.version) == (world.NOW, 2)
    assert (membership.status, receipt.details["memberships_ended"]) == ("cancelled", "1")


ABROAD = Address(name="A", street="B 1", postcode="10115", city="Berlin", country="DE")
REFUSED: dict[str, tuple[Call, str]] = {
    "refund: unknown order": (lambda shop, key: shop.refund(key, "FH-99", 1, "EUR", "late"), "not_found"),
    "refund: too much": (lambda shop, key: shop.refund(key, "FH-1", 19_001, "EUR", "late"), "over_refund"),
    "refund: far too much": (lambda shop, key: shop.refund(key, "FH-1", 10**30, "EUR", "late"), "over_refund"),
    "refund: only authorised": (lambda shop, key: shop.refund(key, "FH-2", 1, "EUR", "late"), "over_refund"),
    "refund: nothing": (lambda shop, key: shop.refund(key, "FH-1", 0, "EUR", "late"), "amount"),
    "refund: less than nothing": (lambda shop, key: shop.refund(key, "FH-1", -5, "EUR", "late"), "amount"),
    "refund: other currency": (lambda shop, key: shop.refund(key, "FH-1", 1, "USD", "late"), "currency"),
    "refund: no text": (lambda shop, key: shop.refund(key, "FH-1", 1, "EUR", "a\0"), "arguments"),
    "refund: no Unicode": (lambda shop, key: shop.refund(key, "FH-1", 1, "EUR", "\ud800"), "arguments"),
    "address: no text": (
        lambda shop, key: shop.change_address(key, "FH-2", world.HOME.model_copy(update={"city": "\0"})),
        "arguments",
    ),
    "refund: no key": (lambda shop, _: shop.refund("", "FH-1", 1, "EUR", "late"), "key"),
    "cancel: dispatched": (lambda shop, key: shop.cancel_order(key, "FH-3", "asked"), "already_dispatched"),
    "cancel: delivered": (lambda shop, key: shop.cancel_order(key, "FH-1", "asked"), "already_dispatched"),
    "cancel: cancelled": (lambda shop, key: shop.cancel_order(key, "FH-4", "asked"), "already_cancelled"),
    "address: dispatched": (lambda shop, key: shop.change_address(key, "FH-3", world.MOVED), "already_dispatched"),
    "address: abroad": (lambda shop, key: shop.change_address(key, "FH-2", ABROAD), "other_country"),
    "address: incomplete": (
        lambda shop, key: shop.change_address(key, "FH-2", world.HOME.model_copy(update={"street": " "})),
        "address",
    ),
    "return: not dispatched": (lambda shop, key: shop.create_return(key, "FH-2", ("TENT",), 0), "not_dispatched"),
    "return: not ordered": (lambda shop, key: shop.create_return(key, "FH-1", ("BOOT",), 0), "not_in_order"),
    "return: too many": (lambda shop, key: shop.create_return(key, "FH-1", ("TENT",) * 3, 0), "not_in_order"),
    "return: twice": (lambda shop, key: shop.create_return(key, "FH-1", ("LAMP",), 0), "already_returned"),
    "return: nothing": (lambda shop, key: shop.create_return(key, "FH-1", (), 0), "no_items"),
    "return: fee": (lambda shop, key: shop.create_return(key, "FH-1", ("TENT",), -1), "amount"),
    "replace: out of stock": (lambda shop, key: shop.send_replacement(key, "FH-3", ("LAMP",), "lost"), "out_of_stock"),
    "replace: not sent": (lambda shop, key: shop.send_replacement(key, "FH-5", ("TENT",), "lost"), "not_dispatched"),
    "pause: paused": (lambda shop, key: shop.pause_subscription(key, "S-00003", 1), "already_paused"),
    "pause: too long": (lambda shop, key: shop.pause_subscription(key, "S-00002", 4), "months"),
    "pause: lapsed": (lambda shop, key: shop.pause_subscription(key, "S-00004", 1), "not_active"),
    "pause: unknown": (lambda shop, key: shop.pause_subscription(key, "S-99999", 1), "not_found"),
    "end: ended": (lambda shop, key: shop.cancel_subscription(key, "S-00001", refund_fee=False), "not_active"),
    "e-mail: taken": (lambda shop, key: shop.change_email(key, "C-00001", "Quiet@example.org"), "email_in_use"),
    "e-mail: same": (lambda shop, key: shop.change_email(key, "C-00001", "ZOE@example.org"), "email_unchanged"),
    "e-mail: malformed": (lambda shop, key: shop.change_email(key, "C-00001", "a@b@c"), "email_malformed"),
    "e-mail: closed": (lambda shop, key: shop.change_email(key, "C-00003", "x@example.org"), "account_closed"),
    "close: open orders": (lambda shop, key: shop.close_account(key, "C-00001"), "open_orders"),
    "close: closed": (lambda shop, key: shop.close_account(key, "C-00003"), "account_closed"),
    "close: unknown": (lambda shop, key: shop.close_account(key, "C-99999"), "not_found"),
    "link: closed": (lambda shop, key: shop.send_login_link(key, "C-00003"), "account_closed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_business_refuses_changes_nothing(shop: SqlShop, name: str) -> None:
    """A refusal has its own code, writes nothing, and leaves the key free."""
    before = world.contents(shop)
    call, detail = REFUSED[name]
    with pytest.raises(FailedError) as caught:
        call(shop, "key-1")
    assert caught.value.full_code == f"failed.{detail}"
    assert world.contents(shop) == before
    assert shop.lookup("key-1") is None


def test_a_second_replacement_of_the_same_unit_is_refused(shop: SqlShop) -> None:
    """Two tents were ordered, so two can be replaced and no third."""
    shop.send_replacement("key-1", "FH-3", ("TENT", "TENT"), "lost")
    with pytest.raises(FailedError) as caught:
        shop.send_replacement("key-2", "FH-3", ("TENT",), "lost")
    assert caught.value.full_code == "failed.already_replaced"


def test_a_lost_return_that_was_refused_can_be_announced_again(shop: SqlShop) -> None:
    """Only returns that stand count against the units that were ordered."""
    with shop.engines.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE returns SET status = 'refused'")
    assert shop.create_return("key-1", "FH-1", ("LAMP",), 0).reference == "RT-900001"


def test_a_refused_write_may_be_tried_again_with_its_key(shop: SqlShop) -> None:
    """After the reason is gone, the same key succeeds."""
    with pytest.raises(FailedError):
        shop.refund("key-1", "FH-2", 500, "EUR", "late")
    with shop.engines.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE payments SET status = 'captured' WHERE id = 'PM-2-1'")
    assert shop.refund("key-1", "FH-2", 500, "EUR", "late").amount == 500


def test_writes_are_listed_in_order(shop: SqlShop) -> None:
    """The list of writes is what an outside checker counts: all of them, in order, none that was refused."""
    kinds = ("send_login_link", "refund", "cancel_order", "change_email")
    made = [world.CALLS[kind](shop, f"key-{kind}") for kind in kinds]
    with pytest.raises(FailedError):
        shop.cancel_order("no", "FH-2", "again")
    assert shop.writes() == tuple(made)


def test_a_shop_opened_again_is_the_same_shop(shop: SqlShop) -> None:
    """Opening changes nothing, and two open shops see each other's writes."""
    before = world.contents(shop)
    url = shop.engines.writer.url.render_as_string(hide_password=False)
    again = open_shop(url)
    assert world.contents(again) == before
    again.refund("key-1", "FH-1", 100, "EUR", "late")
    assert [one.key for one in shop.writes()] == ["key-1"]
    again.close()
