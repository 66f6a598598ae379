"""Every reply the playbooks can give: rendered once at least, and stating nothing that is no fact."""

from collections.abc import Iterator
from functools import cache

import pytest

from countersign.domain.facts import Fact
from countersign.domain.plan import Draft, Plan
from countersign.quality.gate import check
from graphs.agents.final_plan import WRITTEN
from nodes.reason.draft import greeting_name, has_account_facts, promise
from nodes.reason.playbooks.case import Case, plan_for
from nodes.reason.playbooks.terms import terms
from tests.unit import test_playbook_account as account
from tests.unit import test_playbook_billing as billing
from tests.unit import test_playbook_orders as orders
from tests.unit.playbook_world import DESK, KNOWLEDGE, REPLIES, World, outcome_of, reply_of, unstated

WORLD = World()
TABLES = {
    "where_is_my_order": orders.WHERE,
    "cancel_order": orders.CANCEL,
    "change_address": orders.ADDRESS,
    "return_item": orders.RETURN,
    "exchange_item": orders.EXCHANGE,
    "missing_item": orders.MISSING,
}
QUOTED = {"policy_answer", "product_answer", "unverified", "needs_address", "site_details", "login_general"}
"""Replies that hold the help centre's words, which may speak of what we do without a proposal."""


def _about(request: str, number: str, text: str, photo: bool = False) -> Case:
    owner = WORLD.shop.orders[number].customer
    return WORLD.case(request, f"{text} My order is {number}.", owner, photo=photo)


def _cases() -> Iterator[Case]:
    for request, rows in TABLES.items():
        yield from (_about(request, row[0], row[1]) for row in rows)
    yield from (_about("damaged_item", number, text, photo) for number, text, photo, *_ in orders.DAMAGED)
    yield from (_about(request, number, text) for request, number, text, *_ in billing.ABOUT_ORDERS)
    yield from (WORLD.case(row[0], row[2], row[1]) for row in (*billing.MEMBERSHIPS, *account.CASES))
    for request in sorted(DESK.requests):
        yield WORLD.case(request, "I need help with this.", "stranger@example.net", "none")
        yield WORLD.case(request, "I need help with it. FH-99999", "C-00001")
        yield WORLD.case(request, "I need help with it.", "C-00010")
        yield WORLD.case(request, "I need help with it.", "C-00057")


@cache
def _plans() -> tuple[tuple[Case, Plan], ...]:
    pairs = [(case, plan_for(case)) for case in _cases()]
    return (*pairs, *_rare())


def _rare() -> Iterator[tuple[Case, Plan]]:
    """Replies that need records as no order of the demonstration shop has them."""
    world = World()
    world.shop.change("FH-10076", payments=world.shop.orders["FH-10076"].payments[:2])
    yield from _case_and_plan(world, "payment_declined", "Declined.", "C-00066")
    order = world.shop.orders["FH-10076"]
    paid = order.payments[0].model_copy(
        update={"id": "x", "status": "captured", "at": order.payments[1].at.replace(microsecond=9)}
    )
    world.shop.change("FH-10076", payments=(*order.payments, paid))
    yield from _case_and_plan(world, "payment_declined", "Declined.", "C-00066")
    label = world.shop.orders["FH-10001"].shipments[0].model_copy(update={"status": "label", "last_scan_at": None})
    world.shop.change("FH-10001", shipments=(label,))
    yield from _case_and_plan(world, "where_is_my_order", "Where is FH-10001?", "C-00001")
    double = world.shop.orders["FH-10048"]
    given = world.shop.orders["FH-10044"].refunds[0].model_copy(update={"amount": 14900})
    world.shop.change("FH-10048", refunds=(given,), status=double.status)
    yield from _case_and_plan(world, "double_charge", "FH-10048 was charged twice.", "C-00048")


def _case_and_plan(world: World, request: str, text: str, who: str) -> Iterator[tuple[Case, Plan]]:
    case = world.case(request, text, who)
    yield case, plan_for(case)


@pytest.mark.parametrize("template", sorted({*REPLIES.names("en")} - {WRITTEN}))
def test_template_is_used_and_states_only_facts(template: str) -> None:
    """Each template but the agent's is given by some case; every number, date, amount, link in it is a fact's value."""
    plans = [plan for _, plan in _plans() if plan.reply and plan.reply.template == template]
    assert plans, "no case comes to this reply"
    for plan in plans:
        assert unstated(plan) == ""
        assert reply_of(plan)[0].isupper()


def test_no_reply_raises_a_finding() -> None:
    """The quality gate lets every reply of the playbooks pass, apart from the help centre's own words."""
    for case, plan in _plans():
        if plan.reply is None:
            continue
        found = {finding.code for finding in check(_draft(case, plan), (plan,), case.sender, "en", DESK.settings)}
        allowed = {"promise.unproposed", "link.foreign"} if plan.reply.template in QUOTED else set[str]()
        assert found <= allowed, (outcome_of(plan), found)


def _draft(case: Case, plan: Plan) -> Draft:
    account_facts = has_account_facts((plan,))
    return Draft(
        to=case.sender.on_record if account_facts else case.sender.address,
        subject="Re: your order",
        body=REPLIES.letter((reply_of(plan),), greeting_name((plan,)), "CS-1001", "en"),
        language="en",
        templates=(),
        promises=tuple(promise(proposal) for proposal in plan.proposals),
        account_facts=account_facts,
    )


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.name)
def test_terms_stand_in_the_help_centre(term: Fact) -> None:
    """Every term that a reply states is written in the section it names, word for word."""
    article, _, heading = term.source.removeprefix("knowledge:").partition("#")
    sections = [one for one in KNOWLEDGE.sections if (one.article, one.heading) == (article, heading)]
    assert [one for one in sections if term.value in one.text], f"{term.source} does not say {term.value!r}"
