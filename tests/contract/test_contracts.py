"""Every tool against every adapter: what it answers fits its contract, and what does not fit proves nothing."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Barrier
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from countersign.adapters.knowledge import FtsKnowledge
from countersign.adapters.outbox import SmtpOutbox
from countersign.adapters.shop import SqlShop
from countersign.domain.errors import FailedError, RetryError, UnknownOutcomeError
from countersign.domain.outcome import MOST_ATTEMPTS, Receipt
from countersign.domain.perception import Entities, Memory, Perception
from countersign.domain.plan import Kind
from countersign.domain.resolution import Inquiry
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from graphs.agents.toolbox import TOOLS
from tests.contract import shop_world as world
from tests.contract.conftest import DESK
from tests.contract.outbox_smtp_server import SmtpServer
from tests.contract.test_outbox_smtp import Server
from tests.contract.test_tools import BOTH, SHOP_KINDS, granted, made, sender
from tools.actions import ACTIONS
from tools.catalog import CONTRACTS, contract
from tools.lookups.casebook import AgentTool, Casebook, Found
from tools.results import proven

TEXT = "Please send it to 9 Hill Road, Galway H91 AB12, and write to new@example.org."
BY_NAME = {tool.name: tool for tool in TOOLS}
LOOKUPS = [tool for tool in TOOLS if tool.effect == "lookup"]
GIVEN: dict[str, dict[str, Any]] = {
    "look_up_order": {"order": "FH-2"},
    "look_up_payments": {"order": "FH-1"},
    "search_help": {"query": "How do I return a tent?"},
    "propose_refund": {"order": "FH-1", "what": "second_charge", "reason": "duplicate_charge"},
    "propose_cancel_order": {"order": "FH-2", "reason": "changed_mind"},
    "propose_change_address": {"order": "FH-2"},
    "propose_return": {"order": "FH-1", "skus": ["TENT"]},
    "propose_replacement": {"order": "FH-3", "skus": ["TENT"], "reason": "lost"},
    "propose_pause": {"months": 2},
    "propose_end_membership": {"refund_fee": True},
}


@dataclass(frozen=True)
class Lost:
    """A way to a shop that fails in passing, so many times, before it is there."""

    shop: SqlShop
    failures: list[RetryError]

    def __getattr__(self, name: str) -> Any:
        if self.failures:
            raise self.failures.pop()
        return getattr(self.shop, name)


@pytest.fixture(scope="module")
def knowledge() -> FtsKnowledge:
    """The demonstration help centre."""
    return FtsKnowledge(DESK.folder / "knowledge")


@pytest.fixture
def book(deps: Deps, ref: TicketRef, knowledge: FtsKnowledge) -> Casebook:
    """An empty casebook on Zoe's case, in a desk whose orders have short numbers."""
    settings = DESK.settings.model_copy(update={"order_pattern": r"FH-[0-9]+"})
    any_ledger: Any = deps.ledger
    parts = replace(
        deps, desk=DESK.model_copy(update={"settings": settings}), knowledge=knowledge, history=any_ledger
    )  # fmt: skip
    emails = Entities(emails=("new@example.org",))
    perception = Perception(messages=(), subject="My tent", text=TEXT, language="en", entities=emails)
    return Casebook(Inquiry(ref=ref, perception=perception, sender=sender(), memory=Memory()), parts)


def used(tool: AgentTool, book: Casebook, **more: Any) -> Found:
    return tool.use(book, tool.takes.model_validate(GIVEN.get(tool.name, {}) | more))


def reasons(book: Casebook, tool: AgentTool) -> dict[str, Any]:
    """What a proposal needs: everything looked up, and the ids of facts that speak for it."""
    for lookup in LOOKUPS:
        used(lookup, book)
    stated = {fact.name: known for known, fact in book.facts.items()}
    addresses = {"propose_change_address": "address in the message", "propose_change_email": "e-mail address"}
    because: dict[str, Any] = {"because": [stated["account"]]}
    return because | ({"address": stated[addresses[tool.name]]} if tool.name in addresses else {})


@BOTH
@pytest.mark.parametrize("kind", SHOP_KINDS)
def test_receipts_and_lookups_fit_their_contract(kind: Kind, shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """What the action answers and what the shop is asked for later are both proof under the contract."""
    receipt = ACTIONS[kind](granted(made(kind, shop), ref), deps, "key-1")
    kept = shop.lookup("key-1")
    assert kept is not None
    assert proven(receipt, contract(kind).result, "key-1") == receipt
    assert Receipt(**kept.model_dump(exclude={"kind", "target"})) == receipt


@pytest.fixture(params=["maildir", "smtp"])
def way_out(request: pytest.FixtureRequest, deps: Deps) -> Iterator[Deps]:
    """Every way in which a reply may leave."""
    if request.param == "maildir":
        yield deps
        return
    with SmtpServer() as server:
        yield replace(deps, outbox=SmtpOutbox(Server(server.port), DESK.settings.mail, now=lambda: world.NOW))


def test_replies_fit_their_contract(way_out: Deps, shop: SqlShop, ref: TicketRef) -> None:
    """Whatever way a reply leaves, its receipt is proof, and its reference the Message-ID made of its key."""
    receipt = ACTIONS["send_reply"](granted(made("send_reply", shop), ref), way_out, "key-1")
    assert proven(receipt, contract("send_reply").result, "key-1") == receipt
    assert receipt.reference == f"<key-1@{DESK.settings.mail.address.rpartition('@')[2]}>"


@BOTH
@pytest.mark.parametrize("name", BY_NAME)
def test_agents_tools_fit_their_contract_and_change_nothing(name: str, shop: SqlShop, book: Casebook) -> None:
    """Each lookup and each proposal answers within its model, is noted, and leaves the shop as it was."""
    tool, before = BY_NAME[name], world.contents(shop)
    found = used(tool, book, **(reasons(book, tool) if tool.effect == "proposal" else {}))
    assert tool.gives.model_validate(found)
    assert (book.lookups[-1].tool, book.lookups[-1].problem) == (name, "")
    assert len(book.proposals) == (tool.effect == "proposal")
    assert world.contents(shop) == before


GOOD = Receipt(key="key-1", reference="RF-1", at=world.NOW, amount=1500, currency="EUR", details={"version": "4"})


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None}, {"amount": 0}, {"amount": -5}, {"amount": 2**63}, {"amount": 15.0}, {"amount": "1500"},
        {"amount": "١٥٠٠"}, {"amount": float("nan")}, {"amount": True}, {"currency": None}, {"currency": "eur"},
        {"currency": "ＥＵＲ"}, {"reference": ""}, {"reference": "RF-1\nBcc: x"}, {"reference": "R" * 201},
        {"at": datetime(2026, 11, 16)}, {"key": "another"}, {"key": "a key"}, {"details": {"a": 1}},  # noqa: DTZ001
        {"details": {"Not A Name": "x"}}, {"details": {"a": "x" * 4001}},
        {"details": {"a" * n: "" for n in range(1, 52)}},
    ],
    ids=str,
)  # fmt: skip
def test_a_receipt_that_does_not_fit_is_no_proof(changes: dict[str, Any]) -> None:
    """Missing, out of bounds, of another type, naive, for another key: it is unknown what happened, never done."""
    with pytest.raises(UnknownOutcomeError) as caught:
        proven(GOOD.model_copy(update=changes), contract("refund").result, "key-1")
    assert caught.value.full_code == "unknown.receipt"
    assert proven(GOOD, contract("refund").result, "key-1") == GOOD


def test_money_in_a_receipt_of_what_moves_none_is_no_proof() -> None:
    """A change of a record that reports an amount did something else than was asked."""
    with pytest.raises(UnknownOutcomeError, match="amount, currency"):
        proven(GOOD, contract("change_email").result, "key-1")


def models(tool: AgentTool) -> tuple[type[BaseModel], ...]:
    return (tool.takes, tool.gives)


def test_every_contract_is_whole() -> None:
    """Strict and closed models on both sides, bounded time and tries, never a second try of what can't be looked up."""
    for entry in CONTRACTS.values():
        assert 1 <= entry.attempts <= MOST_ATTEMPTS
        assert (entry.idempotency == "once") == (entry.kind == "send_reply")
        assert entry.compensation in (None, *get_args(Kind))
    both = [model for entry in CONTRACTS.values() for model in (entry.arguments, entry.result)]
    for model in (*both, *(model for tool in TOOLS for model in models(tool))):
        assert (model.model_config.get("strict"), model.model_config.get("extra")) == (True, "forbid"), model
        assert model.model_config.get("allow_inf_nan") is False
    assert all(0 < tool.timeout <= 60 and 1 <= tool.attempts <= 3 for tool in TOOLS)


@pytest.mark.parametrize(("failures", "answered"), [(1, True), (2, False)])
def test_a_lookup_is_tried_again_where_the_fault_passes(
    failures: int, answered: bool, shop: SqlShop, book: Casebook
) -> None:
    """As often as its contract says, and no oftener."""
    any_shop: Any = Lost(shop, [RetryError("locked", detail="shop") for _ in range(failures)])
    book.deps = replace(book.deps, shop=any_shop)
    if answered:
        assert used(BY_NAME["look_up_customer"], book)["facts"]
    else:
        with pytest.raises(RetryError):
            used(BY_NAME["look_up_customer"], book)
    assert [lookup.problem for lookup in book.lookups] == ["" if answered else "retry.shop"]


def test_an_answer_that_comes_too_late_is_not_in_the_casebook(book: Casebook) -> None:
    """The model is told that there was none; what arrives afterwards can be neither cited nor proposed about."""
    from threading import Event

    release, done = Event(), Event()

    def late(page: Casebook, given: Any) -> Found:
        release.wait(10)
        found = BY_NAME["list_orders"].call(page, given)
        done.set()
        return found

    with pytest.raises(FailedError) as caught:
        used(replace(BY_NAME["list_orders"], call=late, timeout=0.05), book)
    release.set()
    assert done.wait(10)
    assert (caught.value.full_code, book.facts, book.orders) == ("failed.timeout", {}, {})
    assert book.lookups[-1].problem == "failed.timeout"


def test_what_two_calls_at_once_found_is_in_the_casebook(book: Casebook) -> None:
    """A model may ask for several lookups in one message; none of them takes away what another entered."""
    both = Barrier(2, timeout=10)

    def together(tool: AgentTool) -> AgentTool:
        def call(page: Casebook, given: Any) -> Found:
            both.wait()
            found: Found = tool.call(page, given)
            both.wait()
            return found

        return replace(tool, call=call)

    tools = [together(BY_NAME[name]) for name in ("look_up_customer", "list_orders")]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(partial(used, book=book), tools))
    told = {known for answer in found for known in re.findall(r'"(F[0-9a-f]+)"', json.dumps(answer, default=str))}
    assert told
    assert told <= set(book.facts)
    assert book.orders
    assert book.account is not None


def test_more_than_a_model_may_be_told_is_not_told(book: Casebook) -> None:
    """An answer that its contract does not know, or that is too long, is refused as a whole."""
    tool = BY_NAME["look_up_membership"]
    wrong: tuple[Found, ...] = (
        {"facts": [], "surprise": 1}, {"facts": "all"}, {"membership": "S" * 5000, "facts": []},
    )  # fmt: skip
    for found in wrong:

        def call(_page: Casebook, _given: Any, found: Found = found) -> Found:
            return found

        with pytest.raises(FailedError) as caught:
            used(replace(tool, call=call), book)
        assert caught.value.full_code == "failed.answer"
