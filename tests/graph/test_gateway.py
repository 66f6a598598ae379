"""The gateway under faults: each ends in done with a receipt, in failed, or in unknown with a person asked."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import pytest

from countersign.domain.errors import FailedError, RetryError, UnknownOutcomeError
from countersign.domain.outcome import Effect, Outgoing, Progress, Receipt
from countersign.domain.shop import ShopReceipt
from countersign.domain.ticket import TicketRef
from countersign.intake import take
from countersign.ledger.read import timeline
from countersign.ports import Deps, Outbox
from countersign.reconcile import reconcile
from countersign.runtime import Runtime
from graphs.support import support_graph
from tests.conftest import SteppingClock
from tests.messages import message
from tools import gateway
from tools.catalog import contract

NADIA = "nadia.kowalczyk@example.com"
Fault = Callable[[Callable[[], Any]], Any]


class FaultyShop:
    """The real shop, whose refunds go through a fault; everything else is passed on."""

    def __init__(self, shop: Any, fault: Fault) -> None:
        self._shop, self._fault, self.calls = shop, fault, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop, name)

    def refund(self, *args: Any) -> ShopReceipt:
        """The real refund, as the fault lets it."""
        self.calls += 1
        return self._fault(lambda: self._shop.refund(*args))


class FaultyOutbox:
    """The real outbox, whose sending or looking up goes through a fault."""

    def __init__(self, outbox: Outbox, send: Fault | None = None, find: Fault | None = None) -> None:
        self._outbox, self._send, self._find = outbox, send, find

    def send(self, key: str, mail: Outgoing) -> Receipt:
        """The real sending, as the fault lets it."""
        return self._send(lambda: self._outbox.send(key, mail)) if self._send else self._outbox.send(key, mail)

    def lookup(self, key: str) -> Receipt | None:
        """The real lookup, as the fault lets it."""
        return self._find(lambda: self._outbox.lookup(key)) if self._find else self._outbox.lookup(key)


def always(error: BaseException) -> Fault:
    """Raises before anything happens, every time."""

    def fault(call: Callable[[], Any]) -> Any:
        raise error

    return fault


def once(error: BaseException, after: bool = False) -> Fault:
    """Raises the first time, before or after the real call; then lets calls through."""
    seen: list[bool] = []

    def fault(call: Callable[[], Any]) -> Any:
        first, result = not seen, None
        seen.append(True)
        if after or not first:
            result = call()
        if first:
            raise error
        return result

    return fault


def other_amount(call: Callable[[], Any]) -> ShopReceipt:
    """The real call, whose receipt names one cent more."""
    receipt: ShopReceipt = call()
    return receipt.model_copy(update={"amount": (receipt.amount or 0) + 1})


LOST = (
    "my parcel for order FH-10005 has not moved for more than two weeks. I believe it is lost. I do not need it "
    "any more, please refund me."
)


def refunding(runtime: Runtime, text: str = LOST, **parts: Any) -> tuple[Runtime, TicketRef]:
    """A runtime with some parts replaced, and a ticket that comes to a small refund and a reply (sample mail 005)."""
    deps = replace(runtime.deps, **parts)
    faulty = replace(runtime, deps=deps, graph=support_graph(deps, runtime.saver))
    sender, number = lost_order(runtime)
    taken = take(message("g1", sender, f"Lost parcel {number}", text.replace("FH-10005", number)), deps)
    faulty.handle(taken.ticket)
    return faulty, TicketRef(id=taken.ticket, turn=1)


def lost_order(runtime: Runtime) -> tuple[str, str]:
    """The sample shop's customer whose small parcel is lost."""
    order = runtime.deps.shop.order("FH-10005")
    assert order is not None
    customer = runtime.deps.shop.customer(order.customer)
    assert customer is not None
    return customer.email, order.number


def effects(runtime: Runtime, ref: TicketRef) -> dict[str, Effect]:
    """The turn's effects by kind."""
    return {effect.kind: effect for effect in runtime.ledger.receipts(ref)}


def refunded(runtime: Runtime) -> list[int]:
    """What the shop's own records say was refunded."""
    return [receipt.amount or 0 for receipt in runtime.deps.shop.writes() if receipt.kind == "refund"]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


def test_undisturbed_refund_and_reply_are_done(runtime: Runtime) -> None:
    """The plain case the faults are compared with: one refund, one reply, answered."""
    _, ref = refunding(runtime)
    assert runtime.ticket(ref.id).status == "answered"
    assert {kind: effect.status for kind, effect in effects(runtime, ref).items()} == {
        "refund": "done",
        "send_reply": "done",
    }
    assert len(refunded(runtime)) == 1


def test_passing_fault_is_retried_under_the_same_key(runtime: Runtime) -> None:
    """Nothing happened, says the shop: the same grant is used again, and the refund happens once."""
    _, ref = refunding(runtime, shop=FaultyShop(runtime.deps.shop, once(RetryError("busy"))))
    assert runtime.ticket(ref.id).status == "answered"
    assert len(refunded(runtime)) == 1


def test_fault_that_does_not_pass_asks_a_person(runtime: Runtime) -> None:
    """Retries are bounded; then a person is asked and the reply does not leave."""
    shop = FaultyShop(runtime.deps.shop, always(RetryError("busy")))
    _, ref = refunding(runtime, shop=shop)
    assert runtime.ticket(ref.id).status == "waiting"
    assert shop.calls == 3
    assert "send_reply" not in effects(runtime, ref)
    assert refunded(runtime) == []


def test_final_refusal_asks_a_person(runtime: Runtime) -> None:
    """The shop refuses: failed, a person is asked, the reply that promised it does not leave."""
    _, ref = refunding(runtime, shop=FaultyShop(runtime.deps.shop, always(FailedError("no"))))
    assert runtime.ticket(ref.id).status == "waiting"
    assert effects(runtime, ref)["refund"].status == "failed"
    assert "send_reply" not in effects(runtime, ref)


@pytest.mark.parametrize("error", [UnknownOutcomeError("connection lost"), RuntimeError("surprise")])
def test_unknown_outcome_is_never_repeated_and_settled_by_asking(runtime: Runtime, error: Exception) -> None:
    """The acknowledgement is lost after the refund happened: a person is asked, reconcile finds the receipt."""
    faulty, ref = refunding(runtime, shop=FaultyShop(runtime.deps.shop, once(error, after=True)))
    assert runtime.ticket(ref.id).status == "waiting"
    assert effects(runtime, ref)["refund"].status == "unknown"
    assert len(refunded(runtime)) == 1
    assert reconcile(faulty.deps, faulty.locks).settled == 1
    assert effects(runtime, ref)["refund"].status == "done"
    assert len(refunded(runtime)) == 1
    assert reconcile(faulty.deps, faulty.locks).settled == 0


def test_no_answer_in_time_is_unknown(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the contract's time the outcome is unknown; what still happens is found by its key, not repeated."""
    release, done = threading.Event(), threading.Event()

    def late(call: Callable[[], Any]) -> Any:
        release.wait(10)
        try:
            return call()
        finally:
            done.set()

    monkeypatch.setattr(gateway, "contract", lambda kind: replace(contract(kind), timeout=0.05))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    faulty, ref = refunding(runtime, shop=FaultyShop(runtime.deps.shop, late))
    assert effects(runtime, ref)["refund"].status == "unknown"
    release.set()
    assert done.wait(10)
    assert reconcile(faulty.deps, faulty.locks).settled == 1
    assert len(refunded(runtime)) == 1


def test_receipt_of_another_amount_stops_the_turn_and_the_kind(runtime: Runtime) -> None:
    """The shop says it refunded another amount: the receipt is kept, a person is asked, refunds are halted."""
    _, ref = refunding(runtime, shop=FaultyShop(runtime.deps.shop, other_amount))
    assert runtime.ticket(ref.id).status == "waiting"
    assert runtime.ledger.halted("refund")
    assert "send_reply" not in effects(runtime, ref)


def test_contract_says_how_often_a_passing_fault_is_tried(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one try in its contract, what did not happen is failed at once, and a person is asked."""
    monkeypatch.setattr(gateway, "contract", lambda kind: replace(contract(kind), attempts=1))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    shop = FaultyShop(runtime.deps.shop, once(RetryError("busy")))
    _, ref = refunding(runtime, shop=shop)
    assert (shop.calls, refunded(runtime), runtime.ticket(ref.id).status) == (1, [], "waiting")
    assert effects(runtime, ref)["refund"].status == "failed"


@pytest.mark.parametrize("changes", [{"key": "theirs"}, {"amount": None}, {"currency": "euro"}, {"reference": ""}])
def test_receipt_that_proves_nothing_is_unknown(runtime: Runtime, changes: dict[str, Any]) -> None:
    """The shop answers what is no receipt: a person is asked, the refund is not repeated, reconcile finds it."""

    def garbled(call: Callable[[], Any]) -> Any:
        return call().model_copy(update=changes)

    shop = FaultyShop(runtime.deps.shop, garbled)
    faulty, ref = refunding(runtime, shop=shop)
    assert (shop.calls, len(refunded(runtime)), runtime.ticket(ref.id).status) == (1, 1, "waiting")
    effect = effects(runtime, ref)["refund"]
    assert (effect.status, effect.problem.partition(":")[0]) == ("unknown", "unknown.receipt")
    assert reconcile(faulty.deps, faulty.locks).settled == 1
    assert effects(runtime, ref)["refund"].status == "done"


def test_mail_in_doubt_goes_to_a_person_and_stays_there(runtime: Runtime) -> None:
    """A way out that can't be asked: unknown once and for all, however often reconcile runs."""
    unknown = always(UnknownOutcomeError("dropped after the text was sent"))
    faulty, ref = refunding(runtime, outbox=FaultyOutbox(runtime.deps.outbox, send=unknown, find=unknown))
    assert effects(runtime, ref)["send_reply"].status == "unknown"
    assert runtime.ticket(ref.id).status == "waiting"
    before = effects(runtime, ref)["send_reply"]
    for _ in range(2):
        assert reconcile(faulty.deps, faulty.locks).unknown == (before.id,)
    assert effects(runtime, ref)["send_reply"] == before


@pytest.mark.parametrize("happened", [True, False])
def test_effect_started_by_a_dead_process_is_settled_first(
    runtime: Runtime, clock: SteppingClock, happened: bool
) -> None:
    """Claimed but not settled: found by its key it is done, not found it is done again under the same key."""

    class Stop(BaseException):
        """The end of a process."""

    fault = once(Stop(), after=happened)
    with pytest.raises(Stop):
        refunding(runtime, shop=FaultyShop(runtime.deps.shop, fault))
    ref = TicketRef(id="CS-1001", turn=1)
    assert effects(runtime, ref)["refund"].status == "started"
    progress = Progress(done=0, remaining=1)
    while progress.remaining and not progress.problem:
        progress = runtime.deps.gateway.step(ref, runtime.deps)
    assert progress == Progress(done=2, remaining=0)
    assert len(refunded(runtime)) == 1


def test_started_mail_that_cannot_be_looked_up_becomes_unknown(runtime: Runtime) -> None:
    """A dead process had begun to send by a way that can't be asked: unknown, never sent again."""

    class Stop(BaseException):
        """The end of a process."""

    with pytest.raises(Stop):
        refunding(runtime, outbox=FaultyOutbox(runtime.deps.outbox, send=always(Stop())))
    ref = TicketRef(id="CS-1001", turn=1)
    unknown = always(UnknownOutcomeError("SMTP keeps no record"))
    deps: Deps = replace(runtime.deps, outbox=FaultyOutbox(runtime.deps.outbox, find=unknown))
    assert deps.gateway.step(ref, deps).problem
    assert effects(runtime, ref)["send_reply"].status == "unknown"


def test_nothing_granted_means_nothing_done(runtime: Runtime) -> None:
    """A step where nothing is granted answers how the turn stands and touches nothing."""
    taken = take(message("n1", NADIA, "Hello", "Thank you."), runtime.deps)
    assert runtime.deps.gateway.step(TicketRef(id=taken.ticket, turn=1), runtime.deps) == Progress(done=0, remaining=0)


def test_halt_refuses_the_claim_and_asks_a_person(runtime: Runtime, clock: SteppingClock) -> None:
    """A kind that was halted after its grant is not carried out."""
    runtime.ledger.halt("refund", "ines", "the provider is being changed", clock.now())
    _, ref = refunding(runtime)
    assert effects(runtime, ref) == {}
    assert runtime.ticket(ref.id).status in ("waiting", "handed_over")
    assert refunded(runtime) == []


def test_every_step_of_an_effect_has_its_point(runtime: Runtime) -> None:
    """Crash tests can stop a run before the claim, the effect and the settling, and after each."""
    points: list[str] = []
    refunding(runtime, on_point=points.append)
    gateway_points = [name for name in points if name.split()[-1] in ("claim", "effect", "settle")]
    one = ["before claim", "before effect", "after effect", "before settle", "after settle"]
    assert gateway_points == one * 2


@pytest.mark.parametrize("way", ["a step past the runtime", "settling a doubt"])
def test_effect_that_is_on_its_way_is_left_in_its_hands(runtime: Runtime, way: str) -> None:
    """While a refund is under way the shop knows nothing of it: nobody may take that for an end."""
    begun, release, ref = threading.Event(), threading.Event(), TicketRef(id="CS-1001", turn=1)

    def slow(call: Callable[[], Any]) -> Any:
        begun.set()
        assert release.wait(30)
        return call()

    def meddle() -> object:
        if way == "settling a doubt":
            return runtime.deps.gateway.settle_doubt(effects(runtime, ref)["refund"], runtime.deps)
        return runtime.deps.gateway.step(ref, runtime.deps)

    with ThreadPoolExecutor(2) as pool:
        run = pool.submit(refunding, runtime, shop=FaultyShop(runtime.deps.shop, slow))
        assert begun.wait(30)
        meddling = pool.submit(meddle)
        assert not wait([meddling], timeout=0.3).done
        release.set()
        run.result(30)
        assert meddling.result(30)
    assert runtime.ticket(ref.id).status == "answered"
    assert effects(runtime, ref)["refund"].status == "done"
    assert len(refunded(runtime)) == 1
    assert "effect.taken_over" not in {event.event for event in timeline(runtime.ledger, ref.id)}
