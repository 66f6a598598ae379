"""Questions about the shop's rules and its articles: answered in the help centre's words, or by a person."""

from collections.abc import Mapping

from countersign.domain.plan import Plan
from nodes.reason.playbooks.case import Case, Handler, handed
from nodes.reason.playbooks.help_centre import nearest, quoted
from nodes.reason.playbooks.signals import says
from nodes.reason.playbooks.statement import Statement

_STOCK = ("in stock", "restock(?:ed|ing)?", "available", "sold out", "get the .{1,40} back in")


def policy_question(case: Case) -> Plan:
    """The section of the help centre that answers the question, cited."""
    return _answer(case, "policy_answer")


def product_question(case: Case) -> Plan:
    """What the help centre says about the article or its care, cited; what is in stock is not in there."""
    if says(case.span, *_STOCK):
        return handed(case, "asks whether an article is available")
    return _answer(case, "product_answer")


def _answer(case: Case, template: str) -> Plan:
    passage = nearest(case)
    if passage is None:
        return handed(case, "the help centre has no section near enough to the question")
    return quoted(Statement(case), passage).plan(template)


HANDLERS: Mapping[str, Handler] = {"policy_question": policy_question, "product_question": product_question}
