"""What the desk does about accounts, trouble with the site and with paying, and general questions."""

from datetime import timedelta

import pytest

from tests.unit.playbook_world import NOW, World, kinds_of, outcome_of, reply_of

CASES = (
    ("login_help", "C-00067", "I can't log in.", "login_link_sent", ("send_login_link",)),
    ("login_help", "C-00066", "I can't log in.", "login_locked", ()),
    ("change_email", "C-00001", "Please use maya@new.example.org from now on.", "email_changed", ("change_email",)),
    ("change_email", "C-00001", "Please change my address.", "ask_email", ()),
    ("change_email", "C-00001", "From maya.ellingham@example.org please.", "ask_email", ()),
    ("change_email", "C-00001", "a@new.example or b@new.example", "! names several e-mail addresses", ()),
    ("change_email", "C-00001", "Please use t.renner@example.com.", "! the new address can't be used", ()),
    ("close_account", "C-00070", "Please close my account.", "account_closed", ("close_account",)),
    ("close_account", "C-00020", "Please close my account.", "close_open_orders", ()),
    ("close_account", "C-00064", "Please close my account.", "close_open_orders", ()),
    ("close_account", "C-00045", "Please close my account.", "close_open_orders", ()),
    ("close_account", "C-00060", "Please close my account.", "ask_close_membership", ()),
    ("close_account", "C-00070", "Please close my father's account.", "! may speak of somebody else's", ()),
    ("close_account", "C-00070", "Close it and delete all my data.", "! wants the account closed and", ()),
    ("data_request", "C-00001", "Please send me a copy of my data.", "export_ordered", ("export_data",)),
    ("data_request", "C-00001", "Request under article 15 GDPR.", "export_ordered", ("export_data",)),
    ("data_request", "C-00001", "Please delete my data.", "! wants personal data erased", ()),
    ("data_request", "C-00001", "It is about data protection.", "ask_data", ()),
    ("site_trouble", "C-00001", "Your app crashes again and again.", "site_details", ()),
    ("site_trouble", "C-00001", "xyzzy", "site_details", ()),
    ("payment_declined", "C-00066", "My card was declined.", "payment_locked", ()),
    ("payment_declined", "C-00001", "My card was declined.", "payment_general", ()),
    ("policy_question", "C-00001", "How long is a gift card valid?", "policy_answer", ()),
    ("policy_question", "C-00001", "Do you match the prices of other shops?", "policy_answer", ()),
    ("policy_question", "C-00001", "Do you deliver to Norway?", "policy_answer", ()),
    ("policy_question", "C-00001", "Do you rent out elephants?", "! the help centre has no section", ()),
    ("policy_question", "C-00001", "?", "! the help centre has no section", ()),
    ("product_question", "C-00001", "Does the Brook water filter stop viruses?", "product_answer", ()),
    ("product_question", "C-00001", "Is the Duo tent available in blue?", "! asks whether an article is available", ()),
    ("product_question", "C-00001", "Does it glow in the dark?", "! the help centre has no section", ()),
)


@pytest.mark.parametrize(("request_id", "who", "text", "wanted", "kinds"), CASES)
def test_request(request_id: str, who: str, text: str, wanted: str, kinds: tuple[str, ...]) -> None:
    """Each request comes to the reply and the proposals that the business's rules name."""
    plan = World().plan(request_id, text, who)
    assert outcome_of(plan).startswith(wanted), outcome_of(plan)
    assert kinds_of(plan) == kinds


def test_nobody_learns_that_an_address_is_taken() -> None:
    """An address of another account is refused without a word to the sender; the note is for the desk."""
    plan = World().plan("change_email", "Please use t.renner@example.com.", "C-00001")
    assert plan.reply is None
    assert any("do not tell" in note for note in plan.notes)
    assert not plan.proposals


def test_address_of_a_closed_account_may_be_taken() -> None:
    """An address that only a closed account had is free."""
    world = World()
    closed = next(one for one in world.shop.customers.values() if one.closed_at)
    plan = world.plan("change_email", f"Please use {closed.email}.", "C-00001")
    assert outcome_of(plan) == "email_changed"


def test_membership_ends_with_the_account_only_after_a_yes() -> None:
    """Closing an account with a running membership needs a second word, and anything but yes goes to a person."""
    world = World()
    yes = world.plan("close_account", "Yes, go ahead.", "C-00060", asked="ask_close_membership")
    other = world.plan("close_account", "Hm.", "C-00060", asked="ask_close_membership")
    assert kinds_of(yes) == ("close_account",)
    assert other.complex.startswith("our question was answered")


def test_payment_that_went_through_in_the_end() -> None:
    """After declined tries, a later payment of the same order is good news."""
    world = World()
    order = world.shop.orders["FH-10076"]
    paid = order.payments[0].model_copy(update={"id": "PM-9", "status": "captured", "at": NOW - timedelta(hours=1)})
    world.shop.change("FH-10076", payments=(*order.payments, paid))
    plan = world.plan("payment_declined", "My card was declined.", "C-00066")
    assert outcome_of(plan) == "payment_went_through"
    assert "179.00 €" in reply_of(plan)


def test_two_declined_tries_do_not_lock() -> None:
    """The lock is spoken of only after the third declined try within its hours."""
    world = World()
    world.shop.change("FH-10076", payments=world.shop.orders["FH-10076"].payments[:2])
    assert outcome_of(world.plan("payment_declined", "Declined.", "C-00066")) == "payment_failed"


def test_site_trouble_with_details_goes_to_a_person() -> None:
    """First aid is given once; the details that come back are for somebody who can look."""
    plan = World().plan("site_trouble", "Firefox 140, 10:15, checkout page.", "C-00001", asked="site_details")
    assert plan.complex.startswith("trouble with the site")


def test_answers_cite_article_and_section() -> None:
    """An answer out of the help centre names where it stands, and its words are a fact."""
    plan = World().plan("policy_question", "Do you match the prices of other shops?", "x@y.example", "none")
    assert "Price adjustments and price match – Other shops" in reply_of(plan)
    assert {fact.source for fact in plan.facts} == {"knowledge:price-adjustments#Other shops"}
