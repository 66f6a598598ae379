"""Answers out of the help centre: quoted, with article and section, or none where nothing is near enough."""

import re

from countersign.domain.facts import Passage
from nodes.reason.playbooks.case import Case
from nodes.reason.playbooks.statement import Statement

_STEM = 5
_ENOUGH = 0.5
_MANY = 4
_QUIET = frozenset(
    "about again also am an and any are as at be been but by can could dear did do does doing don done "
    "each fernhill for from get give good got had has have hello help her hers hi him his how if in into "
    "is it its just kind know let like long look mail make may me might more much must my need no not now "
    "of off on one only or other our out over please possible question quick regards say shop should so "
    "some tell than thank thanks that the their them then there these they this those through to too "
    "until us very want was way we well were what when where which who why will with wonder wondering "
    "would yes yet you your information available company offer order orders".split()
)
_SAME = {
    "ship": "deliv", "shipp": "deliv", "posta": "deliv", "guara": "warra", "vouch": "promo", "disco": "promo",
    "subsc": "membe", "packa": "parce", "trous": "cloth", "charg": "costs", "cost": "costs", "price": "costs",
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
    wanted = _stems(case.span) or _stems(case.said)
    if not wanted:
        return None
    found = case.deps.knowledge.search(case.span)
    best = max(found, key=lambda passage: len(wanted & _all(passage)), default=None)
    return best if best and _covers(best, wanted) else None


def _covers(passage: Passage, wanted: frozenset[str]) -> bool:
    """Half of the question's words stand in the section, and one of them in its heading or many in its text."""
    shared = wanted & _all(passage)
    headed = shared & _stems(f"{passage.title} {passage.section}")
    return len(shared) >= _ENOUGH * len(wanted) and (bool(headed) or len(shared) >= _MANY)


def _all(passage: Passage) -> frozenset[str]:
    return _stems(f"{passage.title} {passage.section} {passage.text}")


def _stems(text: str) -> frozenset[str]:
    words: list[str] = re.findall(r"[^\W\d_]{3,40}|[0-9]{2,4}", text.lower())
    stems = (word[:_STEM] for word in words if word not in _QUIET)
    return frozenset(_SAME.get(stem, stem) for stem in stems)
