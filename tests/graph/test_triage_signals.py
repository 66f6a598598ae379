"""Contradictory signals on the road: what they send to a person, what they let pass, and where their reasons stand."""

from pathlib import Path

from countersign.display.html import page
from countersign.ledger.read import why
from countersign.runtime import Runtime

MAIL = Path(__file__).resolve().parents[2] / "desk" / "mail"
GARETH, LENA = "gareth.pugh@example.net", "lena.hofstaetter@example.org"


def reasons(runtime: Runtime, ticket: str) -> list[str]:
    """What `why` gives as triage's reasons."""
    turns = why(runtime.ledger, ticket)["turns"]
    assert isinstance(turns, list)
    assert isinstance(turns[-1], dict)
    triage = turns[-1]["triage"]
    assert isinstance(triage, dict)
    assert isinstance(triage["reasons"], list)
    return [str(reason) for reason in triage["reasons"]]


def test_a_confident_misreading_goes_to_a_person_and_nothing_happens(runtime: Runtime) -> None:
    """The model reads the cancelling of a charge as that of an order; the words contradict it: nothing is done.

    The offline planner, which looks into it then, reads the contradiction too: it proposes nothing and asks.
    """
    text = "Please cancel the second charge of my order FH-10018"
    ticket = runtime.ask(text, sender=GARETH, authenticated=True)
    assert ticket.status == "handed_over"
    resolution = (runtime.state(ticket.id) or {}).get("resolution")
    assert resolution is not None
    assert resolution.plan is not None
    assert resolution.plan.proposals == ()
    assert "its words speak of a double charge" in resolution.questions[0]
    contradictory, words = reasons(runtime, ticket.id)
    assert contradictory == "contradictory signals"
    assert words.startswith("its words speak of a double charge")
    assert runtime.ledger.effect_counts() == (0, 0)
    order = runtime.deps.shop.order("FH-10018")
    assert order is not None
    assert order.status == "placed"
    assert "double charge" in page(runtime.review(ticket.id).__rich__())


def test_an_order_that_stands_otherwise_is_a_reason_and_no_obstacle_to_a_sure_answer(runtime: Runtime) -> None:
    """Goods of an order that has not left can't be broken: the confidence falls, the answer says how it stands."""
    ticket = runtime.ask("The torch I ordered is broken, FH-10019", sender=LENA, authenticated=True)
    assert ticket.requests == ("damaged_item",)
    (said,) = reasons(runtime, ticket.id)
    assert said.startswith("it speaks of goods in hand, and the order has not left")
    assert said in page(ticket.timeline().__rich__()).replace("\n", " ")
    assert "it speaks of goods in hand" in page(runtime.review(ticket.id).__rich__())


def test_somebody_elses_order_says_nothing(runtime: Runtime) -> None:
    """How an order stands is no signal, and is not told, where it is not the sender's own."""
    ticket = runtime.ask("The torch I ordered is broken, FH-10019", sender=GARETH, authenticated=True)
    assert reasons(runtime, ticket.id) == []


def test_angry_customers_of_the_sample_mailbox_are_answered(runtime: Runtime) -> None:
    """Two real messages, angry and clear: both are answered, with the anger among the reasons."""
    runtime.run([str(next(MAIL.glob(f"{number}-*.eml"))) for number in ("084", "085")])
    ticket = runtime.ticket("CS-1001")
    assert ticket.status == "answered"
    assert "it is angry (doubt × 2)" in reasons(runtime, ticket.id)
