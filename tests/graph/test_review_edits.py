"""Edits and answers of one's own: they meet both gates again, and count as their person's word where that may be."""

import pytest

from countersign.domain.review import Approve, Edit, EditedProposal, OwnAnswer
from countersign.ledger.check import check_ledger
from countersign.review import Shown, shown
from countersign.runtime import Runtime
from tests.graph.reviewing import lost_tent, mail, order, refunds, refused, say


@pytest.fixture
def asked(runtime: Runtime) -> Shown:
    """A large refund that waits for a person, as the person sees it."""
    return lost_tent(runtime)


def refund_of(asked: Shown, **args: object) -> EditedProposal:
    """The refund with other arguments."""
    (proposal,) = asked.proposals
    return EditedProposal.model_validate(
        {"kind": proposal.kind, "target": proposal.target, "args": proposal.args | args}
    )


def body_with(asked: Shown, amount: str) -> str:
    """The draft's text with another amount."""
    assert asked.draft is not None
    assert "649.00" in asked.draft.body
    return asked.draft.body.replace("649.00", amount)


def part(asked: Shown, amount: int, text: str) -> Edit:
    """Another amount, in the proposal and in the reply."""
    return Edit(proposals=(refund_of(asked, amount=amount),), body=body_with(asked, text))


def test_edit_is_its_persons_approval_of_the_edited_version(runtime: Runtime, asked: Shown) -> None:
    """Another amount that the policy still asks about: whoever edited it has approved it, and nothing else."""
    ended = say(runtime, asked, part(asked, 30000, "300.00"))
    assert ended.status == "answered"
    assert refunds(runtime) == [30000]
    assert "300.00" in mail(runtime, ended)
    assert check_ledger(runtime.settings.ledger_file) == ()


def test_edit_that_policy_allows_by_itself_needs_no_right_to_approve(runtime: Runtime, asked: Shown) -> None:
    """An amount below the policy's bound is carried out whoever wrote it."""
    assert say(runtime, asked, part(asked, 4000, "40.00"), "hanne").status == "answered"
    assert refunds(runtime) == [4000]


def test_edit_beyond_its_persons_right_is_asked_again(runtime: Runtime, asked: Shown) -> None:
    """Somebody without the right edits: the edited version waits for somebody who has it, and then is carried out."""
    ended = say(runtime, asked, part(asked, 40000, "400.00"), "maria")
    assert ended.status == "waiting"
    assert refunds(runtime) == []
    again = shown(runtime, ended.id)
    assert again.digest != asked.digest
    assert [proposal.args["amount"] for proposal in again.proposals] == [40000]
    assert refused(runtime, again, Approve(), "maria") == "rejected.limit"
    assert say(runtime, again, Approve()).status == "answered"
    assert refunds(runtime) == [40000]


def test_edit_of_the_amount_alone_is_caught_by_the_quality_gate(runtime: Runtime, asked: Shown) -> None:
    """The reply still promises the old amount: the person is shown that before anything leaves."""
    ended = say(runtime, asked, Edit(proposals=(refund_of(asked, amount=30000),)))
    assert ended.status == "waiting"
    again = shown(runtime, ended.id)
    assert "fact.amount" in " ".join(again.reasons)
    assert refunds(runtime) == []
    fixed = say(runtime, again, Edit(body=body_with(asked, "300.00")))
    assert (fixed.status, refunds(runtime)) == ("answered", [30000])


def test_edit_of_the_reply_keeps_the_proposals(runtime: Runtime, asked: Shown) -> None:
    """Other words, the same refund."""
    assert asked.draft is not None
    ended = say(runtime, asked, Edit(body=asked.draft.body + "\n\nSorry again for the trouble."))
    assert (ended.status, refunds(runtime)) == ("answered", [64900])
    assert mail(runtime, ended).endswith("Sorry again for the trouble.")


def test_edit_into_another_kind_meets_policy_again(runtime: Runtime, asked: Shown) -> None:
    """A replacement instead of the money back: judged as a replacement, and the refund is rejected for good."""
    sku = order(runtime).items[0].sku
    instead = EditedProposal(kind="send_replacement", target="order/FH-10072", args={"skus": [sku], "reason": "lost"})
    body = "Hello Simon Hartigan,\n\nwe have sent a replacement for order FH-10072 today.\n\nBest wishes"
    ended = say(runtime, asked, Edit(proposals=(instead,), body=body))
    assert refunds(runtime) == []
    assert ended.status in ("answered", "waiting")
    assert [one.kind for one in runtime.ledger.rejections(ended.id)] == ["refund"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"amount": 99999999999}, "rejected.arguments"),
        ({"amount": 70000}, "rejected.policy"),
        ({"amount": -1}, "rejected.arguments"),
        ({"amount": "30000"}, "rejected.arguments"),
        ({"amount": True}, "rejected.arguments"),
        ({"amount": None}, "rejected.arguments"),
        ({"currency": "USD"}, "rejected.policy"),
        ({"extra": 1}, "rejected.arguments"),
    ],
)
def test_edit_that_can_never_be_is_refused_at_once(
    runtime: Runtime, asked: Shown, args: dict[str, object], code: str
) -> None:
    """What no contract takes, or policy forbids whoever approves, changes nothing: the question stays open."""
    assert refused(runtime, asked, Edit(proposals=(refund_of(asked, **args),))) == code


def test_edit_on_somebody_elses_record_is_refused(runtime: Runtime, asked: Shown) -> None:
    """An edit can't reach another customer's order."""
    other = EditedProposal(
        kind="refund", target="order/FH-10001", args={"amount": 100, "currency": "EUR", "reason": "late"}
    )
    assert refused(runtime, asked, Edit(proposals=(other,))) == "rejected.policy"


@pytest.mark.parametrize("kind", ["send_reply", "refund"])
def test_edit_names_each_thing_once(runtime: Runtime, asked: Shown, kind: str) -> None:
    """The reply is no proposal of an edit, and the same thing twice is refused."""
    first = refund_of(asked)
    second = (
        first.model_copy(update={"kind": kind, "target": f"ticket/{asked.ticket.id}"}) if kind != "refund" else first
    )
    assert refused(runtime, asked, Edit(proposals=(first, second))) == "rejected.arguments"


def test_own_answer_leaves_as_the_persons(runtime: Runtime, asked: Shown) -> None:
    """A person writes the reply: it passes both gates, is sent once, and nothing else happens."""
    text = "Hello Simon Hartigan,\n\nthank you for your message. A colleague looks into it and writes to you soon."
    ended = say(runtime, asked, OwnAnswer(text=text), "tomas")
    assert ended.status == "answered"
    assert mail(runtime, ended) == text
    assert runtime.ledger.effect_counts() == (1, 0)
    assert [one.kind for one in runtime.ledger.rejections(ended.id)] == ["refund"]
    assert check_ledger(runtime.settings.ledger_file) == ()


def test_own_answer_that_promises_what_nobody_does_is_shown_first(runtime: Runtime, asked: Shown) -> None:
    """The quality gate reads a person's words too; they may then approve what it found."""
    ended = say(runtime, asked, OwnAnswer(text="Hello Simon Hartigan,\n\nwe have refunded 712.00 € to you."), "tomas")
    assert ended.status == "waiting"
    again = shown(runtime, ended.id)
    assert {"fact.amount", "promise.unproposed"} <= {finding.code for finding in again.findings}
    assert runtime.ledger.effect_counts() == (0, 0)
    assert say(runtime, again, Approve(), "tomas").status == "answered"
    assert runtime.ledger.effect_counts() == (1, 0)


def test_own_answer_of_somebody_without_the_right_is_refused(
    runtime: Runtime, asked: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not approve replies may not write them."""
    people = dict(runtime.deps.desk.people)
    people["temp"] = people["tomas"].model_copy(update={"id": "temp", "roles": ()})
    monkeypatch.setattr(runtime.deps.desk, "__dict__", runtime.deps.desk.__dict__ | {"people": people})
    assert refused(runtime, asked, OwnAnswer(text="Hello, this is my answer."), "temp").startswith("rejected.")


def test_record_that_changed_since_is_asked_about_again(runtime: Runtime, asked: Shown) -> None:
    """The order has changed since it was shown, and not for the worse: the approval does not cover it all the same."""
    runtime.deps.shop.send_replacement("elsewhere", "FH-10072", (order(runtime).items[0].sku,), "lost")
    ended = say(runtime, asked, Approve())
    assert (ended.status, refunds(runtime)) == ("waiting", [])
    again = shown(runtime, ended.id)
    assert again.digest != asked.digest
    assert say(runtime, again, Approve()).status == "answered"
    assert refunds(runtime) == [64900]


def test_record_that_changed_since_the_edit_is_asked_about_again(
    runtime: Runtime, asked: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit too counts only for the record as it was then."""
    real, touched = type(runtime).handle, list[str]()

    def slow(self: Runtime, ticket_id: str) -> object:
        touched.append(ticket_id)
        runtime.deps.shop.send_replacement("elsewhere", "FH-10072", (order(runtime).items[0].sku,), "lost")
        return real(self, ticket_id)

    with monkeypatch.context() as patch:
        patch.setattr(type(runtime), "handle", slow)
        ended = say(runtime, asked, part(asked, 30000, "300.00"))
    assert (ended.status, refunds(runtime), touched) == ("waiting", [], [ended.id])
    assert say(runtime, shown(runtime, ended.id), Approve()).status == "answered"
    assert refunds(runtime) == [30000]
