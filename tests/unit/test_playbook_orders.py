"""What the desk does about orders: where they are, stopping them, sending things back, and what arrived wrong."""

from datetime import timedelta

import pytest

from countersign.domain.shop import Address, Refund, Return
from tests.unit.playbook_world import NOW, World, kinds_of, outcome_of, reply_of

WHERE = (
    ("FH-10001", "Where is it?", "parcel_moving", ()),
    ("FH-10002", "Where is it?", "parcel_moving", ()),
    ("FH-10003", "Where is it?", "parcel_delayed", ()),
    ("FH-10004", "Where is it?", "parcel_late", ()),
    ("FH-10005", "Where is it? I want my money back.", "parcel_lost_refunded", ("refund",)),
    ("FH-10005", "Where is it?", "parcel_lost_replaced", ("send_replacement",)),
    ("FH-10006", "I don't want a refund, please send it again.", "parcel_lost_replaced", ("send_replacement",)),
    ("FH-10097", "Where is it? Refund please.", "parcel_lost_refunded", ("refund",)),
    ("FH-10007", "Where is it?", "order_not_sent", ()),
    ("FH-10017", "Where is it?", "order_not_sent", ()),
    ("FH-10008", "Where is it?", "parcel_delivered", ()),
    ("FH-10008", "It never arrived and my neighbours have nothing.", "! delivered according to the carrier, but", ()),
    ("FH-10030", "It never came.", "! delivered according to the carrier, reported later", ()),
    ("FH-10009", "Where is the rest?", "parcels", ()),
    ("FH-10016", "Where is it?", "parcel_arriving", ()),
    ("FH-10022", "Where is it?", "order_cancelled", ()),
    ("FH-10099", "Where is it?", "order_cancelled_refunded", ()),
    ("FH-10096", "Where is it?", "order_returned", ()),
    ("FH-10076", "Where is it?", "order_unpaid", ()),
)
CANCEL = (
    ("FH-10018", "Please cancel, I changed my mind.", "cancelled_released", ("cancel_order",)),
    ("FH-10019", "Please cancel.", "cancelled_refunded", ("cancel_order", "refund")),
    ("FH-10020", "Please cancel, it takes too long.", "cancelled_refunded", ("cancel_order", "refund")),
    ("FH-10076", "Please cancel.", "cancelled", ("cancel_order",)),
    ("FH-10021", "Please cancel.", "cancel_on_its_way", ()),
    ("FH-10030", "Please cancel.", "cancel_delivered", ()),
    ("FH-10022", "Please cancel.", "order_cancelled", ()),
    ("FH-10099", "Please cancel.", "order_cancelled_refunded", ()),
    ("FH-10018", "Please cancel my membership.", "! may mean the membership", ()),
    ("FH-10024", "Please cancel only the socks.", "! wants only a part", ()),
)
ADDRESS = (
    ("FH-10024", "Please send it to 12 rue des Lilas, 44100 Nantes.", "address_changed", ("change_address",)),
    ("FH-10024", "New address:\n12 rue des Lilas\n44100 Nantes\n", "address_changed", ("change_address",)),
    ("FH-10024", "To 5 place du Puits, 44000 Nantes please.", "address_same", ()),
    (
        "FH-10024",
        "Not to 5 place du Puits, 44000 Nantes but to 7 rue Haute, 44000 Nantes.",
        "address_changed",
        ("change_address",),
    ),
    ("FH-10024", "Either 7 rue Haute, 44000 Nantes or 9 rue Basse, 44000 Nantes.", "ask_address", ()),
    ("FH-10027", "I have moved, please change the address.", "ask_address", ()),
    ("FH-10025", "To Hauptstraße 5, 10115 Berlin, Germany please.", "address_abroad", ()),
    ("FH-10025", "To Hauptstraße 5, 10115 Berlin please.", "! the new postcode", ()),
    ("FH-10026", "To 4 Abbey View, Limerick V94 N2P5.", "address_too_late", ()),
    ("FH-10030", "To Via Roma 1, 20121 Milano.", "address_delivered", ()),
    ("FH-10022", "To Via Roma 1, 20121 Milano.", "order_cancelled", ()),
)
RETURN = (
    ("FH-10028", "I want to return the jacket.", "return_created", ("create_return",)),
    ("FH-10028", "I want to return everything.", "return_created", ("create_return",)),
    ("FH-10028", "I want to return something.", "ask_items", ()),
    ("FH-10029", "I want to return the daypack.", "return_created", ("create_return",)),
    ("FH-10030", "I want to return the shoes.", "return_too_late", ()),
    ("FH-10030", "This is ridiculous, take the shoes back.", "! the return window is over", ()),
    ("FH-10100", "I want to return the jacket.", "return_too_late", ()),
    ("FH-10031", "I want to return the shorts.", "return_not_possible", ()),
    ("FH-10088", "I want to return the whole order.", "return_created", ("create_return",)),
    ("FH-10096", "I want to return the shoes.", "return_exists", ()),
    ("FH-10101", "I want to return the boots.", "! a return of this article was refused", ()),
    ("FH-10001", "I want to return the tent.", "return_not_arrived", ()),
    ("FH-10018", "I want to return the rucksack.", "return_not_sent", ()),
    ("FH-10022", "I want to return the poles.", "order_cancelled", ()),
    ("FH-10033", "I want to return the boots, they are torn.", "! asks for a return, but speaks of a fault", ()),
)
EXCHANGE = (
    ("FH-10033", "Can I have the boots in size 43 instead of 42?", "! an exchange needs", ("create_return",)),
    ("FH-10034", "Can I have the boots in size 41?", "exchange_sold_out", ()),
    ("FH-10033", "Can I have the boots in another size?", "ask_variant", ()),
    ("FH-10033", "Can I have the boots in size 47?", "exchange_sold_out", ()),
    ("FH-10032", "Can I swap everything for a size M?", "ask_items", ()),
    ("FH-10030", "Can I have the shoes in size 42?", "return_too_late", ()),
    ("FH-10031", "Can I have the shorts in size L?", "return_not_possible", ()),
    ("FH-10001", "Can I have it in sand?", "return_not_arrived", ()),
)
DAMAGED = (
    ("FH-10035", "One mug is chipped.", True, "damaged_kept_replaced", ("send_replacement",)),
    ("FH-10035", "The mug is chipped.", True, "! several pieces were bought", ()),
    ("FH-10035", "One mug is chipped.", False, "ask_photo", ()),
    ("FH-10036", "The lantern is broken.", True, "damaged_kept_refunded", ("refund",)),
    ("FH-10036", "Something is broken.", True, "ask_items", ()),
    ("FH-10037", "The tent is torn.", True, "damaged_back_replaced", ("create_return", "send_replacement")),
    ("FH-10037", "The tent is torn, I want my money back.", True, "damaged_back_refunded", ("create_return", "refund")),
    ("FH-10038", "The torch does not work.", True, "damaged_too_late", ()),
    ("FH-10038", "The torch does not work. You are thieves!", True, "! reported too late", ()),
    ("FH-10039", "The stove is dented.", True, "damaged_back_refunded", ("create_return", "refund")),
    ("FH-10040", "You sent the wrong size of socks.", False, "damaged_kept_replaced", ("send_replacement",)),
    ("FH-10071", "The lantern is broken, I want 200.00 € back.", True, "! 32.80 € would be due", ()),
    ("FH-10073", "The other lantern is broken, please refund one lantern.", True, "damaged_kept_refunded", ("refund",)),
    ("FH-10001", "The tent is broken.", True, "! a complaint about articles of an order that is dispatched", ()),
    ("FH-10022", "The poles are broken.", True, "order_cancelled", ()),
)
MISSING = (
    ("FH-10009", "The gas is missing.", "missing_split", ()),
    ("FH-10009", "The stove is missing.", "! missing from a parcel that arrived", ()),
    ("FH-10001", "The tent is missing.", "parcel_moving", ()),
    ("FH-10041", "The cartridge is missing.", "missing_replaced", ("send_replacement",)),
    ("FH-10042", "The lantern is missing.", "missing_refunded", ("refund",)),
    ("FH-10042", "Something is missing.", "ask_items", ()),
    ("FH-10058", "The box was empty.", "! the order has one article only", ()),
    ("FH-10088", "The bottle is missing.", "missing_too_late", ()),
    ("FH-10088", "The bottle is missing. This is outrageous.", "! reported too late", ()),
)


def _check(request: str, number: str, text: str, wanted: str, kinds: tuple[str, ...], photo: bool = False) -> None:
    plan = World().about(request, number, text, photo=photo)
    assert outcome_of(plan).startswith(wanted), outcome_of(plan)
    assert kinds_of(plan) == kinds
    assert all(
        proposal.version == f"order/{number}@{World().shop.orders[number].version}" for proposal in plan.proposals
    )


@pytest.mark.parametrize(("number", "text", "wanted", "kinds"), WHERE)
def test_where_is_my_order(number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """The reply tells what the parcels' scans say, and only a lost parcel causes an effect."""
    _check("where_is_my_order", number, text, wanted, kinds)


@pytest.mark.parametrize(("number", "text", "wanted", "kinds"), CANCEL)
def test_cancel_order(number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """What has not left is cancelled and paid back; what has left is explained."""
    _check("cancel_order", number, text, wanted, kinds)


@pytest.mark.parametrize(("number", "text", "wanted", "kinds"), ADDRESS)
def test_change_address(number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """Only a complete address in the same country changes an order that has not left."""
    _check("change_address", number, text, wanted, kinds)


@pytest.mark.parametrize(("number", "text", "wanted", "kinds"), RETURN)
def test_return_item(number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """A return is opened for returnable articles inside the customer's own window."""
    _check("return_item", number, text, wanted, kinds)


@pytest.mark.parametrize(("number", "text", "wanted", "kinds"), EXCHANGE)
def test_exchange_item(number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """An exchange that fits is prepared for a person; one that does not is explained."""
    _check("exchange_item", number, text, wanted, kinds)


@pytest.mark.parametrize(("number", "text", "photo", "wanted", "kinds"), DAMAGED)
def test_damaged_item(number: str, text: str, photo: bool, wanted: str, kinds: tuple[str, ...]) -> None:
    """Damage reported in time brings a replacement or a refund, and cheap articles need not come back."""
    _check("damaged_item", number, text, wanted, kinds, photo)


@pytest.mark.parametrize(("number", "text", "wanted", "kinds"), MISSING)
def test_missing_item(number: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """A split shipment is explained first; what is really missing is sent again or refunded."""
    _check("missing_item", number, text, wanted, kinds)


def test_lost_parcel_is_refunded_as_it_was_paid() -> None:
    """The refund of a lost parcel is what was paid for it, with the delivery fee where nothing else was ordered."""
    plan = World().about("where_is_my_order", "FH-10005", "Refund please.")
    assert plan.proposals[0].args == {"amount": 4380, "currency": "EUR", "reason": "lost"}
    assert "43.80 €" in reply_of(plan)


def test_pieces_are_counted_one_by_one() -> None:
    """One of two mugs is replaced once, and both twice."""
    one = World().about("damaged_item", "FH-10035", "One mug is chipped.", photo=True)
    both = World().about("damaged_item", "FH-10035", "Both mugs are chipped.", photo=True)
    assert one.proposals[0].args["skus"] == ["MUG-ENAM-BLUE"]
    assert both.proposals[0].args["skus"] == ["MUG-ENAM-BLUE", "MUG-ENAM-BLUE"]


def test_articles_named_for_contrast_are_left_alone() -> None:
    """What the customer keeps is not returned, and what arrived well is not sent again."""
    world = World()
    kept = world.about("return_item", "FH-10028", "I'd like to return the jacket. I'm keeping the socks.")
    came = world.about("missing_item", "FH-10042", "The poles arrived, but the lantern was missing.")
    poor = world.about("return_item", "FH-10028", "I do not want to keep the jacket, it does not fit.")
    assert kept.proposals[0].args["skus"] == ["JKT-ALDER-M"]
    assert poor.proposals[0].args["skus"] == ["JKT-ALDER-M"]
    assert came.proposals[0].args["amount"] == 2790


def test_label_is_free_for_members_only() -> None:
    """The return label's fee is zero while the membership runs."""
    member = World().about("return_item", "FH-10029", "I want to return the daypack.")
    other = World().about("return_item", "FH-10028", "I want to return the jacket.")
    assert (member.proposals[0].args["label_fee"], other.proposals[0].args["label_fee"]) == (0, 390)
    assert "free of charge" in reply_of(member)
    assert "3.90 €" in reply_of(other)


def test_discount_is_shared_among_articles() -> None:
    """An article of a discounted order is refunded at what was really paid for it."""
    world = World()
    world.shop.change(
        "FH-10094", items=tuple(i.model_copy(update={"stock": 0}) for i in world.shop.orders["FH-10094"].items)
    )
    plan = world.about("missing_item", "FH-10094", "The mug is missing.")
    assert plan.proposals[0].args["amount"] == 1290 - 1019 * 1290 // 10190


def test_new_address_keeps_name_and_country() -> None:
    """Only street, postcode and town come from the text; the recipient and the country stay the order's."""
    plan = World().about("change_address", "FH-10024", "To 12 rue des Lilas, 44100 Nantes.")
    wanted = Address(name="Camille Laurent", street="12 rue des Lilas", postcode="44100", city="Nantes", country="FR")
    assert plan.proposals[0].args["address"] == wanted.model_dump()
    assert "44100 Nantes" in reply_of(plan)


def test_money_owed_for_a_cancelled_order_is_for_a_person() -> None:
    """A cancelled order whose captured money was not given back is never explained away."""
    world = World()
    world.shop.change("FH-10099", refunds=())
    for request in ("where_is_my_order", "cancel_order", "return_item"):
        assert world.about(request, "FH-10099", "What about it?").complex.startswith("the order is cancelled, but")


def test_refund_beyond_what_is_left_is_for_a_person() -> None:
    """Where less can be refunded than would be due, nothing is proposed."""
    world = World()
    given = Refund(id="RF-1", amount=2000, reason="other", at=NOW - timedelta(days=3))
    world.shop.change("FH-10036", refunds=(given,))
    world.shop.change("FH-10005", refunds=(given,))
    plan = world.about("where_is_my_order", "FH-10005", "Refund please.")
    assert plan.complex.startswith("43.80 € would be due")
    assert not plan.proposals


def test_contradicting_records_are_for_a_person() -> None:
    """An order and its parcels that tell different stories are not told to the customer."""
    world = World()
    world.shop.change("FH-10001", shipments=())
    assert world.about("where_is_my_order", "FH-10001", "Where?").complex.startswith("order is dispatched, but")


def test_second_lost_parcel_is_for_a_person() -> None:
    """Two lost parcels of one order are too odd for a rule."""
    world = World()
    lost = tuple(
        p.model_copy(update={"status": "lost", "delivered_at": None}) for p in world.shop.orders["FH-10009"].shipments
    )
    world.shop.change("FH-10009", shipments=lost)
    assert world.about("where_is_my_order", "FH-10009", "Where?").complex == "several parcels of the order are lost"


def test_old_unsent_order_is_for_a_person() -> None:
    """A paid order that has not left for two weeks is looked at."""
    world = World()
    world.shop.change("FH-10018", placed_at=NOW - timedelta(days=15))
    assert world.about("where_is_my_order", "FH-10018", "Where?").complex == "paid 15 days ago and still placed"


def test_return_of_part_says_what_stays() -> None:
    """Articles that can't come back are named in the reply and left out of the return."""
    plan = World().about("return_item", "FH-10088", "I want to return everything.")
    assert plan.proposals[0].args["skus"] == ["BOTL-STEEL-GREEN"]
    assert "Silk sleeping-bag liner" in reply_of(plan)


def test_window_is_that_of_each_articles_parcel() -> None:
    """Articles inside and outside their windows are not treated as one."""
    world = World()
    order = world.shop.orders["FH-10088"]
    first = order.shipments[0].model_copy(update={"skus": ("LINER-SILK",)})
    early = order.shipments[0].model_copy(
        update={"id": "x", "skus": ("BOTL-STEEL-GREEN",), "delivered_at": NOW - timedelta(days=31)}
    )
    items = tuple(item.model_copy(update={"returnable": True}) for item in order.items)
    world.shop.change("FH-10088", shipments=(first, early), items=items)
    assert world.about("return_item", "FH-10088", "I want to return everything.").complex.startswith("some of the")
    assert outcome_of(world.about("return_item", "FH-10088", "I want to return the bottle.")) == "return_too_late"


def test_refused_return_does_not_hide_the_parcel() -> None:
    """A refused return does not make an order count as returned."""
    world = World()
    back = Return(id="RT-1", status="refused", skus=("TENT-DUO-GREEN",), announced_at=NOW - timedelta(days=1))
    world.shop.change("FH-10001", returns=(back,))
    assert outcome_of(world.about("where_is_my_order", "FH-10001", "Where?")) == "parcel_moving"
