"""Values that stand for themselves: who vouches for a fact, what an exchange tells, when an order has arrived."""

from datetime import timedelta

import pytest

from countersign.domain.addresses import address_in
from countersign.domain.errors import ModelError
from countersign.domain.exchange import Failure, Kept
from countersign.domain.facts import Passage, least_trusted, most_trusted, origin_of
from countersign.domain.frozen import canonical
from countersign.domain.model import Engine
from countersign.domain.naming import Named, as_named, unnamed
from countersign.domain.perception import Triage
from countersign.domain.untrusted import readable
from tests.contract import shop_world as world

ABSTAINED = Triage(intents=(), reasons=("unsure",), model="m1")
ENGINE = Engine(kind="endpoint", name="odd")


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("shop:order/FH-1@3", "record"),
        ("desk:settings", "record"),
        ("review:R-1", "person"),
        ("message", "customer"),
        ("knowledge:returns#Labels", "document"),
        ("ticket:CS-1", "document"),
        ("elsewhere:x", "model"),
    ],
)
def test_who_vouches_for_a_fact(source: str, origin: str) -> None:
    """By its source; one that nobody knows is worth a model's word."""
    assert origin_of(source) == origin


def test_trust_is_compared() -> None:
    """The best and the worst of some origins; of none, a model's word."""
    assert (least_trusted(("record", "customer")), most_trusted(("record", "customer"))) == ("customer", "record")
    assert least_trusted(()) == most_trusted(()) == "model"


def test_passages_are_cited_by_article_and_section() -> None:
    """An article without sections is cited by its title."""
    passage = Passage(article="returns", title="Returns", section="Labels", text="x", score=1.0)
    assert passage.citation == "Returns – Labels"
    assert passage.model_copy(update={"section": ""}).citation == "Returns"


@pytest.mark.parametrize(("sure", "unusual", "requests"), [(False, False, ("lost",)), (True, True, ("lost",)),
                                                          (True, False, ())])  # fmt: skip
def test_a_model_that_is_not_sure_leaves_the_abstention(sure: bool, unusual: bool, requests: tuple[str, ...]) -> None:
    """With one more reason."""
    kept = as_named(ABSTAINED, Named(sure=sure, unusual=unusual, requests=requests), ENGINE, "Where is it?")
    assert (kept.intents, kept.reasons) == ((), ("unsure", "odd can't name it for sure"))


def test_a_model_that_is_sure_names_each_request_once() -> None:
    """Under its own name; where no model answered, the abstention says why."""
    named = as_named(ABSTAINED, Named(sure=True, unusual=False, requests=("lost", "lost")), ENGINE, "Where is it?")
    assert [(intent.request, intent.named_by) for intent in named.intents] == [("lost", "model")]
    assert unnamed(ABSTAINED, "model.down", "no answer").reasons[-1] == "no model named it: no answer (model.down)"


def test_a_recorded_failure_is_raised_as_it_was() -> None:
    """With its code; a record that holds nothing is malformed."""
    failed = Kept(parts={}, failure=Failure.of(ModelError("no answer", detail="down")))
    assert (failed.code, Kept(parts={}).code) == ("model.down", "")
    for kept, code in ((failed, "model.down"), (Kept(parts={}), "model.malformed")):
        with pytest.raises(ModelError) as caught:
            kept.told()
        assert caught.value.full_code == code
    assert failed.request == Kept(parts={}).request


def test_canonical_json_knows_what_it_can_write() -> None:
    """Sets are sorted, times are ISO; anything else is refused."""
    assert canonical({"b": {"y", "x"}, "a": world.NOW}) == '{"a":"2026-11-16T09:00:00+00:00","b":["x","y"]}'
    with pytest.raises(TypeError, match="object has no canonical JSON"):
        canonical(object())


def test_an_order_has_arrived_with_its_last_parcel() -> None:
    """None while one is under way, or where there is none."""
    first, second = (parcel.model_copy(update={"id": "2"}) for parcel in world.DELIVERED.shipments * 2)
    later = second.model_copy(update={"delivered_at": world.NOW + timedelta(days=1)})
    arrived = world.DELIVERED.model_copy(update={"shipments": (first, later)})
    assert arrived.delivered_at == later.delivered_at
    assert world.DISPATCHED.delivered_at is None
    assert world.PLACED.delivered_at is None


def test_an_address_is_read_only_where_there_is_one() -> None:
    """One besides the present one; of two nobody can tell which; the present one alone is that."""
    one, two = "9 Hill Road, T12 AB12 Galway", "3 Sea Lane, T12 CD34 Cork"
    read = address_in(one, world.HOME)
    assert read is not None
    assert (read.street, read.city, read.country) == ("9 Hill Road", "Galway", "IE")
    assert address_in(f"{one} or {two}", world.HOME) is None
    assert address_in("1 Quay Row, T12 W8N4 Cork", world.HOME) == world.HOME
    assert address_in("Nowhere at all", world.HOME) is None


def test_marks_that_close_nothing_hide_nothing() -> None:
    """A stray end tag is no end; what a hidden element holds stays hidden, line breaks in it too."""
    assert readable("<p>a</b> b</p>") == "a b"
    assert readable("<div hidden>x<br>y</div>z") == "z"
