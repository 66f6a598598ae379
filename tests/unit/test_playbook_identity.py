"""Who is told what: nothing to strangers, nothing of other customers' orders, and no effect on a doubtful word."""

import re
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign.domain.perception import PastTurn, Verified
from countersign.domain.plan import Plan
from nodes.reason.playbooks.case import continued_request, handlers, plan_for
from tests.unit.playbook_world import DESK, NOW, World, kinds_of, outcome_of, reply_of

WORLD = World()
REQUESTS = sorted(DESK.requests)
CUSTOMERS = sorted(WORLD.shop.customers)
NUMBERS = sorted(WORLD.shop.orders)
MONEY = {"refund", "change_email", "close_account"}
WORDS = """where is my order refund cancel please everything damaged broken missing photo wrong size 43 both one two of
the mug lantern jacket tent boots return exchange months pause membership plus yes money back charged twice 149.00 €
SPRING10 code data copy delete invoice login address 12 rue des Lilas, 44100 Nantes; Hauptstraße 5, 10115 Berlin Germany
furious maya@new.example.org FH-10001 FH-10035 FH-99999 ! ? how long do I have to return something""".split()
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))


def test_every_request_of_the_desk_has_a_playbook() -> None:
    """The desk's requests and the playbooks' handlers are the same set."""
    assert set(handlers()) == set(DESK.requests)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    request=st.sampled_from(REQUESTS),
    text=TEXTS,
    who=st.sampled_from([*CUSTOMERS, "stranger@example.net"]),
    verified=st.sampled_from(get_args(Verified)),
    photo=st.booleans(),
    asked=st.sampled_from(["", "ask_which_order", "ask_photo", "ask_close_membership", "unverified"]),
)
def test_any_text_comes_to_a_safe_plan(
    request: str, text: str, who: str, verified: Verified, photo: bool, asked: str
) -> None:
    """No text breaks a playbook, and whatever it says, identity decides what is told and proposed."""
    case = WORLD.case(request, text, who, verified if who in WORLD.shop.customers else "none", photo=photo, asked=asked)
    plan = plan_for(case)
    assert plan.request == request
    assert bool(plan.complex) != (plan.reply is not None)
    reply_of(plan)
    if case.sender.verified == "none":
        _holds_no_account_facts(plan)
    if case.sender.verified != "address":
        assert not MONEY & set(kinds_of(plan))
        assert not any(one.args.get("refund_fee") for one in plan.proposals)
    _is_about_the_sender_alone(plan, case.sender.customer)


def _holds_no_account_facts(plan: Plan) -> None:
    assert not plan.proposals
    assert not [fact for fact in plan.facts if fact.source.startswith("shop:")]
    assert all(note.startswith("asked: ") for note in plan.notes)


def _is_about_the_sender_alone(plan: Plan, customer: str) -> None:
    """Every record named in facts, proposals and notes is the sender's own."""
    targets = [proposal.target for proposal in plan.proposals]
    sources = [fact.source.removeprefix("shop:").partition("@")[0] for fact in plan.facts if "shop:" in fact.source]
    assert {_owner(record) for record in (*targets, *sources)} <= {customer, ""}


def _owner(record: str) -> str:
    """The customer that a record belongs to; empty for what belongs to nobody."""
    kind, _, number = record.partition("/")
    if kind == "order":
        return WORLD.shop.orders[number].customer
    if kind == "subscription":
        return next(one.customer for one in WORLD.shop.subscriptions.values() if one.id == number)
    assert kind in ("customer", "promo")
    return number if kind == "customer" else ""


@pytest.mark.parametrize("request_id", REQUESTS)
def test_stranger_learns_nothing_of_an_order(request_id: str) -> None:
    """Whoever names a real order without proof gets the words that anybody gets."""
    text = (
        "Please, it is about FH-10001, the Ridgeline Duo tent of Maya Ellingham, Dublin. Does the filter stop viruses?"
    )
    plan = WORLD.plan(request_id, text, "stranger@example.net", "none")
    told = reply_of(plan) + " ".join(plan.notes) + plan.complex
    assert not plan.proposals
    assert not re.search(r"Ellingham|Duo|Dublin|249|SW7311999384|C-00001", told)


@pytest.mark.parametrize("request_id", [r for r in REQUESTS if DESK.requests[r].category == "orders"])
def test_other_customers_order_is_as_good_as_none(request_id: str) -> None:
    """A real order of somebody else and one that does not exist get the same words."""
    real = WORLD.plan(request_id, "It is about FH-10001.", "C-00044")
    unreal = WORLD.plan(request_id, "It is about FH-99999.", "C-00044")
    assert outcome_of(real) == "order_not_found"
    assert reply_of(real).replace("FH-10001", "#") == reply_of(unreal).replace("FH-99999", "#")


@pytest.mark.parametrize(
    ("request_id", "number", "text"),
    [
        ("cancel_order", "FH-10019", "Please cancel."),
        ("where_is_my_order", "FH-10005", "Refund please."),
        ("damaged_item", "FH-10036", "The lantern is broken."),
        ("missing_item", "FH-10042", "The lantern is missing."),
        ("double_charge", "FH-10047", "I was charged twice."),
        ("promo_not_applied", "FH-10053", "SPRING10 was forgotten."),
        ("change_address", "FH-10024", "To 12 rue des Lilas, 44100 Nantes."),
    ],
)
def test_details_alone_move_no_money(request_id: str, number: str, text: str) -> None:
    """Matching details bring the request to write from the address on record, and no account fact."""
    plan = WORLD.about(request_id, number, text, verified="details", photo=True)
    assert outcome_of(plan) == "needs_address"
    assert not plan.proposals
    assert not [fact for fact in plan.facts if fact.source.startswith("shop:")]


def test_details_are_enough_to_be_told() -> None:
    """Whoever gave matching details is told where the parcel is; the reply goes to the address on record."""
    plan = WORLD.about("where_is_my_order", "FH-10001", "Where is it?", verified="details")
    assert outcome_of(plan) == "parcel_moving"


def test_accounts_that_share_an_address_are_for_a_person() -> None:
    """Where the sender's address belongs to two open accounts, nobody guesses."""
    world = World()
    world.shop.customers["C-00021"] = world.shop.customers["C-00021"].model_copy(
        update={"email": "anna.schmidt@example.org"}
    )
    plan = world.plan("cancel_order", "Cancel.", "anna.schmidt@example.org", "none", authenticated=True)
    assert plan.complex == "several accounts share the sender's address"


def test_which_order_is_asked_with_the_ones_that_fit() -> None:
    """Several open orders bring one question that names them; an article named in the text settles it."""
    asked = WORLD.plan("where_is_my_order", "Where is my parcel?", "C-00010")
    named = WORLD.plan("where_is_my_order", "Where are my boots?", "C-00010")
    assert asked.asks
    assert {"FH-10012", "FH-10013"} <= {fact.value for fact in asked.facts}
    assert "FH-10013" in reply_of(named)


def test_only_open_order_is_taken() -> None:
    """Without a number, the one order that the request can be about is the one."""
    assert "FH-10011" in reply_of(WORLD.plan("where_is_my_order", "Where is my parcel?", "C-00009"))


def test_customer_without_orders_is_asked_for_a_number() -> None:
    """Where there is nothing to choose from, the number is asked for, and no fact is told."""
    plan = WORLD.plan("where_is_my_order", "Where is my parcel?", "C-00057")
    assert outcome_of(plan) == "ask_order"
    assert not plan.facts


def test_the_thread_remembers_the_order() -> None:
    """An order named earlier in the thread is meant when none is named now."""
    past = (PastTurn(turn=1, requests=("where_is_my_order",), orders=("FH-10012",), outcome="answered"),)
    assert "FH-10012" in reply_of(WORLD.plan("where_is_my_order", "Any news?", "C-00010", past=past))


def test_several_numbers_are_sorted_out_or_left() -> None:
    """Of two own orders the one that fits is taken; with a stranger's among them a person looks."""
    fits = WORLD.plan("where_is_my_order", "FH-10062 came, where is FH-10063?", "C-00072")
    both = WORLD.plan("where_is_my_order", "Where are FH-10012 and FH-10013?", "C-00010")
    mixed = WORLD.plan("where_is_my_order", "Where are FH-10012 and FH-10001?", "C-00010")
    assert "FH-10063" in reply_of(fits)
    assert both.complex == "asks about several orders at once"
    assert mixed.complex.startswith("names several order numbers")
    assert not re.search("FH-10001", " ".join(mixed.notes))


def test_the_same_question_is_not_asked_twice() -> None:
    """A question that was answered with nothing useful goes to a person."""
    plan = WORLD.plan("where_is_my_order", "Where is my parcel?", "C-00010", asked="ask_which_order")
    assert plan.complex.startswith("our question was answered")


@pytest.mark.parametrize(
    ("text", "continues"),
    [
        ("FH-10012", True),
        ("It's FH-10012, thanks!", True),
        ("Hi, the number is FH-10012. Jonas Weber, 50667 Köln", True),
        ("2 months please", True),
        ("Lindenstraße 5, 10969 Berlin", True),
        ("", False),
        ("Cancel FH-10012 instead", False),
        ("Where is FH-10012?", False),
        ("Is that still open?", False),
        (
            "I have been waiting for weeks now and nobody has told me anything about it, so I would like to hear more",
            False,
        ),
    ],
)
def test_answers_continue_what_was_asked(text: str, continues: bool) -> None:
    """A short answer continues the request that our question was about; a wish of its own does not."""
    case = WORLD.case("cancel_order", text, "C-00010", asked="ask_which_order")
    assert continued_request(case.memory, case.perception) == ("cancel_order" if continues else None)


def test_no_question_no_continuation() -> None:
    """Without a question of ours there is nothing to continue."""
    case = WORLD.case("cancel_order", "FH-10012", "C-00010")
    assert continued_request(case.memory, case.perception) is None


def test_closed_account_is_for_a_person() -> None:
    """A sender whose account is closed is not handled by rule, whatever the sender's record says."""
    world = World()
    world.shop.customers["C-00001"] = world.shop.customers["C-00001"].model_copy(update={"closed_at": NOW})
    assert world.about("invoice_copy", "FH-10001", "Invoice please.").complex.startswith("the sender's account")
