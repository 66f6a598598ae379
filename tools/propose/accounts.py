"""Proposals about the account and the membership of the customer who asks."""

from typing import Literal

from countersign.domain.errors import RejectedError
from countersign.domain.shop import Customer, Subscription
from tools import proposals
from tools.lookups.casebook import AGENT, Casebook, Found, Input
from tools.propose.orders import Because, Id, grounded, proposing


class Pause(Input):
    """A pause in whole months."""

    months: Literal[1, 2, 3]
    because: Because


class EndMembership(Input):
    """The end of the membership, with or without the yearly fee back."""

    refund_fee: bool
    because: Because


class ChangeEmail(Input):
    """The address that stands in the customer's message, by the id of its fact."""

    address: Id
    because: Because


class OfAccount(Input):
    """Something done to the account as a whole."""

    because: Because


def propose_pause(book: Casebook, given: Pause) -> Found:
    return grounded(book, proposals.pause_subscription(_membership(book), given.months, AGENT), given.because)


def propose_end_membership(book: Casebook, given: EndMembership) -> Found:
    proposal = proposals.cancel_subscription(_membership(book), given.refund_fee, AGENT)
    return grounded(book, proposal, given.because)


def propose_change_email(book: Casebook, given: ChangeEmail) -> Found:
    customer, fact = _account(book), book.facts.get(given.address)
    if fact is None or (fact.name, fact.origin) != ("e-mail address", "customer"):
        text = "that is no e-mail address from the customer's message"
        raise RejectedError(text, hint="look_up_customer names the addresses in the message", detail="not_looked_up")
    return grounded(book, proposals.change_email(customer, fact.value, AGENT), given.because)


def propose_close_account(book: Casebook, given: OfAccount) -> Found:
    return grounded(book, proposals.close_account(_account(book), AGENT), given.because)


def propose_data_export(book: Casebook, given: OfAccount) -> Found:
    return grounded(book, proposals.export_data(_account(book), AGENT), given.because)


def propose_login_link(book: Casebook, given: OfAccount) -> Found:
    return grounded(book, proposals.send_login_link(_account(book), AGENT), given.because)


def _membership(book: Casebook) -> Subscription:
    if book.membership is None:
        raise RejectedError("no membership was looked up", hint="look_up_membership first", detail="not_looked_up")
    return book.membership


def _account(book: Casebook) -> Customer:
    if book.account is None:
        raise RejectedError("no account was looked up", hint="look_up_customer first", detail="not_looked_up")
    return book.account


PROPOSALS = (
    proposing(name="propose_pause", says="Propose to pause the membership.", takes=Pause, call=propose_pause),
    proposing(name="propose_end_membership", says="Propose to end the membership.", takes=EndMembership,
              call=propose_end_membership),
    proposing(name="propose_change_email", says="Propose to change the e-mail address on record.", takes=ChangeEmail,
              call=propose_change_email),
    proposing(name="propose_close_account", says="Propose to close the account.", takes=OfAccount,
              call=propose_close_account),
    proposing(name="propose_data_export", says="Propose to send the customer their personal data.", takes=OfAccount,
              call=propose_data_export),
    proposing(name="propose_login_link", says="Propose to send a login link to the address on record.", takes=OfAccount,
              call=propose_login_link),
)  # fmt: skip
