"""What holds whatever the application does: races, bypassed checks, lost connections, on both databases."""

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exc

from countersign.adapters.shop import SqlShop, open_shop
from countersign.adapters.shop.guards import guards
from countersign.adapters.shop.order_tables import payments, refunds
from countersign.adapters.shop.rows import Rows
from countersign.domain.errors import CountersignError, FailedError, RetryError, SettingsError, UnknownOutcomeError
from countersign.domain.money import Money
from countersign.domain.shop import Order
from tests.contract import shop_world as world

SHARED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
"""The examples share one shop; each works on an order of its own."""


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlShop]:
    on_file = request.param == "sqlite"
    url: str = f"sqlite:///{tmp_path}/shop.db" if on_file else request.getfixturevalue("postgres_url")
    shop = world.open_world(url)
    yield shop
    shop.close()


def new_order(shop: SqlShop, captures: list[int]) -> str:
    """Another delivered order with these captures."""
    number = f"FH-{len(shop.orders_of('C-00001')) + 1}"
    digits = number.removeprefix("FH-")
    taken = tuple(world.payment(digits, place, amount) for place, amount in enumerate(captures, 1))
    rows = Rows()
    rows.add_orders([world.order(number, status="delivered", payments=taken)])
    shop.engines.write(rows.insert)
    return number


def outcomes(calls: list[Callable[[], object]]) -> list[object]:
    """What each call answered or raised, all started at the same moment."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        start.wait()
        try:
            return call()
        except CountersignError as error:
            return error.full_code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_thirty_racing_calls_with_one_key_are_one_write(shop: SqlShop) -> None:
    """However many workers call at once, one key is one refund and one receipt for all."""
    receipts = outcomes([lambda: shop.refund("one", "FH-1", 700, "EUR", "late")] * 30)
    order = shop.order("FH-1")
    assert order is not None
    assert receipts == [shop.lookup("one")] * 30
    assert (len(shop.writes()), order.refunded.amount, order.version) == (1, 1700, 4)


def test_thirty_racing_refunds_stop_at_what_was_captured(shop: SqlShop) -> None:
    """Refunds under different keys race for the same money: as many succeed as it covers."""

    def refund(key: str) -> Callable[[], object]:
        return lambda: shop.refund(key, "FH-3", 400, "EUR", "late")

    answers = outcomes([refund(f"key-{number}") for number in range(30)])
    order = shop.order("FH-3")
    assert order is not None
    assert answers.count("failed.over_refund") == 5
    assert (len(shop.writes()), order.refundable.amount, order.version) == (25, 0, 28)
    assert len({one.reference for one in shop.writes()}) == 25


def test_racing_writes_with_one_key_and_other_arguments_are_one_write(shop: SqlShop) -> None:
    """Of two writes that use the same key for different targets one happens; the other is told so."""
    calls: list[Callable[[], object]] = [
        lambda: shop.refund("one", "FH-1", 700, "EUR", "late"),
        lambda: shop.refund("one", "FH-3", 700, "EUR", "late"),
    ]
    answers = outcomes(calls * 5)
    assert answers.count("failed.key_reused") == 5
    assert len(shop.writes()) == 1


def test_racing_address_changes_give_an_address_to_one_account(shop: SqlShop) -> None:
    """Two accounts that take the same new address at once do not both get it."""
    calls: list[Callable[[], object]] = [
        lambda: shop.change_email("a", "C-00001", "new@example.org"),
        lambda: shop.change_email("b", "C-00002", "new@example.org"),
    ]
    answers = outcomes(calls)
    assert sum(answer in ("failed.email_in_use", "failed.constraint") for answer in answers) == 1
    assert len(shop.customers_by_email("new@example.org")) == 1


def test_racing_replacements_share_the_stock(shop: SqlShop) -> None:
    """Stock never goes below nothing."""
    numbers = [new_order(shop, [100]) for _ in range(8)]
    answers = outcomes(
        [lambda number=number: shop.send_replacement(number, number, ("TENT",), "lost") for number in numbers]
    )
    tent = shop.product("TENT")
    assert tent is not None
    assert (answers.count("failed.out_of_stock"), tent.stock) == (3, 0)


writes = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(-5, 900) | st.integers(10**9, 10**30)), min_size=1, max_size=12
)


@given(captures=st.lists(st.integers(1, 900), max_size=3), wanted=writes, together=st.booleans())
@SHARED
def test_no_sequence_of_refunds_gives_back_more_than_was_taken(
    shop: SqlShop, captures: list[int], wanted: list[tuple[str, int]], together: bool
) -> None:
    """Whatever is asked for, in turn or at once: refunds are at most the captures, and each has its receipt."""
    number = new_order(shop, captures)

    def refund(key: str, amount: int) -> Callable[[], object]:
        return lambda: shop.refund(f"{number}-{key}", number, amount, "EUR", "other")

    calls = [refund(key, amount) for key, amount in wanted]
    for group in [calls] if together else [[call] for call in calls]:
        outcomes(group)
    order = shop.order(number)
    assert order is not None
    receipts = [one for one in shop.writes() if one.target == f"order/{number}"]
    assert order.refunded.amount == sum(one.amount or 0 for one in receipts) <= sum(captures)
    assert sorted(one.reference for one in receipts) == sorted(one.id for one in order.refunds)
    assert order.version == 3 + len(receipts)


def test_the_triggers_are_there(shop: SqlShop) -> None:
    """Each rule that the database holds by itself has its trigger."""
    with shop.engines.read() as connection:
        names = guards(connection)
    for rule in ("refunds_covered", "payments_cover", "writes_kept", "receipts_unchanged", "fee_refunds_covered"):
        assert any(name.startswith(rule) for name in names)


BYPASSES = {
    "another refund": "INSERT INTO refunds (id, order_number, amount, reason, at) "
    "VALUES ('RF-X', 'FH-1', 19001, 'late', '2026-11-16 09:00:00')",
    "a refund without a capture": "INSERT INTO refunds (id, order_number, amount, reason, at) "
    "VALUES ('RF-X', 'FH-2', 1, 'late', '2026-11-16 09:00:00')",
    "a larger refund": "UPDATE refunds SET amount = 20001 WHERE id = 'RF-1-1'",
    "a refund moved": "UPDATE refunds SET order_number = 'FH-2' WHERE id = 'RF-1-1'",
    "a negative refund": "UPDATE refunds SET amount = -1 WHERE id = 'RF-1-1'",
    "a refund deleted": "DELETE FROM refunds",
    "captures voided": "UPDATE payments SET status = 'voided' WHERE order_number = 'FH-1'",
    "a capture moved": "UPDATE payments SET order_number = 'FH-2' WHERE order_number = 'FH-1'",
    "captures lowered": "UPDATE payments SET amount = 400 WHERE order_number = 'FH-1'",
    "captures deleted": "DELETE FROM payments WHERE id = 'PM-1-2' OR id = 'PM-1-1'",
    "a write changed": "UPDATE writes SET digest = 'x'",
    "a write deleted": "DELETE FROM writes",
    "a receipt changed": "UPDATE receipts SET amount = 1",
    "a receipt deleted": "DELETE FROM receipts",
    "a fee refunded beyond it": "INSERT INTO fee_refunds (id, fee_id, amount, at, key) "
    "VALUES ('RF-X', 'FE-00005-1', 591, '2026-11-16 09:00:00', 'kept')",
    "an order without a customer": "UPDATE orders SET customer_id = 'C-99999' WHERE number = 'FH-1'",
    "an item never ordered": "INSERT INTO shipment_items (shipment_id, position, order_number, sku) "
    "VALUES ('SH-3-1', 9, 'FH-3', 'BOOT')",
    "an unknown status": "UPDATE orders SET status = 'paid' WHERE number = 'FH-1'",
    "negative stock": "UPDATE products SET stock = stock - 6 WHERE sku = 'TENT'",
    "an address twice": "UPDATE customers SET email = 'zoe@example.org' WHERE id = 'C-00002'",
    "an address in capitals": "UPDATE customers SET email = 'ZOE@example.org' WHERE id = 'C-00001'",
}


@pytest.mark.parametrize("name", BYPASSES)
def test_the_database_refuses_what_goes_past_the_adapter(shop: SqlShop, name: str) -> None:
    """Statements that would break a rule fail in the database itself, and nothing changes."""
    shop.send_login_link("kept", "C-00001")
    before = world.contents(shop)
    with pytest.raises(exc.IntegrityError), shop.engines.writer.begin() as connection:
        connection.exec_driver_sql(BYPASSES[name])
    assert world.contents(shop) == before


def test_replacing_a_row_does_not_get_past_the_triggers(tmp_path: Path) -> None:
    """SQLite's INSERT OR REPLACE neither rewrites a receipt nor enlarges a refund."""
    shop = world.open_world(f"sqlite:///{tmp_path}/shop.db")
    receipt = shop.refund("key-1", "FH-1", 100, "EUR", "late")
    before = world.contents(shop)
    for statement in (
        "INSERT OR REPLACE INTO receipts (number, key, reference, details) VALUES (1, 'key-1', 'RF-X', '{}')",
        "INSERT OR REPLACE INTO refunds SELECT id, order_number, 1, reason, at, settled_at, key FROM refunds",
        "INSERT OR REPLACE INTO writes SELECT key, kind, target, arguments, 'x', at FROM writes",
    ):
        with pytest.raises(exc.IntegrityError), shop.engines.writer.begin() as connection:
            connection.exec_driver_sql(statement)
    assert (shop.lookup("key-1"), world.contents(shop)) == (receipt, before)
    shop.close()


def test_without_the_adapters_check_the_trigger_still_refuses(shop: SqlShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the code's own check is broken, an excessive refund still fails, and leaves neither key nor receipt."""
    before = world.contents(shop)
    monkeypatch.setattr(Order, "refundable", property(lambda _: Money(amount=10**9)))
    with pytest.raises(FailedError) as caught:
        shop.refund("key-1", "FH-1", 19_001, "EUR", "late")
    assert caught.value.full_code == "failed.constraint"
    assert (world.contents(shop), shop.lookup("key-1")) == (before, None)


def test_racing_inserts_past_the_adapter_stop_at_what_was_captured(shop: SqlShop) -> None:
    """Two sessions that both insert a refund of 60 % directly do not both succeed."""

    def insert(name: str) -> Callable[[], object]:
        row = {"id": name, "order_number": "FH-3", "amount": 6000, "reason": "late", "at": world.NOW}

        def run() -> object:
            try:
                with shop.engines.writer.begin() as connection:
                    connection.execute(sa.insert(refunds), row)
            except exc.IntegrityError:
                return "refused"
            return "inserted"

        return run

    answers = outcomes([insert(f"RF-{number}") for number in range(6)])
    assert sorted(map(str, answers)) == ["inserted", *["refused"] * 5]


def test_a_locked_file_can_be_tried_again(tmp_path: Path) -> None:
    """A file that another program keeps locked raises RetryError; reads go on, and nothing was written."""
    shop = world.open_world(f"sqlite:///{tmp_path}/shop.db?timeout=0.05")
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetryError) as caught:
            shop.refund("key-1", "FH-1", 100, "EUR", "late")
        assert (caught.value.full_code, shop.lookup("key-1")) == ("retry.unreachable", None)
    assert shop.refund("key-1", "FH-1", 100, "EUR", "late").amount == 100
    shop.close()


def test_readers_do_not_wait_for_a_writer(shop: SqlShop) -> None:
    """While one transaction writes, others read the state before it."""
    with shop.engines.writer.begin() as connection:
        connection.execute(sa.update(payments).values(amount=50_000))
        order = shop.order("FH-3")
    assert order is not None
    assert order.captured.amount == 10_000


@pytest.mark.parametrize("url", ["", "shop.db", "sqlite://", "sqlite:///:memory:", "mysql://root:hush@host/x"])
def test_other_urls_are_refused(url: str) -> None:
    """A URL that is no shop's is refused with what to write instead, and without its password."""
    with pytest.raises(SettingsError, match="sqlite:///path") as caught:
        open_shop(url)
    assert "hush" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A database in a folder that is not there is a setting's fault."""
    with pytest.raises(SettingsError, match="does not exist"):
        open_shop(f"sqlite:///{tmp_path}/none/shop.db")


def test_a_file_that_is_no_database_fails_for_good(tmp_path: Path) -> None:
    """Something else in the database's place is a final fault, in one line."""
    (tmp_path / "shop.db").write_text("this is a letter, not a database; " * 100, encoding="utf-8")
    with pytest.raises(FailedError, match="SQLITE_NOTADB"):
        open_shop(f"sqlite:///{tmp_path}/shop.db")


def test_a_database_that_is_gone_answers_nonsense(tmp_path: Path) -> None:
    """A table that is missing is a final fault, for reads and for writes."""
    shop = world.open_world(f"sqlite:///{tmp_path}/shop.db")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as other:
        other.execute("ALTER TABLE orders RENAME TO sold")
    for call in (lambda: shop.order("FH-1"), lambda: shop.refund("key-1", "FH-1", 1, "EUR", "late")):
        with pytest.raises(FailedError) as caught:
            call()
        assert caught.value.full_code == "failed.nonsense"
    shop.close()


def test_an_unreachable_server_can_be_tried_again() -> None:
    """A server that does not answer raises RetryError, and no password is shown."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(RetryError) as caught:
            open_shop(f"postgresql://user:hush@127.0.0.1:{unused.getsockname()[1]}/none")
    assert "hush" not in repr(caught.value)


_COMMIT = b"COMMIT\0"
"""The statement as it goes over the line; "READ COMMITTED" is not meant."""


class Line:
    """A real connection to PostgreSQL that can be cut at a commit, before or after the server has it."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.cut: str = ""
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._server)
            committed = threading.Event()
            threading.Thread(target=self._forward, args=(near, far, committed), daemon=True).start()
            threading.Thread(target=self._answer, args=(far, near, committed), daemon=True).start()

    def _forward(self, near: socket.socket, far: socket.socket, committed: threading.Event) -> None:
        while data := _received(near):
            if _COMMIT in data and self.cut == "before":
                break
            if _COMMIT in data and self.cut == "after":
                committed.set()
            far.sendall(data)
        _shut(near, far)

    def _answer(self, far: socket.socket, near: socket.socket, committed: threading.Event) -> None:
        while data := _received(far):
            if committed.is_set():
                break
            near.sendall(data)
        _shut(near, far)


def _received(side: socket.socket) -> bytes:
    try:
        return side.recv(65536)
    except OSError:
        return b""


def _shut(*sides: socket.socket) -> None:
    for side in sides:
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


@pytest.fixture
def line(postgres_url: str) -> Iterator[tuple[Line, SqlShop]]:
    """A shop whose server is reached through a line that can be cut."""
    url = sa.make_url(postgres_url)
    line = Line((str(url.host), url.port or 5432))
    shop = world.open_world(url.set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False))
    yield line, shop
    shop.close()
    line.close()


@pytest.mark.parametrize(("cut", "written"), [("before", 0), ("after", 1)])
def test_a_connection_lost_at_the_commit_is_an_unknown_outcome(
    line: tuple[Line, SqlShop], cut: str, written: int
) -> None:
    """Whether the commit arrived can't be told from here, so it is said so; lookup and the same key settle it."""
    proxy, shop = line
    proxy.cut = cut
    with pytest.raises(UnknownOutcomeError) as caught:
        shop.refund("key-1", "FH-1", 100, "EUR", "late")
    proxy.cut = ""
    assert caught.value.full_code == "unknown.commit"
    assert len(shop.writes()) == written
    assert (shop.lookup("key-1") is not None) == bool(written)
    assert shop.refund("key-1", "FH-1", 100, "EUR", "late") == shop.lookup("key-1")
    assert len(shop.writes()) == 1
