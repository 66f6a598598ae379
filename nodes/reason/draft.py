"""draft: one reply for all of a turn's plans."""

from countersign.domain.facts import Fact
from countersign.domain.perception import Perception, Sender
from countersign.domain.plan import Draft, Plan, Promise, Proposal
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from nodes.act.planned import agents_own, plans_made
from nodes.reason.wording import worded

_LONGEST_SUBJECT = 120


def draft(state: TicketState, *, deps: Deps) -> Update:
    """The reply, rendered from templates and facts; account facts go to the address on record.

    A model may put a template's words into the customer's tone and language, if one is seated for that.
    """
    perception, sender, plans = state.get("perception"), state.get("sender"), plans_made(state)
    if perception is None or sender is None:
        return Update(draft=None)
    written = _written(state, plans, perception, sender, deps)
    own_words = agents_own(state) is not None
    return Update(draft=written if own_words else worded(written, plans, perception, sender, deps))


def _written(state: TicketState, plans: tuple[Plan, ...], perception: Perception, sender: Sender, deps: Deps) -> Draft:
    settings = deps.desk.settings
    language = perception.language if perception.language in settings.languages else settings.languages[0]
    parts = tuple(deps.replies.render(plan.reply, language) for plan in plans if plan.reply)
    account = has_account_facts(plans)
    to = _recipient(sender, account)
    return Draft(
        to=to,
        subject=reply_subject(perception, sender, to, settings.name),
        body=deps.replies.letter(parts, greeting_name(plans), state["ticket"].id, language),
        language=language,
        templates=tuple(plan.reply.template for plan in plans if plan.reply),
        promises=tuple(promise(proposal) for plan in plans for proposal in plan.proposals),
        citations=tuple(dict.fromkeys(fact.source for fact in _facts(plans) if fact.source.startswith("knowledge:"))),
        account_facts=account,
    )


def has_account_facts(plans: tuple[Plan, ...]) -> bool:
    """Whether the reply states anything from the business's records, or tells of an action on them."""
    return any(fact.source.startswith("shop:") for fact in _facts(plans)) or any(plan.proposals for plan in plans)


def _recipient(sender: Sender, account: bool) -> str:
    """The address on record for account facts; for a sender known by details alone it is told everything.

    What is answered can depend on what the records say, and details may be guessed: who guesses them learns nothing.
    """
    if sender.on_record and (account or sender.verified == "details"):
        return sender.on_record
    return sender.address


def greeting_name(plans: tuple[Plan, ...]) -> str:
    """The first name that a plan knows as a fact; empty for a greeting without a name."""
    return next((fact.value for fact in _facts(plans) if fact.kind == "name"), "")


def promise(proposal: Proposal) -> Promise:
    """What the reply says of a proposal: it must have a receipt of the same amount before the reply leaves."""
    amount, currency = proposal.args.get("amount"), proposal.args.get("currency")
    return Promise(
        kind=proposal.kind,
        target=proposal.target,
        amount=amount if isinstance(amount, int) else None,
        currency=currency if isinstance(currency, str) else None,
    )


def _facts(plans: tuple[Plan, ...]) -> tuple[Fact, ...]:
    return tuple(fact for plan in plans for fact in plan.facts)


def reply_subject(perception: Perception, sender: Sender, to: str, desk: str) -> str:
    """The customer's own subject, but never a stranger's words to somebody else."""
    subject = " ".join(perception.subject.split())[:_LONGEST_SUBJECT]
    if to != sender.address or not subject:
        return f"Your message to {desk}"
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
