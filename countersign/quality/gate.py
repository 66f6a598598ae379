"""The quality gate: everything a reply states must be a fact of this ticket, and everything it promises a proposal."""

import re
from collections.abc import Iterable

from countersign.domain.desk import DeskSettings
from countersign.domain.facts import Fact
from countersign.domain.perception import Sender
from countersign.domain.plan import Draft, Plan
from countersign.domain.verdict import Finding
from countersign.quality import claims
from countersign.quality.language import UNDETERMINED, language_of

_BLANK = r"\[(?:name|order|date|amount|card|iban|password)\]"
_RESIDUE = re.compile(
    rf"\{{\{{|\}}\}}|\{{%|%\}}|\{{#|\bundefined\b|\bTODO\b|\bXXX\b|\blorem ipsum\b|{_BLANK}", re.IGNORECASE
)
_SHORTEST = 20


def check(
    draft: Draft, plans: tuple[Plan, ...], sender: Sender, wanted: str, settings: DeskSettings
) -> tuple[Finding, ...]:
    """Findings on a draft, in a fixed order; empty where it may leave.

    `wanted` is the language of the customer's message, `und` where it could not be told. Findings name the kind of
    thing that is wrong, never the customer's data.
    """
    facts = tuple(fact for plan in plans for fact in plan.facts)
    return (
        *_form(draft, settings),
        *_language(draft, wanted, settings),
        *_recipient(draft, sender),
        *_statements(draft.body, facts, settings),
        *_links(draft.body, facts, settings),
        *_names(draft.body, facts, settings),
        *_promises(draft, plans),
    )


def _form(draft: Draft, settings: DeskSettings) -> Iterable[Finding]:
    length = len(draft.body.strip())
    if length < _SHORTEST:
        yield Finding(code="form.short", text="The reply is empty or too short to be one.")
    if length > settings.max_reply_chars:
        yield Finding(
            code="form.long", text=f"The reply has {length} characters; {settings.max_reply_chars} is the most."
        )
    if _RESIDUE.search(draft.body) or _RESIDUE.search(draft.subject):
        yield Finding(code="form.residue", text="The reply holds what is left of a template.")
    if any(ord(character) < 32 and character not in "\n\t" for character in draft.body + draft.subject):
        yield Finding(code="form.control", text="The reply holds control characters.")


def _language(draft: Draft, wanted: str, settings: DeskSettings) -> Iterable[Finding]:
    if draft.language not in settings.languages and draft.worded_by:
        text = f"A model put the reply into {draft.language}: no rule can read what it promises."
        yield Finding(code="language.translated", text=text)
    elif draft.language not in settings.languages:
        yield Finding(code="language.unsupported", text=f"The desk does not write in {draft.language}.")
    if wanted not in (UNDETERMINED, draft.language):
        yield Finding(code="language.other", text=f"The customer wrote in {wanted}, the reply is in {draft.language}.")
    if language_of(draft.body) not in (UNDETERMINED, draft.language):
        yield Finding(code="language.text", text=f"The text does not read like {draft.language}.")


def _recipient(draft: Draft, sender: Sender) -> Iterable[Finding]:
    if draft.account_facts and (sender.verified == "none" or draft.to != sender.on_record):
        yield Finding(code="recipient.account", text="Account facts may go to the address on record alone.")
    if not draft.account_facts and draft.to not in (sender.address, sender.on_record):
        yield Finding(
            code="recipient.unknown", text="The reply is addressed to neither the sender nor the address on record."
        )


def _statements(body: str, facts: tuple[Fact, ...], settings: DeskSettings) -> Iterable[Finding]:
    known = "\n".join(fact.value for fact in facts)
    pattern = re.compile(settings.order_pattern, re.IGNORECASE)
    if claims.amounts(body) - claims.amounts(known):
        yield Finding(code="fact.amount", text="The reply states an amount that is no fact of this ticket.")
    if claims.dates(body) - claims.dates(known):
        yield Finding(code="fact.date", text="The reply states a date that is no fact of this ticket.")
    if _upper(pattern, body) - _upper(pattern, known):
        yield Finding(code="fact.order", text="The reply names an order that is no fact of this ticket.")


def _upper(pattern: re.Pattern[str], text: str) -> set[str]:
    return {match.group(0).upper() for match in pattern.finditer(text)}


def _links(body: str, facts: tuple[Fact, ...], settings: DeskSettings) -> Iterable[Finding]:
    known = {link for fact in facts for link in claims.links(fact.value)}
    found = claims.links(body)
    if found - known:
        yield Finding(code="fact.link", text="The reply holds a link that is no fact of this ticket.")
    if any(not _addressed(link).startswith(settings.links) for link in found):
        yield Finding(
            code="link.foreign", text="The reply holds a link to a site that the desk's settings do not list."
        )


def _addressed(link: str) -> str:
    """A link as a browser would open it: with a scheme, and a slash after a bare host."""
    link = link if "://" in link else f"https://{link}"
    return link if "/" in link.partition("://")[2] else f"{link}/"


def _names(body: str, facts: tuple[Fact, ...], settings: DeskSettings) -> Iterable[Finding]:
    known = "\n".join(fact.value for fact in facts)
    ours = {settings.mail.address, *settings.mail.own_addresses}
    if claims.emails(body) - claims.emails(known) - ours:
        yield Finding(code="fact.email", text="The reply holds a mail address that is no fact of this ticket.")
    name = claims.greeted(body)
    if name and name not in {fact.value for fact in facts if fact.kind == "name"}:
        yield Finding(code="fact.name", text="The reply greets by a name that is no fact of this ticket.")


def _promises(draft: Draft, plans: tuple[Plan, ...]) -> Iterable[Finding]:
    proposed = {(proposal.kind, proposal.target) for plan in plans for proposal in plan.proposals}
    for promise in draft.promises:
        if (promise.kind, promise.target) not in proposed:
            yield Finding(code="promise.unbacked", text=f"The reply promises {promise.kind}, which nothing proposes.")
    kinds = {kind for kind, _ in proposed}
    for phrase, could_be in claims.said_done(_own_words(draft.body, plans)):
        if not could_be & kinds:
            yield Finding(code="promise.unproposed", text=f"The reply says “{phrase}”, which nothing proposes.")


def _own_words(body: str, plans: tuple[Plan, ...]) -> str:
    """The reply without what it quotes from the help centre: a rule that is told is no promise."""
    quoted = (fact.value for plan in plans for fact in plan.facts if fact.source.startswith("knowledge:"))
    for text in sorted(quoted, key=len, reverse=True):
        body = body.replace(text, " ")
    return body
