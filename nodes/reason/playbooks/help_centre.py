"""Answers out of the help centre: quoted, with article and section, or none where nothing is near enough."""

import re

from countersign.domain.addresses import UNION_COUNTRIES
from countersign.domain.facts import Passage
from nodes.reason.playbooks.case import Case
from nodes.reason.playbooks.statement import Statement

_STEM = 4
"""Letters of a word that count, so that `return`, `returns` and `returned` are one."""
_CONSIDERED = 8
_ENOUGH = 0.5
_MANY = 4
_QUIET = frozenset(
    "about add after again all back also always any anything are been before being best both bought but "
    "buy buying came can cannot come could day dear did does doesn doing don done each else ever every "
    "fernhill few find first for from get gets getting give goes going good got had happen happens has "
    "have having hello help her here him his how however into isn its just kind know later let like "
    "little look looking made mail make makes many may maybe might more most much must need never next "
    "not now off often once one ones only order ordered ordering orders other others our out over own "
    "please possible question questions quick quite rather really reply same say see she shop "
    "should since some somebody someone something soon still such sure take takes tell than thank thanks "
    "that the their them then there these they thing things think this those through time times too trip "
    "two until upon use used using usually very via want wanted wants was way welcome well were what when "
    "where which while who whose why will wish with within without wonder wondering work works would yes "
    "yet you your yours".split()
)
"""Words that tell nothing about what a question is about."""
_SAME = {
    "ship": "deli", "post": "deli", "guar": "warr", "vouc": "prom", "disc": "prom", "subs": "memb", "pack": "parc",
    "cost": "pric", "expe": "pric", "chea": "pric", "abro": "coun",
}  # fmt: skip
"""Stems that customers use, and the help centre's own."""

_HOW_TO: dict[str, tuple[str, str]] = {
    "where_is_my_order": ("tracking-your-parcel", "where to find the tracking number"),
    "cancel_order": ("cancelling-an-order", "cancelling an order until dispatch: free"),
    "change_address": (
        "changing-the-delivery-address",
        "write with the order number and the complete new address, house number",
    ),
    "return_item": ("return-window", "starting a return"),
    "exchange_item": ("exchanges", "exchanging for another size or colour: how it works"),
    "damaged_item": ("damaged-items", "damaged and faulty on arrival: tell us within days of delivery"),
    "missing_item": ("missing-items", "something is missing from the parcel: tell us within days of delivery"),
    "refund_status": ("when-refunds-arrive", "when your refund arrives: the time it takes"),
    "double_charge": ("charged-twice", "charged twice: two amounts on the statement"),
    "invoice_copy": ("invoices", "invoices: where to find them"),
    "promo_not_applied": ("promo-codes", "when a promo code does not work"),
    "subscription_pause": ("pausing-fernhill-plus", "pausing Fernhill Plus: how it works"),
    "subscription_cancel": (
        "cancelling-fernhill-plus",
        "cancelling Fernhill Plus: choose cancel in your account, confirmation with the last day",
    ),
    "login_help": ("logging-in", "logging in with a link, not a password"),
    "change_email": ("changing-your-email", "changing your e-mail address: what we need"),
    "close_account": (
        "closing-your-account",
        "close the account: write from the address on record, not by telephone, confirmation",
    ),
    "data_request": ("your-personal-data", "your personal data: getting a copy"),
    "payment_declined": ("payment-declined", "when a payment is declined: the usual reasons"),
}
"""For each request the article that explains it, and what to search for so that the right section comes first."""


def how_to(case: Case, say: Statement) -> Statement:
    """Adds `help` and `citation`: how this request works in general; both are empty where the help centre lacks it."""
    article, query = _HOW_TO.get(case.intent.request, ("", ""))
    found = case.deps.knowledge.search(query) if query else ()
    return quoted(say, next((passage for passage in found if passage.article == article), None))


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
    near = [passage for passage in case.deps.knowledge.search(asked, _CONSIDERED) if _covers(passage, wanted)]
    return max(near, key=lambda passage: _overlap(passage, wanted), default=None)


def _questions(case: Case) -> str:
    """The sentences of the text that ask something, without order numbers; all of it where none has a question mark."""
    plain = re.sub(rf"{case.deps.desk.settings.order_pattern}|\bof charge\b", " ", case.span, flags=re.IGNORECASE)
    plain = re.sub(UNION_COUNTRIES, "the countries of the European Union", plain)
    asked = re.findall(r"[^.!?]*[^.!?\s][^.!?]*\?", plain)
    return " ".join(asked) or plain


def _overlap(passage: Passage, wanted: frozenset[str]) -> int:
    """Words shared with the question, with the article's title twice over; ties keep the search's order."""
    headings = (passage.title, passage.title, passage.section)
    return len(wanted & _all(passage)) + sum(len(wanted & _stems(heading)) for heading in headings)


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
