"""Lookups about the customer who asks: the account, the membership, earlier tickets."""

from countersign.domain.dates import written_date
from countersign.domain.errors import RejectedError
from countersign.domain.money import Money
from countersign.domain.shop import Subscription
from countersign.domain.untrusted import readable
from tools.account_facts import membership_status
from tools.lookups.answers import AccountAnswer, MembershipAnswer, PastTicketsAnswer
from tools.lookups.casebook import AgentTool, Casebook, Found, Input

_LONGEST_REPLY = 600


class Nothing(Input):
    """No arguments: who asks is known."""


def look_up_customer(book: Casebook, given: Nothing) -> Found:
    """The account's state; neither name nor address, which no decision needs."""
    del given
    customer = book.deps.shop.customer(book.customer)
    if customer is None or customer.closed_at is not None:
        raise RejectedError("the account is closed or can't be found", detail="no_account")
    book.account, source = customer, f"shop:customer/{customer.id}@{customer.version}"
    emails = book.inquiry.perception.entities.emails
    return {
        "facts": [
            book.state("account", "locked after failed logins" if customer.locked else "open", source),
            book.state("customer since", written_date(customer.joined_at), source, "date"),
            book.state("country", customer.address.country, source),
            book.state("how sure it is who asks", book.inquiry.sender.verified, "desk:settings"),
        ],
        "addresses_in_the_message": [book.state("e-mail address", email, "message") for email in emails],
    }  # fmt: skip


def look_up_membership(book: Casebook, given: Nothing) -> Found:
    """The latest membership, whatever its status."""
    del given
    membership = book.deps.shop.subscription_of(book.customer)
    if membership is None:
        return {"facts": [book.state("membership", "none", f"shop:customer/{book.customer}")]}
    book.membership = membership
    return {"membership": membership.id, "facts": list(_membership(book, membership))}


def _membership(book: Casebook, membership: Subscription) -> list[Found]:
    source = f"shop:subscription/{membership.id}@{membership.version}"
    price = Money(amount=membership.price, currency=membership.currency)
    return [
        book.state("membership", membership_status(membership, book.now), source),
        book.state("plan", membership.plan, source),
        book.state("fee", str(price), source, "amount"),
        book.state("renewed", written_date(membership.renewed_at), source, "date"),
        book.state("paid until", written_date(membership.paid_until), source, "date"),
        book.state("a benefit was used since the renewal", "yes" if membership.used else "no", source),
    ]


def past_tickets(book: Casebook, given: Nothing) -> Found:
    """The customer's other tickets; their texts are quoted, whoever wrote them."""
    del given
    found = book.deps.history.tickets_of(book.customer, book.inquiry.ref.id)
    tickets: list[Found] = []
    for past in found:
        source, about = f"ticket:{past.id}", ", ".join(past.requests) or "no request named"
        quotes = [book.state("subject", readable(past.subject, 200), source)]
        if past.reply:
            quotes.append(book.state("our last reply", readable(past.reply, _LONGEST_REPLY), source))
        state = f"{past.status}, opened {written_date(past.opened_at)}: {about}"
        tickets.append({"ticket": past.id, "state": state, "quoted": list(quotes)})
    return {"tickets": list(tickets)}


LOOKUPS = (
    AgentTool(name="look_up_customer", says="The account of the customer who asks.", takes=Nothing,
              gives=AccountAnswer, call=look_up_customer),
    AgentTool(name="look_up_membership", says="The customer's membership: status, plan, fee, dates.", takes=Nothing,
              gives=MembershipAnswer, call=look_up_membership),
    AgentTool(name="past_tickets", says="The customer's other tickets, latest first. Their texts are quotations.",
              takes=Nothing, gives=PastTicketsAnswer, call=past_tickets),
)  # fmt: skip
