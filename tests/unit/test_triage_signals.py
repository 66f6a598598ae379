"""Signals that contradict what triage named: when they apply, how far they lower a confidence, what is said of them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from countersign.desk import load_desk
from countersign.domain.errors import DeskError
from countersign.domain.extraction import entities
from countersign.domain.perception import NO_CLUES, Clues, Entities, Intent, Triage
from countersign.triage.signals import CONTRADICTED, SUREST, Signal, Weighed, read_signals, weigh

ROOT = Path(__file__).resolve().parents[2]
DESK = load_desk(ROOT / "desk")
SHIPPED = read_signals(ROOT / "desk" / "signals.toml", DESK.requests)
THRESHOLD = 0.8


def said(*requests: str, confidence: float = 0.9) -> Triage:
    """What a model says, an intent for each request."""
    return Triage(
        intents=tuple(Intent(request=one, confidence=confidence, text="…", threshold=THRESHOLD) for one in requests)
    )


def weighed(triage: Triage, text: str, signals: Sequence[Signal] = SHIPPED, *orders: str) -> Triage:
    """The triage of a text by these signals; `orders` is how the sender's own orders in it stand."""
    found = Clues(entities=entities(text, DESK.settings.order_pattern), orders=orders)
    return weigh(triage, text, found, signals)


@pytest.mark.parametrize(("doubt", "left"), [(2, 0.9802), (10, 0.9083), (100, 0.4975)])
def test_a_doubt_multiplies_the_odds_against(doubt: float, left: float) -> None:
    """99 % are odds of 99 to 1; a doubt of 10 makes them 9.9 to 1."""
    signal = Signal(reason="it says no", doubt=doubt, phrases=("never mind",))
    found = weigh(said("refund_status", confidence=0.99), "Never mind.", NO_CLUES, [signal])
    assert found.abstained == (left < THRESHOLD)
    if not found.abstained:
        assert found.intents[0].confidence == pytest.approx(left, abs=1e-4)


def test_several_signals_add_up_and_each_is_a_reason() -> None:
    """Two signals of 4 and 5 are a doubt of 20; both stand among the reasons, with their figures."""
    signals = [Signal(reason=f"says {word}", doubt=doubt, phrases=(word,)) for word, doubt in (("yes", 4), ("nope", 5))]
    found = weigh(said("refund_status", confidence=0.99), "yes, nope", NO_CLUES, signals)
    assert found.intents[0].confidence == pytest.approx(0.99 / (0.99 + 20 * 0.01), abs=1e-4)
    assert found.reasons == ("says yes (doubt × 4)", "says nope (doubt × 5)")


def test_no_confidence_is_too_high_to_be_doubted() -> None:
    """A confidence that was rounded to 1 falls like one that was not."""
    signal = Signal(reason="it says no", doubt=500, phrases=("never mind",))
    certain = weigh(said("refund_status", confidence=1.0), "never mind", NO_CLUES, [signal])
    assert certain.abstained
    assert certain == weigh(said("refund_status", confidence=SUREST), "never mind", NO_CLUES, [signal])


@pytest.mark.parametrize(
    ("request_", "text", "orders", "reason"),
    [
        ("change_email", "Close the account that belongs to this e-mail address.", (), "closing an account"),
        ("cancel_order", "Could you cancel one of the two charges? The order is only €24.99.", (), "double charge"),
        ("where_is_my_order", "My card was declined again, where is my order?", (), "declined payment"),
        ("change_address", "Please use mail@new.example from now on.", (), "no postal one"),
        ("change_email", "I have moved to 1012 AB Amsterdam.", (), "no e-mail address"),
        ("damaged_item", "The tent in FH-10019 is torn.", ("placed",), "has not left"),
        ("return_item", "FH-10022 goes back to you.", ("cancelled", "packed"), "has not left"),
        ("payment_declined", "My card does not work for FH-10001.", ("dispatched",), "has left"),
        ("close_account", "Use my code WELCOME10 and close it", (), "promo code"),
    ],
)  # fmt: skip
def test_shipped_signals_catch_what_contradicts_itself(
    request_: str, text: str, orders: tuple[str, ...], reason: str
) -> None:
    """Words, entities and the order's state that say something else make a model that is not quite sure abstain."""
    found = weighed(said(request_), text, SHIPPED, *orders)
    assert found.abstained
    assert found.intents == ()
    assert found.reasons[0] == CONTRADICTED
    assert reason in found.reasons[1]


@pytest.mark.parametrize(
    ("requests", "text", "orders"),
    [
        (("close_account",), "Please close my account.", ()),
        (("cancel_order", "double_charge"), "I was charged twice, so cancel my order FH-10018.", ("placed",)),
        (("damaged_item",), "The tent in FH-10037 is torn.", ("delivered",)),
        (("return_item",), "Both go back: FH-10019 and FH-10028.", ("placed", "delivered")),
        (("return_item",), "FH-10019 goes back.", ()),
        (("change_address",), "Send it to 1012 AB Amsterdam, or write to mail@new.example.", ("packed",)),
        (("policy_question",), "Can I cancel my order after paying?", ()),
    ],
)
def test_shipped_signals_leave_alone_what_agrees(requests: tuple[str, ...], text: str, orders: tuple[str, ...]) -> None:
    """What was named agrees with the words, or with one of the orders: nothing is lowered and nothing is said."""
    triage = said(*requests)
    assert weighed(triage, text, SHIPPED, *orders) == triage


def test_the_tone_lowers_a_confidence_and_does_not_decide_alone() -> None:
    """An angry customer of whom the model is sure is answered; the anger stands among the reasons."""
    found = weighed(said("where_is_my_order", confidence=0.99), "This is a joke. Where is my parcel?")
    assert not found.abstained
    assert found.intents[0].confidence < 0.99
    assert found.reasons == ("it is angry (doubt × 2)",)


def test_one_contradicted_request_of_two_makes_the_whole_an_abstention() -> None:
    """Half an answer is worse than a person's; the reason names the request."""
    found = weighed(
        said("return_item", "invoice_copy"), "FH-10019 goes back, and the invoice please.", SHIPPED, "placed"
    )
    assert found.abstained
    assert found.reasons[1].startswith("return_item: it speaks of goods in hand")


def test_an_abstention_stays_as_it_is() -> None:
    """There is nothing to lower where nothing was named."""
    abstained = Triage(abstained=True, reasons=("not sure enough",))
    assert weighed(abstained, "close my account, thieves") == abstained


class _Reader:
    digest = "m"

    def predict(self, subject: str, text: str, language: str) -> Triage:
        del subject, text, language
        return said("refund_status").model_copy(update={"model": "m"})


def test_the_signals_are_part_of_the_models_digest() -> None:
    """A desk with other signals is another triage, whether one applies or not."""
    one, two = Weighed(_Reader(), SHIPPED), Weighed(_Reader(), SHIPPED[1:])
    assert one.predict("", "x", "en").model != two.predict("", "x", "en").model
    assert Weighed(_Reader(), SHIPPED).predict("", "close my account", "en", NO_CLUES).abstained


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('[x]\nreason = "r"\ndoubt = 5\n', "x.*give phrases, names, lacks or orders", ":1"),
        ('[x]\nreason = "r"\ndoubt = 1\nphrases = ["abc"]\n', "x.doubt", ":3"),
        ('[x]\nreason = "r"\ndoubt = 5\norders = ["lost"]\n', "x.orders", ":4"),
        (
            '[x]\nreason = "r"\ndoubt = 5\nphrases = ["abc"]\nrequests = ["refund_statu"]\n',
            "no request `refund_statu`",
            "",
        ),
        ('[x]\nreason = "r"\ndoubt = 5\nphrases = ["abc"]\nlowers = 5\n', "x.lowers", ":5"),
        ("[x", "not valid TOML", ":1"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, text: str, says: str, line: str) -> None:
    """The error names file, line and field, and what a table needs."""
    path = tmp_path / "signals.toml"
    path.write_text(text)
    with pytest.raises(DeskError, match=says) as caught:
        read_signals(path, DESK.requests)
    assert caught.value.where == f"{path}{line}"
    assert caught.value.hint


def test_nothing_named_means_that_no_order_contradicts() -> None:
    """Without an order of the sender's own, the order's state says nothing."""
    signal = Signal(reason="r", doubt=500, orders=("placed",))
    assert weigh(said("return_item"), "x", Clues(entities=Entities(orders=("FH-1",))), [signal]) == said("return_item")
