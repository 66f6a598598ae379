"""The journal of reads: a step that runs again is told what it was told, and asks nobody."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from countersign.domain.errors import MisuseError, ReplayMismatchError, RetryError
from countersign.domain.facts import Passage
from countersign.domain.perception import NO_CLUES, Clues, Intent, Triage
from countersign.domain.shop import Address, Customer, Item, Order, Promo, Subscription
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger
from countersign.ledger.journal import journaled
from countersign.ledger.schema import journal, parts
from countersign.ports import Deps, Scope, ShopReads
from tests.unit.ledger_cases import NOW, accept, message, new_ledger

HOME = Address(name="Ann", street="Way 1", postcode="10115", city="Berlin", country="DE")
ANN = Customer(
    id="C-00001", name="Ann", email="ann@example.org", language="en", address=HOME, joined_at=NOW, version=1
)  # fmt: skip
REF = TicketRef(id="CS-1001", turn=1)


@dataclass
class CountedWorld:
    """Every port that is read, in one object that counts its calls and never answers the same twice."""

    calls: list[str] = field(default_factory=list[str])
    fails: bool = False

    def _note(self, call: str) -> int:
        if self.fails:
            raise RetryError("the shop is down")
        self.calls.append(call)
        return len(self.calls)

    def customers_by_email(self, email: str) -> tuple[Customer, ...]:
        return (ANN.model_copy(update={"version": self._note(f"customers_by_email {email}")}),)

    def customer(self, customer_id: str) -> Customer | None:
        self._note(f"customer {customer_id}")
        return ANN if customer_id == ANN.id else None

    def order(self, number: str) -> Order | None:
        item = Item(sku="A", name="Tent", quantity=1, unit_price=self._note(f"order {number}"))
        return Order(
            number=number, customer=ANN.id, placed_at=NOW, status="placed", currency="EUR", shipping_fee=490,
            ship_to=HOME, items=(item,), version=3,
        )  # fmt: skip

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        self._note(f"orders_of {customer_id}")
        return ()

    def subscription_of(self, customer_id: str) -> Subscription | None:
        self._note(f"subscription_of {customer_id}")

    def promo(self, code: str) -> Promo | None:
        self._note(f"promo {code}")

    def product(self, sku: str) -> Item | None:
        self._note(f"product {sku}")

    def refunds_since(self, customer_id: str, since: datetime) -> int:
        return self._note(f"refunds_since {customer_id} {since.isoformat()}")

    def refund(self, *_: object) -> None:
        raise AssertionError("a write was reached")

    def search(self, query: str, limit: int = 5) -> tuple[Passage, ...]:
        score = float(self._note(f"search {query} {limit}"))
        return (Passage(article="returns", title="Returns", section="", text="30 days", score=score),)

    def predict(self, subject: str, text: str, language: str, clues: Clues = NO_CLUES) -> Triage:
        confidence = 1 / self._note(f"predict {subject} {text} {language}")
        return Triage(intents=(Intent(request="refund_status", confidence=confidence, text=text),))

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._note("now"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    found = new_ledger(tmp_path)
    yield found
    found.close()


def deps_of(world: CountedWorld) -> Deps:
    """Deps of which only the ports that are read matter here."""
    everything: Any = world
    return Deps(
        desk=everything, shop=everything, knowledge=everything, replies=everything, outbox=everything,
        blobs=everything, triage=everything, gate=everything, gateway=everything, ledger=everything,
        clock=everything, scope=everything, models=everything, resolver=everything, history=everything,
    )  # fmt: skip


def read_everything(deps: Deps) -> list[object]:
    """One of each read."""
    return [
        deps.shop.customers_by_email("ann@example.org"),
        deps.shop.customer("C-00001"),
        deps.shop.customer("C-9"),
        deps.shop.order("FH-10001"),
        deps.shop.orders_of("C-00001"),
        deps.shop.subscription_of("C-00001"),
        deps.shop.promo("SPRING"),
        deps.shop.product("A"),
        deps.shop.refunds_since("C-00001", NOW),
        deps.knowledge.search("returns"),
        deps.knowledge.search("returns", limit=2),
        deps.triage.predict("Subject", "Text", "en"),
        deps.clock.now(),
    ]


def test_second_run_reads_the_same_and_asks_nobody(ledger: SqlLedger) -> None:
    """A step that runs again, in whatever process, gets every answer from the journal."""
    world = CountedWorld()
    first = read_everything(journaled(deps_of(world), REF, "triage", ledger))
    asked = len(world.calls)
    world.fails = True
    second = read_everything(journaled(deps_of(world), REF, "triage", ledger))
    assert first == second
    assert asked == len(first)
    assert [type(answer) for answer in first] == [type(answer) for answer in second]


@pytest.mark.parametrize(
    ("ref", "step"),
    [(REF, "draft"), (TicketRef(id="CS-1001", turn=2), "triage"), (TicketRef(id="CS-1", turn=1), "triage")],
)
def test_other_steps_turns_and_tickets_read_afresh(ledger: SqlLedger, ref: TicketRef, step: str) -> None:
    """What one step was told binds that step of that turn of that ticket alone."""
    world = CountedWorld()
    first = journaled(deps_of(world), REF, "triage", ledger).clock.now()
    assert journaled(deps_of(world), ref, step, ledger).clock.now() != first


def test_same_question_in_one_step_has_one_answer(ledger: SqlLedger) -> None:
    """Within a step the world stands still, however the question is put."""
    world = CountedWorld()
    deps = journaled(deps_of(world), REF, "triage", ledger)
    assert deps.clock.now() == deps.clock.now()
    assert deps.knowledge.search("a", 5) == deps.knowledge.search(query="a") == deps.knowledge.search("a", limit=5)
    assert world.calls == ["now", "search a 5"]


def test_other_arguments_are_another_question(ledger: SqlLedger) -> None:
    """Answers are kept by method and arguments."""
    world = CountedWorld()
    deps = journaled(deps_of(world), REF, "triage", ledger)
    assert deps.shop.order("FH-10001") != deps.shop.order("FH-10002")
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert deps.shop.refunds_since("C-00001", since) != deps.shop.refunds_since("C-00001", NOW)


@pytest.mark.parametrize("write", ["refund", "cancel_order", "close_account", "lookup", "anything"])
def test_writes_can_not_be_reached(ledger: SqlLedger, write: str) -> None:
    """A step has no way to change the business."""
    deps = journaled(deps_of(CountedWorld()), REF, "triage", ledger)
    with pytest.raises(MisuseError, match="only the gateway acts") as caught:
        getattr(deps.shop, write)
    assert caught.value.full_code == "misuse.write"
    assert not hasattr(deps.shop, "__len__")


def test_errors_are_not_recorded(ledger: SqlLedger) -> None:
    """A passing fault is raised, and the next run asks again."""
    world = CountedWorld(fails=True)
    deps = journaled(deps_of(world), REF, "triage", ledger)
    with pytest.raises(RetryError):
        deps.shop.order("FH-10001")
    world.fails = False
    assert deps.shop.order("FH-10001") is not None


def test_answer_that_can_not_be_read_any_more(ledger: SqlLedger) -> None:
    """Where a type has changed since, the replay is refused rather than guessed."""
    deps = journaled(deps_of(CountedWorld()), REF, "triage", ledger)
    deps.clock.now()
    with ledger.file.writing("test") as connection:
        connection.exec_driver_sql("UPDATE journal SET answer = '\"yesterday\"'")
    with pytest.raises(ReplayMismatchError, match=r"clock\.now") as caught:
        deps.clock.now()
    assert caught.value.full_code == "replay.answer"


def test_first_answer_is_kept(ledger: SqlLedger) -> None:
    """Two runs of one step that race for the journal both see the first one's answer."""
    ledger.record("CS-1001", "1/triage", "r", "m", "1")
    ledger.record("CS-1001", "1/triage", "r", "m", "2")
    assert ledger.recall("CS-1001", "1/triage", "r") == "1"
    assert ledger.recall("CS-1001", "1/triage", "other") is None


def test_loser_of_a_race_sees_the_winners_answer(ledger: SqlLedger) -> None:
    """What another run recorded while this one was asking is what this one goes on with."""
    world = CountedWorld()

    class Racing:
        def recall(self, ticket: str, step: str, request: str) -> str | None:
            return ledger.recall(ticket, step, request)

        def record(self, ticket: str, step: str, request: str, method: str, answer: str, parts: str = "") -> None:
            del parts
            ledger.record(ticket, step, request, method, '"2020-01-01T00:00:00Z"')
            ledger.record(ticket, step, request, method, answer)

    assert journaled(deps_of(world), REF, "triage", Racing()).clock.now() == datetime(2020, 1, 1, tzinfo=UTC)


def test_other_ports_are_left_alone(ledger: SqlLedger) -> None:
    """Only what is read from outside is recorded; everything else is the desk's own."""
    deps = replace(deps_of(CountedWorld()), ledger=ledger)
    scoped = journaled(deps, REF, "triage", ledger)
    assert scoped.outbox is deps.outbox
    assert scoped.ledger.in_doubt == deps.ledger.in_doubt


def test_what_other_tickets_did_is_told_again(ledger: SqlLedger) -> None:
    """The ledger's word on other tickets is kept like any other read, with the digest of what was in use."""
    world = CountedWorld()

    def step() -> Deps:
        return journaled(replace(deps_of(world), ledger=ledger), REF, "5/recall", ledger, lambda: "parts")

    assert step().ledger.other_tickets("ann@example.org", "CS-1001", NOW) == 0
    accept(ledger, message())
    assert step().ledger.other_tickets("ann@example.org", "CS-1001", NOW) == 0
    with ledger.file.reading() as connection:
        (row,) = connection.execute(sa.select(journal)).mappings()
    assert (row["method"], row["answer"], row["parts"]) == ("ledger.other_tickets", "0", "parts")


def test_parts_are_kept_once(ledger: SqlLedger) -> None:
    """The same content has the same digest and one row."""
    first = ledger.keep_parts({"rule:a": "1", "rule:b": "2"})
    assert ledger.keep_parts({"rule:b": "2", "rule:a": "1"}) == first != ledger.keep_parts({"rule:a": "1"})
    with ledger.file.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(parts)) == 2


def test_journaled_is_a_scope(ledger: SqlLedger) -> None:
    """With its journal bound it is what ports.Scope says, and every shop read goes through it."""
    from functools import partial

    scope: Scope = partial(journaled, journal=ledger)
    world = CountedWorld()
    scoped = scope(deps_of(world), REF, "triage")
    reads = [name for name in vars(ShopReads) if not name.startswith("_")]
    assert len(reads) == 8
    assert all(callable(getattr(cast("object", scoped.shop), name)) for name in reads)
