"""Accounts: logging in, the address on record, closing, and personal data."""

from collections.abc import Mapping

from countersign.domain.plan import Plan
from countersign.domain.shop import Customer, Order
from nodes.reason.playbooks.asking import known, on_record
from nodes.reason.playbooks.case import Case, Handler, handed
from nodes.reason.playbooks.help_centre import how_to
from nodes.reason.playbooks.signals import says
from nodes.reason.playbooks.statement import MESSAGE, Statement, of_customer, of_order, of_subscription
from tools import proposals

_ERASE = (
    "delet(?:e|ed|ing|ion)",
    "eras(?:e|ed|ing|ure)",
    "remov(?:e|ed|al) (?:all )?(?:of )?(?:my|the) (?:personal )?(?:data|information)",
    "forgotten",
    r"art(?:icle|\.)? ?17",
)
_EXPORT = (
    "cop(?:y|ies)",
    "export",
    "access",
    "see",
    "download",
    "send me",
    "what (?:personal )?(?:data|information)",
    "(?:hold|keep|stored?|have) (?:about|on)",
    r"art(?:icle|\.)? ?(?:15|20)",
)
_ALL_DATA = ("(?:all )?(?:my|the) (?:personal )?(?:data|information)", "gdpr", "dsgvo", "right to be forgotten")
_YES = ("yes", "confirm(?:ed)?", "close it", "go ahead", "please do", "that's fine", "ok(?:ay)?", "sure")
_OTHERS = ("(?:his|her|their) account", "(?:wife|husband|father|mother|son|daughter|partner|friend)(?:'s)?")


def login_help(case: Case) -> Plan:
    """Sends a login link to the address on record; strangers get the help centre's words."""
    if case.sender.verified == "none":
        return how_to(case, Statement(case)).plan("login_general")
    return _login(case)


@known
def _login(case: Case) -> Plan:
    customer = case.customer()
    if customer is None:
        return handed(case, "the sender's account can't be found")
    if customer.locked:
        return Statement(case).text("state", "locked", of_customer(customer)).plan("login_locked")
    send = proposals.send_login_link(customer, case.principal)
    return Statement(case).terms("link_time").plan("login_link_sent", send)


@on_record
def change_email(case: Case) -> Plan:
    """Changes the address on record to the new one in the text; whether another account has that is never told."""
    customer = case.customer()
    if customer is None:
        return handed(case, "the sender's account can't be found")
    new = _new_addresses(case, customer)
    if len(new) > 1:
        return handed(case, "names several e-mail addresses")
    if not new:
        return Statement(case).ask("ask_email")
    if any(other.closed_at is None for other in case.deps.shop.customers_by_email(new[0])):
        return handed(case, "the new address can't be used", "another open account has it: do not tell the sender")
    change = proposals.change_email(customer, new[0], case.principal)
    return Statement(case).text("email", new[0], MESSAGE).plan("email_changed", change)


def _new_addresses(case: Case, customer: Customer) -> list[str]:
    mail = case.deps.desk.settings.mail
    known_ones = {customer.email, case.sender.address, mail.address, *mail.own_addresses}
    found = (address.lower() for address in case.perception.entities.emails)
    return [address for address in dict.fromkeys(found) if address not in known_ones]


@on_record
def close_account(case: Case) -> Plan:
    """Closes the account where nothing is open; a running membership is pointed out first."""
    customer = case.customer()
    if customer is None:
        return handed(case, "the sender's account can't be found")
    if says(case.said, *_OTHERS):
        return handed(case, "may speak of somebody else's account")
    if says(case.said, *_ALL_DATA) and says(case.said, *_ERASE):
        return handed(case, "wants the account closed and personal data erased")
    still_open = [order for order in case.deps.shop.orders_of(customer.id) if _open(order)]
    if still_open:
        return _open_orders(case, still_open)
    membership = case.membership()
    running = membership if membership and membership.paid_until > case.now else None
    if running and running.status in ("active", "paused") and not _confirmed(case):
        return Statement(case).date("until", running.paid_until, of_subscription(running)).ask("ask_close_membership")
    return Statement(case).plan("account_closed", proposals.close_account(customer, case.principal))


def _open_orders(case: Case, still_open: list[Order]) -> Plan:
    say = Statement(case)
    for order in still_open:
        say.texts("orders", [order.number], of_order(order), "order")
    return say.flag("orders", [order.number for order in still_open]).plan("close_open_orders")


def _open(order: Order) -> bool:
    """Not arrived yet, coming back, or with money on its way."""
    coming_back = any(one.status in ("announced", "received") for one in order.returns)
    unsettled = any(one.settled_at is None for one in order.refunds)
    return order.status in ("placed", "packed", "dispatched") or coming_back or unsettled


def _confirmed(case: Case) -> bool:
    return case.asked == "ask_close_membership" and says(case.said, *_YES)


@on_record
def data_request(case: Case) -> Plan:
    """Orders an export to the address on record; an erasure is decided by a person."""
    customer = case.customer()
    if customer is None:
        return handed(case, "the sender's account can't be found")
    if says(case.said, *_ERASE):
        return handed(case, "wants personal data erased")
    if not says(case.said, *_EXPORT):
        return Statement(case).ask("ask_data")
    export = proposals.export_data(customer, case.principal)
    return Statement(case).terms("export_time").plan("export_ordered", export)


HANDLERS: Mapping[str, Handler] = {
    "login_help": login_help,
    "change_email": change_email,
    "close_account": close_account,
    "data_request": data_request,
}
