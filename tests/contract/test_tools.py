"""Every tool against the real shop and the real ledger: what is asked happens once, and its receipt says just that."""

from dataclasses import replace
from typing import Any, cast, get_args

import pytest

from countersign.adapters.shop import SqlShop
from countersign.domain.errors import FailedError
from countersign.domain.money import Money
from countersign.domain.outcome import Claim, Grant, Granted, Ruling
from countersign.domain.perception import Sender, Verified
from countersign.domain.plan import Draft, Kind, Principal, Proposal
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import Question, Verdict
from countersign.ports import Deps
from tests.conftest import SteppingClock
from tests.contract import shop_world as world
from tests.contract.conftest import DESK, GATE
from tests.policy.questions import facts
from tests.unit.ledger_cases import new_ticket
from tools import proposals
from tools.actions import ACTIONS
from tools.context import Circumstances, circumstances
from tools.judge import judge

BY = Principal(kind="Playbook", id="orders")
SHOP_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "send_reply")
DRAFT = Draft(to="zoe@example.org", subject="Re: My tent", body="It is done.", language="en", templates=("done",))


BOTH = pytest.mark.parametrize("shop", ["sqlite", "postgresql"], indirect=True)


def sender(customer: str = "C-00001", verified: Verified = "address", address: str = "zoe@example.org") -> Sender:
    return Sender(address=address, customer=customer, on_record=address, verified=verified)


def made(kind: Kind, shop: SqlShop) -> Proposal:
    """One proposal of each kind that the small shop accepts, from its records as they are."""
    delivered, placed, dispatched = (shop.order(f"FH-{number}") for number in (1, 2, 3))
    member, idle, closed = (shop.customer(f"C-0000{number}") for number in (1, 2, 3))
    membership = shop.subscription_of("C-00001")
    assert delivered is not None
    assert placed is not None
    assert dispatched is not None
    assert member is not None
    assert idle is not None
    assert closed is not None
    assert membership is not None
    return {
        "send_reply": lambda: proposals.send_reply("CS-1001", DRAFT, "<a@mail.example>", ("<a@mail.example>",), BY),
        "refund": lambda: proposals.refund(delivered, Money(amount=1500), "damaged", BY),
        "cancel_order": lambda: proposals.cancel_order(placed, "changed_mind", BY),
        "change_address": lambda: proposals.change_address(placed, world.MOVED, BY),
        "create_return": lambda: proposals.create_return(delivered, ("TENT",), Money(amount=390), BY),
        "send_replacement": lambda: proposals.send_replacement(dispatched, ("TENT",), "lost", BY),
        "pause_subscription": lambda: proposals.pause_subscription(membership, 2, BY),
        "cancel_subscription": lambda: proposals.cancel_subscription(membership, True, BY),
        "change_email": lambda: proposals.change_email(member, "new@example.org", BY),
        "close_account": lambda: proposals.close_account(idle, BY),
        "export_data": lambda: proposals.export_data(closed, BY),
        "send_login_link": lambda: proposals.send_login_link(member, BY),
    }[kind]()


def granted(proposal: Proposal, ref: TicketRef) -> Granted:
    grant = Grant(
        id="G-1", proposal="P-1", key="key-1", slot=0, arguments_digest=proposal.arguments_digest,
        version=proposal.version, rules=("r",), policy="p", graph="g", approver="policy", expires_at=world.ago(-1),
    )  # fmt: skip
    return Granted(ticket=ref.id, turn=ref.turn, proposal_id="P-1", proposal=proposal, sender=sender(), grant=grant)


def seen(proposal: Proposal, deps: Deps, ref: TicketRef, who: Sender | None = None) -> Circumstances:
    return circumstances(proposal, who or sender(), deps, ref)


def carried_out(proposal: Proposal, deps: Deps, ref: TicketRef, turn_of: tuple[Proposal, ...] = ()) -> None:
    """A proposal's whole way through the ledger, as the gateway goes it."""
    every = turn_of or (proposal,)
    now = deps.clock.now()
    if not deps.ledger.proposals(ref):
        judged = tuple(judge(item, sender(), ref, deps) for item in every)
        ruling = Ruling(
            proposals=every, verdict=Verdict(answer="allow", judged=judged), sender=sender(), graph="g",
            grants_expire_at=world.ago(-1), review_deadline=world.ago(-3),
        )  # fmt: skip
        deps.ledger.record_verdict(ref, ruling, now)
    item = deps.ledger.next_granted(ref)
    assert item is not None
    claim = deps.ledger.claim(item, judge(item.proposal, sender(), ref, deps), now)
    assert isinstance(claim, Claim), claim
    deps.ledger.settle(claim, ACTIONS[item.proposal.kind](item, deps, claim.key), now)


@BOTH
@pytest.mark.parametrize("kind", SHOP_KINDS)
def test_receipts_prove_just_what_was_asked(kind: Kind, shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """Each tool's receipt names its key and record, and the amount that was granted; the shop keeps the same."""
    proposal = made(kind, shop)

    receipt = ACTIONS[kind](granted(proposal, ref), deps, "key-1")
    kept = shop.lookup("key-1")

    assert kept is not None
    assert (kept.kind, kept.target) == (kind, proposal.target)
    assert (receipt.key, receipt.reference, receipt.amount, receipt.at) == (
        "key-1",
        kept.reference,
        kept.amount,
        kept.at,
    )
    for name in ("amount", "currency"):
        assert proposal.args.get(name) in (None, getattr(receipt, name))


@BOTH
@pytest.mark.parametrize("kind", SHOP_KINDS)
def test_the_same_key_acts_once(kind: Kind, shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A tool called again with its key answers the first receipt and changes nothing."""
    asked = granted(made(kind, shop), ref)
    first = ACTIONS[kind](asked, deps, "key-1")
    before = world.contents(shop)

    assert ACTIONS[kind](asked, deps, "key-1") == first
    assert world.contents(shop) == before


def test_a_key_is_never_used_for_something_else(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """The same key with other arguments fails and changes nothing."""
    proposal = made("refund", shop)
    ACTIONS["refund"](granted(proposal, ref), deps, "key-1")
    before = world.contents(shop)
    other = proposal.model_copy(update={"args": proposal.args | {"amount": 1501}})

    with pytest.raises(FailedError) as caught:
        ACTIONS["refund"](granted(other, ref), deps, "key-1")

    assert caught.value.full_code == "failed.key_reused"
    assert world.contents(shop) == before


@pytest.mark.parametrize("kind", get_args(Kind))
def test_arguments_that_do_not_fit_reach_nobody(kind: Kind, shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A tool whose granted arguments don't fit fails before anything happens."""
    before = world.contents(shop)
    wrong = made(kind, shop).model_copy(update={"args": {"surprise": 1}})

    with pytest.raises(FailedError) as caught:
        ACTIONS[kind](granted(wrong, ref), deps, "key-1")

    assert caught.value.full_code == "failed.arguments"
    assert world.contents(shop) == before
    assert deps.outbox.lookup("key-1") is None


def test_a_tool_refuses_another_kinds_grant(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A grant for one kind of effect never causes another."""
    with pytest.raises(FailedError, match="another kind"):
        ACTIONS["refund"](granted(made("cancel_order", shop), ref), deps, "key-1")

    assert shop.lookup("key-1") is None


def test_replies_leave_through_the_outbox_once(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A reply is handed to the outbox with its headers; the same key again sends nothing more."""
    asked = granted(made("send_reply", shop), ref)

    first = ACTIONS["send_reply"](asked, deps, "key-1")

    assert ACTIONS["send_reply"](asked, deps, "key-1") == first
    assert deps.outbox.lookup("key-1") == first


@pytest.mark.parametrize("kind", get_args(Kind))
def test_circumstances_fit_the_schema(kind: Kind, shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """What policy is shown has exactly the facts that its schema declares, so it is decided without an alarm."""
    proposal = made(kind, shop)
    if kind == "send_reply":
        proposal = proposal.model_copy(update={"target": f"ticket/{ref.id}"})

    now = seen(proposal, deps, ref)
    question = Question(principal=BY, action=kind, resource=proposal.target, context=now.context)

    assert now.context.keys() == facts(kind).keys()
    assert not GATE.decide(question).alarm
    assert now.version == proposal.version
    assert now.ceiling == (20_000 if kind == "refund" else None)


def test_only_the_senders_own_records_are_own(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A record belongs to the sender only where the sender is known to be its customer."""
    refund = made("refund", shop)

    assert seen(refund, deps, ref).context["own"] is True
    assert seen(refund, deps, ref, sender("C-00002")).context["own"] is False
    assert seen(refund, deps, ref, Sender(address="zoe@example.org")).context["own"] is False
    assert seen(made("close_account", shop), deps, ref).context["own"] is False
    assert seen(made("send_login_link", shop), deps, ref).context["own"] is True


@pytest.mark.parametrize(
    ("kind", "changes", "text"),
    [
        ("refund", {"target": "order/FH-999"}, "no such order"),
        ("close_account", {"target": "customer/C-999"}, "no such customer"),
        ("pause_subscription", {"target": "subscription/S-00003"}, "no such membership"),
        ("refund", {"target": "customer/C-00001"}, "rejected.target"),
        ("refund", {"args": {"amount": -5}}, "rejected.arguments"),
        ("send_reply", {"args": {}}, "rejected.arguments"),
    ],
)
def test_what_cannot_be_judged_is_denied(
    kind: Kind, changes: dict[str, Any], text: str, shop: SqlShop, deps: Deps, ref: TicketRef
) -> None:
    """A proposal that doesn't fit, or whose record is not there, is denied with an alarm that says why."""
    proposal = made(kind, shop).model_copy(update=changes)

    now = seen(proposal, deps, ref)
    decision = GATE.decide(Question(principal=BY, action=kind, resource=proposal.target, context=now.context))

    assert list(now.context) == ["problem"]
    assert (decision.answer, decision.alarm, text in decision.reason) == ("deny", True, True)


def test_a_sender_without_an_account_has_no_membership(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A membership is found through the sender's own account only."""
    now = seen(made("pause_subscription", shop), deps, ref, Sender(address="x@example.org"))

    assert "no such membership" in str(now.context["problem"])


def test_a_change_by_somebody_else_shows_in_the_version(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """A record that changed since the proposal was made has another version."""
    proposal = made("refund", shop)
    shop.refund("theirs", "FH-1", 100, "EUR", "late")

    now = seen(proposal, deps, ref)

    assert (proposal.version, now.version) == ("order/FH-1@3", "order/FH-1@4")
    assert (now.context["refunded"], now.context["refundable"], now.context["refunds_90d"]) == (1100, 18_900, 2)


def test_a_turns_own_effects_are_no_change_by_somebody_else(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """After the first of two effects on one order the second is as fresh as before; a stranger's change still shows."""
    order = shop.order("FH-5")
    assert order is not None
    cancel = proposals.cancel_order(order, "changed_mind", BY)
    back = proposals.refund(order, Money(amount=5000), "cancelled", BY)

    carried_out(cancel, deps, ref, (cancel, back))
    after = seen(back, deps, ref)
    assert (after.version, after.context["order_status"], after.context["evidence"]) == (
        back.version,
        "cancelled",
        True,
    )

    shop.refund("theirs", "FH-5", 100, "EUR", "late")
    assert seen(back, deps, ref).version == "order/FH-5@5"
    other = new_ticket(cast("Any", deps.ledger), "m2", "zoe@example.org")
    assert seen(back, deps, other).version == "order/FH-5@5"


def test_both_effects_on_one_order_pass_the_whole_way(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """An order is cancelled and its money given back in one turn, each under today's policy and facts."""
    order = shop.order("FH-5")
    assert order is not None
    both = (
        proposals.cancel_order(order, "changed_mind", BY),
        proposals.refund(order, Money(amount=5000), "cancelled", BY),
    )

    for proposal in both:
        carried_out(proposal, deps, ref, both)

    after = shop.order("FH-5")
    assert after is not None
    assert (after.status, after.refunded) == ("cancelled", Money(amount=5000))
    assert [effect.status for effect in deps.ledger.receipts(ref)] == ["done", "done"]


def test_repeats_and_other_tickets_are_counted(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """What happened to a record before, and what waits in another ticket, are both seen."""
    refund = proposals.refund(_order(shop, "FH-5"), Money(amount=1000), "cancelled", BY)
    other = new_ticket(cast("Any", deps.ledger), "m2", "zoe@example.org")
    carried_out(refund, deps, ref)
    again = proposals.refund(_order(shop, "FH-5"), Money(amount=500), "cancelled", BY)
    judged = judge(again, sender(), other, deps)
    ruling = Ruling(
        proposals=(again,), verdict=Verdict(answer="ask", judged=(judged,)), sender=sender(), graph="g",
        grants_expire_at=world.ago(-1), review_deadline=world.ago(-3),
    )  # fmt: skip
    deps.ledger.record_verdict(other, ruling, world.NOW)

    assert judged.context["repeats"] == 1
    assert seen(again, deps, ref).context["elsewhere"] == 1
    assert seen(again, deps, other).context["elsewhere"] == 0


def test_account_facts_go_to_the_address_on_record_now(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """The address on record is read fresh; the one before counts only where this very turn changed it."""
    draft = replace_to(DRAFT, "zoe@example.org")
    reply = proposals.send_reply(ref.id, draft, "", (), BY)
    assert seen(reply, deps, ref).context["to_on_record"] is True
    assert seen(reply, deps, ref, Sender(address="zoe@example.org")).context["to_on_record"] is False

    shop.change_email("theirs", "C-00001", "moved@example.org")
    assert seen(reply, deps, ref).context["to_on_record"] is False
    to_new = proposals.send_reply(ref.id, replace_to(DRAFT, "moved@example.org"), "", (), BY)
    assert (seen(to_new, deps, ref).context["to_on_record"], seen(to_new, deps, ref).context["to_sender"]) == (
        True,
        False,
    )


def test_a_reply_may_tell_both_addresses_of_a_change_of_address(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """After this turn changed the address on record, the reply may still go to the one that asked for it."""
    broad = DESK.settings.model_copy(update={"phases": {**DESK.settings.phases, "change_email": "broad"}})
    deps = replace(deps, desk=DESK.model_copy(update={"settings": broad}))
    carried_out(made("change_email", shop), deps, ref)
    reply = proposals.send_reply(ref.id, replace_to(DRAFT, "zoe@example.org"), "", (), BY)

    assert seen(reply, deps, ref).context["to_on_record"] is True
    other = new_ticket(cast("Any", deps.ledger), "m2", "zoe@example.org")
    assert seen(reply, deps, other).context["to_on_record"] is False
    assert seen(reply, deps, other).context["own"] is False


def test_replies_of_a_day_are_counted_by_address(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """Replies to one address in the last day are counted, whatever ticket they belong to."""
    first = proposals.send_reply(ref.id, DRAFT, "", (), BY)
    carried_out(first, deps, ref)
    other = new_ticket(cast("Any", deps.ledger), "m2", "zoe@example.org")
    reply = proposals.send_reply(other.id, DRAFT, "", (), BY)

    assert seen(reply, deps, other).context["replies_today"] == 1
    assert seen(reply, deps, other).context["max_replies"] == 5
    cast("SteppingClock", deps.clock).move(days=1, seconds=1)
    assert seen(reply, deps, other).context["replies_today"] == 0


def test_an_address_that_somebody_has_is_taken(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """Another open account's address is taken; one's own and a closed account's are not."""
    member = shop.customer("C-00001")
    assert member is not None
    taken = {"quiet@example.org": True, "back@example.org": True, "zoe@example.org": False, "free@example.org": False}

    for email, expected in taken.items():
        now = seen(proposals.change_email(member, email, BY), deps, ref)
        assert now.context["taken"] is expected, email


def test_a_kind_without_a_phase_is_in_copilot(shop: SqlShop, deps: Deps, ref: TicketRef) -> None:
    """Settings that name no phase for a kind mean the strictest one."""
    bare = DESK.settings.model_copy(update={"phases": {}})
    deps = replace(deps, desk=DESK.model_copy(update={"settings": bare}))

    assert seen(made("refund", shop), deps, ref).context["phase"] == "copilot"


def _order(shop: SqlShop, number: str) -> Any:
    return shop.order(number)


def replace_to(draft: Draft, to: str) -> Draft:
    return draft.model_copy(update={"to": to})
