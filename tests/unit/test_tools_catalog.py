"""Contracts, their strict arguments, and the constructors that make proposals."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.money import Money
from countersign.domain.plan import Draft, Kind, Principal, Promise, Proposal
from tests.contract import shop_world as world
from tools import arguments, proposals
from tools.actions import ACTIONS
from tools.catalog import CONTRACTS, contract, contracts_table, validated

BY = Principal(kind="Playbook", id="orders")
EURO = Money(amount=1500)
DRAFT = Draft(
    to="zoe@example.org",
    subject="Re: My tent",
    body="Hello\n\tall is well – 15.00 €",
    language="en",
    templates=("x",),
    promises=(Promise(kind="refund", target="order/FH-1", amount=1500, currency="EUR"),),
)
MEMBERSHIP = world.SUBSCRIPTIONS[1]
MADE: dict[Kind, Proposal] = {
    proposal.kind: proposal
    for proposal in (
        proposals.refund(world.DELIVERED, EURO, "damaged", BY),
        proposals.cancel_order(world.PLACED, "changed_mind", BY),
        proposals.change_address(world.PLACED, world.MOVED, BY),
        proposals.create_return(world.DELIVERED, ("TENT", "TENT"), Money(amount=390), BY),
        proposals.send_replacement(world.DISPATCHED, ("TENT",), "lost", BY),
        proposals.pause_subscription(MEMBERSHIP, 2, BY),
        proposals.cancel_subscription(MEMBERSHIP, True, BY),
        proposals.change_email(world.CUSTOMERS[0], "new@example.org", BY),
        proposals.close_account(world.CUSTOMERS[0], BY),
        proposals.export_data(world.CUSTOMERS[0], BY),
        proposals.send_login_link(world.CUSTOMERS[0], BY),
        proposals.send_reply("CS-1001", DRAFT, "<a@mail.example>", ("<b@mail.example>", "<a@mail.example>"), BY),
    )
}


def changed(kind: Kind, **values: Any) -> Proposal:
    made = MADE[kind]
    return made.model_copy(update={"args": made.args | values})


def refused(proposal: Proposal) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        validated(proposal)
    return caught.value


def test_every_kind_has_one_contract_one_constructor_and_one_action() -> None:
    """Contracts, constructors and actions cover exactly the kinds of effect that there are."""
    kinds = set(get_args(Kind))

    assert set(CONTRACTS) == set(MADE) == set(ACTIONS) == kinds
    assert all(contract(kind).kind == kind for kind in kinds)
    assert all(entry.compensation is None or entry.undo for entry in CONTRACTS.values())


@pytest.mark.parametrize("kind", get_args(Kind))
def test_constructed_proposals_fit_their_contract(kind: Kind) -> None:
    """What a constructor makes is valid, names its record and its version, and says in one sentence what it is."""
    made = MADE[kind]

    assert validated(made).model_dump(mode="json") == made.args
    assert made.target.startswith(f"{contract(kind).target}/")
    assert made.summary.endswith(".")
    assert "\n" not in made.summary
    if kind != "send_reply":
        assert made.version.rpartition("@")[0] == made.target


@pytest.mark.parametrize("kind", get_args(Kind))
def test_proposals_survive_the_ledger(kind: Kind) -> None:
    """A proposal read back from JSON is the same proposal, with the same id."""
    made = MADE[kind]
    back = Proposal.model_validate_json(made.model_dump_json())

    assert back.id_in("CS-1001", 1) == made.id_in("CS-1001", 1)
    assert validated(back) == validated(made)


def test_versions_and_targets_name_records() -> None:
    """The version of an order's proposal is the order's, so that a later change can be noticed."""
    assert MADE["refund"].version == "order/FH-1@3"
    assert MADE["pause_subscription"].target == "subscription/S-00002"
    assert MADE["close_account"].version == "customer/C-00001@1"
    assert (MADE["send_reply"].target, MADE["send_reply"].version) == ("ticket/CS-1001", "")


def test_summaries_tell_what_a_person_would_approve() -> None:
    """Amounts, articles and reasons stand in the sentence that a reviewer reads; addresses do not."""
    assert MADE["refund"].summary == "Refund 15.00 € of 200.00 € for order FH-1; reason: damaged."
    assert "2 articles (TENT, TENT)" in MADE["create_return"].summary
    assert "for 3.90 €" in MADE["create_return"].summary
    assert "free of charge" in proposals.create_return(world.DELIVERED, ("TENT",), Money(amount=0), BY).summary
    assert "worth 40.00 €" in MADE["send_replacement"].summary
    assert "for 2 months" in MADE["pause_subscription"].summary
    assert "for 1 month." in proposals.pause_subscription(MEMBERSHIP, 1, BY).summary
    assert "59.00 €" in MADE["cancel_subscription"].summary
    assert "end of the paid period" in proposals.cancel_subscription(MEMBERSHIP, False, BY).summary
    assert (
        "free of account facts"
        in proposals.send_reply("CS-1", DRAFT.model_copy(update={"account_facts": False}), "", (), BY).summary
    )
    assert "new@example.org" not in MADE["change_email"].summary
    assert "Hill Road" not in MADE["change_address"].summary


WRONG: list[tuple[Kind, dict[str, Any], str]] = [
    ("refund", {"amount": 0}, "amount"),
    ("refund", {"amount": -1}, "amount"),
    ("refund", {"amount": True}, "amount"),
    ("refund", {"amount": 15.0}, "amount"),
    ("refund", {"amount": "1500"}, "amount"),
    ("refund", {"amount": "١٥٠٠"}, "amount"),
    ("refund", {"amount": None}, "amount"),
    ("refund", {"amount": 2**63}, "amount"),
    ("refund", {"amount": arguments.MOST_MONEY + 1}, "amount"),
    ("refund", {"amount": float("nan")}, "valid JSON"),
    ("refund", {"amount": float("inf")}, "valid JSON"),
    ("refund", {"currency": "eur"}, "currency"),
    ("refund", {"currency": "ＥＵＲ"}, "currency"),
    ("refund", {"reason": "because"}, "reason"),
    ("refund", {"surprise": 1}, "arguments: extra_forbidden"),
    ("cancel_order", {"reason": ""}, "reason"),
    ("create_return", {"skus": []}, "skus"),
    ("create_return", {"skus": ["A"] * 51}, "skus"),
    ("create_return", {"skus": "TENT"}, "skus"),
    ("create_return", {"skus": ["TENT; DROP TABLE"]}, "skus.0"),
    ("create_return", {"label_fee": -1}, "label_fee"),
    ("send_replacement", {"skus": ["../etc"]}, "skus.0"),
    ("change_address", {"address": {"name": "Zoë"}}, "address.street"),
    ("pause_subscription", {"months": 0}, "months"),
    ("pause_subscription", {"months": 4}, "months"),
    ("cancel_subscription", {"refund_fee": 1}, "refund_fee"),
    ("cancel_subscription", {"refund_fee": "true"}, "refund_fee"),
    ("change_email", {"email": "a@b.example, c@d.example"}, "email"),
    ("change_email", {"email": "a@b.example\r\nBcc: c@d.example"}, "email"),
    ("change_email", {"email": "a@b.example\n"}, "email"),
    ("close_account", {"really": True}, "arguments"),
    ("send_reply", {"to": "Zoë <zoe@example.org>"}, "to"),
    ("send_reply", {"to": "zoe@example.org,eve@example.org"}, "to"),
    ("send_reply", {"subject": "Re\r\nBcc: eve@example.org"}, "subject"),
    ("send_reply", {"subject": "Re\u2028x"}, "subject"),
    ("send_reply", {"subject": ""}, "subject"),
    ("send_reply", {"body": ""}, "body"),
    ("send_reply", {"body": "a\x00b"}, "body"),
    ("send_reply", {"body": "a\x1b[2J"}, "body"),
    ("send_reply", {"body": "x" * 20_001}, "body"),
    ("send_reply", {"body": "\ud800"}, "valid JSON"),
    ("send_reply", {"account_facts": "yes"}, "account_facts"),
    ("send_reply", {"in_reply_to": "<a@b>\r\nX: y"}, "in_reply_to"),
    ("send_reply", {"references": ["no brackets"]}, "references.0"),
    ("send_reply", {"promises": [{"kind": "burn", "target": "order/FH-1"}]}, "promises.0.kind"),
    ("send_reply", {"promises": [{"kind": "refund", "target": "order/FH-1", "amount": 1.5}]}, "promises.0.amount"),
]


@pytest.mark.parametrize(("kind", "values", "text"), WRONG)
def test_arguments_that_do_not_fit_are_rejected(kind: Kind, values: dict[str, Any], text: str) -> None:
    """Unknown, missing, coerced or unbounded arguments are rejected, and the error names the field."""
    error = refused(changed(kind, **values))

    assert error.full_code == "rejected.arguments"
    assert text in error.message


@pytest.mark.parametrize("kind", get_args(Kind))
def test_missing_arguments_are_rejected(kind: Kind) -> None:
    """No argument that matters has a default."""
    made = MADE[kind]
    optional = {"promises", "in_reply_to", "references"}
    for name in made.args.keys() - optional:
        left = {key: value for key, value in made.args.items() if key != name}
        assert name in refused(made.model_copy(update={"args": left})).message


@pytest.mark.parametrize(
    "target",
    ["order/", "order", "", "customer/C-00001", "order/FH-1/../2", "order/FH 1", "order/FH-١", "order/" + "1" * 65,
     "order/FH-1\n", "Order/FH-1"],
)  # fmt: skip
def test_targets_of_another_kind_are_rejected(target: str) -> None:
    """A target that is no record of the contract's kind is rejected."""
    assert refused(MADE["refund"].model_copy(update={"target": target})).full_code == "rejected.target"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(get_args(Kind)), st.data(), JSON)
def test_no_argument_breaks_the_check(kind: Kind, data: st.DataObject, value: JsonValue) -> None:
    """Whatever stands in the place of an argument, it is valid as it stands or rejected with a short text."""
    names = [*MADE[kind].args, "surprise"]
    proposal = changed(kind, **{data.draw(st.sampled_from(names)): value})
    found, text = None, ""
    try:
        found = validated(proposal)
    except RejectedError as error:
        text = str(error)

    assert len(text) < 1_000
    assert found is None or {name: found.model_dump(mode="json")[name] for name in proposal.args} == proposal.args


def test_errors_hold_no_values() -> None:
    """A rejected argument's value, and the name of a field that nobody declared, stay out of the error."""
    secret = "4111 1111 1111 1111"
    texts = [str(refused(changed("change_email", email=secret))), str(refused(changed("refund", **{secret: 1})))]

    assert all(secret not in text for text in texts)


def test_unknown_kinds_are_misuse() -> None:
    """Asking for the contract of a kind that does not exist is the developer's mistake, and the kinds are named."""
    unknown: Any = "burn_down"
    with pytest.raises(MisuseError, match="no contract") as caught:
        contract(unknown)

    assert "send_reply" in caught.value.hint


def test_table_shows_every_contract() -> None:
    """The documentation's table has one row for each kind, and no cell breaks it."""
    lines = contracts_table().splitlines()

    assert len(lines) == 2 + len(CONTRACTS)
    assert {line.count("|") for line in lines} == {12}
    assert all(any(f"`{kind}`" in line for line in lines) for kind in CONTRACTS)


def test_arguments_are_immutable() -> None:
    """Validated arguments can't be changed on their way to the action."""
    found = validated(MADE["refund"])
    with pytest.raises(ValueError, match="frozen"):
        setattr(found, "amount", 1)  # noqa: B010  the type checker would refuse the assignment itself


def test_contracts_leave_time_to_answer() -> None:
    """Every contract waits for a while, and no longer than a run could bear."""
    assert all(
        timedelta(seconds=1) < timedelta(seconds=entry.timeout) <= timedelta(minutes=2) for entry in CONTRACTS.values()
    )
