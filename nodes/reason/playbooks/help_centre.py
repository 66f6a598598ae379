"""Answers out of the help centre: quoted, with article and section, or none where nothing is near enough."""

import re

from countersign.domain.facts import Passage
from nodes.reason.playbooks.addresses import UNION_COUNTRIES
from nodes.reason.playbooks.case import Case
from nodes.reason.playbooks.statement import Statement

_STEM = 5
_ENOUGH = 0.5
_MANY = 4
_QUIET = frozenset(
    "about add after again all back also always any anything are been before being best both bought but buy "
    "buying came can cannot come could day dear did does doesn doing don done each else ever every "
    "fernhill few find first for from get gets getting give goes going good got had happen happens has "
    "have having hello help her here him his how however into isn its just kind know later let like "
    "little long look looking made mail make makes many may maybe might more most much must need never "
    "next not now off offer often once one ones only order ordered ordering orders other others our out "
    "over own please possible question questions quick quite rather really reply same say see she shop "
    "shops should since some somebody someone something soon still such sure take takes tell than thank "
    "thanks that the their them then there these they thing things think this those through time times "
    "too trip two until upon use used using usually very via want wanted wants was way welcome well were "
    "what when where which while who whose why will wish with within without wonder wondering work works "
    "would yes yet you your yours".split()
)
_SAME = {
    "ship": "deliv", "shipp": "deliv", "posta": "deliv", "guara": "warra", "vouch": "promo", "disco": "promo",
    "subsc": "membe", "packa": "parce", "cost": "costs", "price": "costs", "expen": "costs", "abroa": "count",
    "days": "day",
}  # fmt: skip
"""Stems that customers use, and the help centre's own."""

_HOW_TO: dict[str, tuple[str, str]] = {
    "where_is_my_order": ("Tracking your parcel", "Where to find the tracking number"),
    "cancel_order": ("Cancelling an order", "Until dispatch: free"),
    "change_address": ("Changing the delivery address", "How to do it"),
    "return_item": ("How long you can return something", "Starting a return"),
    "exchange_item": ("Exchanging for another size or colour", "How it works"),
    "damaged_item": ("Damaged and faulty on arrival", "Tell us within 14 days"),
    "missing_item": ("Something is missing from the parcel", "Tell us within 14 days"),
    "refund_status": ("When your refund arrives", "The time it takes"),
    "double_charge": ("Charged twice for one order", "Two amounts on the statement"),
    "invoice_copy": ("Invoices", "Where to find them"),
    "promo_not_applied": ("Promo codes", "When a code does not work"),
    "subscription_pause": ("Pausing Fernhill Plus", "How it works"),
    "subscription_cancel": ("Cancelling Fernhill Plus", "How to do it"),
    "login_help": ("Logging in", "With a link, not a password"),
    "change_email": ("Changing your e-mail address", "What we need"),
    "close_account": ("Closing your account", "How to do it"),
    "data_request": ("Your personal data", "Getting a copy"),
    "payment_declined": ("When a payment is declined", "The usual reasons"),
}


def how_to(case: Case, say: Statement) -> Statement:
    """Adds `help` and `citation`: how this request works in general; both are empty where the help centre lacks it."""
    title, section = _HOW_TO.get(case.intent.request, ("", ""))
    found = case.deps.knowledge.search(f"{title} {section}") if title else ()
    exact = next((passage for passage in found if (passage.title, passage.section) == (title, section)), None)
    return quoted(say, exact)


def quoted(say: Statement, passage: Passage | None) -> Statement:
    """Adds a passage as `help` and how it is cited as `citation`."""
    if passage is None:
        return say.flag("help", "").flag("citation", "")
    source = f"knowledge:{passage.article}#{passage.section}"
    return say.text("help", passage.text.strip(), source).text("citation", passage.citation, source)


def nearest(case: Case) -> Passage | None:
    """The section that answers the question, or None where nothing covers enough of its words."""
    asked = _questions(case)
    wanted = _stems(asked)
    if not wanted:
        return None
    near = [passage for passage in case.deps.knowledge.search(asked) if _covers(passage, wanted)]
    return max(near, key=lambda passage: _overlap(passage, wanted), default=None)


def _questions(case: Case) -> str:
    """The sentences of the text that ask something, without order numbers; all of it where none has a question mark."""
    plain = re.sub(rf"{case.deps.desk.settings.order_pattern}|\bof charge\b", " ", case.span, flags=re.IGNORECASE)
    plain = re.sub(UNION_COUNTRIES, "the countries of the European Union", plain)
    asked = re.findall(r"[^.!?]*[^.!?\s][^.!?]*\?", plain)
    return " ".join(asked) or plain


def _overlap(passage: Passage, wanted: frozenset[str]) -> int:
    """How many words a section shares with the question, those of its heading twice; ties keep the search's order."""
    return len(wanted & _all(passage)) + len(wanted & _heading(passage))


def _covers(passage: Passage, wanted: frozenset[str]) -> bool:
    """Most of the question's words stand in the section, at least two, and one in its heading or many in its text."""
    shared = wanted & _all(passage)
    headed = bool(shared & _heading(passage))
    return len(shared) >= max(_ENOUGH * len(wanted), min(2, len(wanted))) and (headed or len(shared) >= _MANY)


def _heading(passage: Passage) -> frozenset[str]:
    return _stems(f"{passage.title} {passage.section}")


def _all(passage: Passage) -> frozenset[str]:
    return _stems(f"{passage.title} {passage.section} {passage.text}")


def _stems(text: str) -> frozenset[str]:
    words: list[str] = re.findall(r"[^\W\d_]{3,40}", text.lower())
    stems = (word[:_STEM] for word in words if word not in _QUIET)
    return frozenset(_SAME.get(stem, stem) for stem in stems)
