"""What a person would rather have: the proposals and the reply that take the place of the turn's own."""

from collections.abc import Sequence

from countersign.domain.desk import Person
from countersign.domain.errors import RejectedError
from countersign.domain.perception import Perception, Sender
from countersign.domain.plan import Draft, Proposal, Provenance
from countersign.domain.review import Asked, Edit, Edited, EditedProposal, OwnAnswer
from countersign.domain.state import TicketState
from countersign.domain.text import clean
from countersign.domain.ticket import TicketRef
from countersign.ports import Deps
from countersign.quality.language import UNDETERMINED, language_of
from nodes.act.authorize import DESK, proposals_of
from nodes.act.planned import all_proposals, drafted, money_of, planned
from nodes.reason.draft import promise, reply_subject
from tools.catalog import contract, validated
from tools.context import circumstances
from tools.judge import judge

Made = tuple[Edited, tuple[Asked, ...]]


def edited_by(said: Edit, state: TicketState, review: str, who: Person, deps: Deps) -> Made:
    """The edit as proposals and a draft, each judged. Raises RejectedError where one can't be or policy refuses it."""
    before = all_proposals(state)
    wanted = before if said.proposals is None else _proposals(said.proposals, before, state, deps)
    draft = _edited_draft(said, wanted, state, deps)
    edit = state.get("edit")
    ref, known = state["ticket"], {proposal.arguments_digest for proposal in before}
    changed = tuple(one.id_in(ref.id, ref.turn) for one in wanted if one.arguments_digest not in known)
    edited = Edited(
        review=review, by=who.id, own=bool(edit and edit.own and said.body is None), proposals=wanted, draft=draft,
        changed=changed,
    )  # fmt: skip
    return edited, _asked(edited, state, deps)


def own_answer_of(said: OwnAnswer, state: TicketState, review: str, who: Person, deps: Deps) -> Made:
    """The person's own reply, and no proposal. Raises RejectedError where policy refuses it."""
    draft = _own_draft(said.text, None, state, deps)
    edited = Edited(review=review, by=who.id, own=True, proposals=(), draft=draft)
    return edited, _asked(edited, state, deps)


def late_answer_of(said: OwnAnswer, state: TicketState, review: str, who: Person, deps: Deps) -> Made:
    """The same for a ticket that has ended, in its next turn: what the ended turn knew comes along."""
    ref = state["ticket"]
    draft = _own_draft(said.text, None, state, deps)
    facts = tuple(dict.fromkeys(fact for plan in planned(state) for fact in plan.facts))
    edited = Edited(review=review, by=who.id, own=True, proposals=(), draft=draft, facts=facts)
    after = state.copy()
    after["ticket"] = TicketRef(id=ref.id, turn=ref.turn + 1)
    after["plans"] = ()
    after["resolution"] = None
    return edited, _asked(edited, after, deps)


def _asked(edited: Edited, state: TicketState, deps: Deps) -> tuple[Asked, ...]:
    """Every proposal of the edit with what policy sees of it now."""
    sender, ref = _sender(state), state["ticket"]
    after = state.copy()
    after["edit"] = edited
    asked: list[Asked] = []
    for proposal in proposals_of(after, deps):
        validated(proposal)
        judged = judge(proposal, sender, ref, deps)
        if judged.decision.answer == "deny":
            why = judged.decision.reason or ", ".join(judged.decision.rules)
            raise RejectedError(f"policy refuses {proposal.kind} on {proposal.target}: {why}", detail="policy")
        editor = edited.by if judged.proposal in edited.changed else ""
        asked.append(
            Asked(
                id=judged.proposal, proposal=proposal, version=judged.version, context=judged.context, editor=editor
            )
        )  # fmt: skip
    return tuple(asked)


def _proposals(
    wanted: Sequence[EditedProposal], before: Sequence[Proposal], state: TicketState, deps: Deps
) -> tuple[Proposal, ...]:
    known = {(proposal.kind, proposal.target): proposal for proposal in before}
    names = [(item.kind, item.target) for item in wanted]
    if len(set(names)) < len(names) or any(kind == "send_reply" for kind, _ in names):
        text = "name each kind of effect once for each record; the reply is edited by its subject and body"
        raise RejectedError(text, detail="arguments")
    return tuple(_proposal(item, known.get((item.kind, item.target)), before, state, deps) for item in wanted)


def _proposal(
    item: EditedProposal, known: Proposal | None, before: Sequence[Proposal], state: TicketState, deps: Deps
) -> Proposal:
    """The known proposal, or one with the new arguments, made from the record as it is now by the same proposer."""
    if known is not None and known.args == item.args:
        return known
    by = known.by if known else before[0].by if before else DESK
    origin = Provenance(grounds="person")
    draft = Proposal(kind=item.kind, target=item.target, args=item.args, by=by, summary="", provenance=origin)
    validated(draft)
    version = circumstances(draft, _sender(state), deps, state["ticket"]).version
    return draft.model_copy(update={"version": version, "summary": _summary(draft)})


def _summary(proposal: Proposal) -> str:
    """One sentence about an edited proposal: what, on which record, for how much."""
    money = money_of(proposal)
    amount = f" {money}" if money else ""
    return f"{contract(proposal.kind).title}:{amount} {proposal.target.replace('/', ' ')}, as edited.".replace(
        ": ", ": "
    )


def _edited_draft(said: Edit, wanted: tuple[Proposal, ...], state: TicketState, deps: Deps) -> Draft:
    draft = drafted(state)
    if draft is None:
        if said.body is None:
            raise RejectedError("there is no reply yet: write its body", detail="arguments")
        draft = _own_draft(said.body, said.subject, state, deps)
    changes: dict[str, object] = {"promises": tuple(promise(proposal) for proposal in wanted)}
    if said.body is not None:
        body = clean(said.body)
        changes |= {"body": body, "language": _language(body, draft.language)}
    if said.subject is not None:
        changes["subject"] = " ".join(clean(said.subject).split())
    return draft.model_copy(update=changes)


def _own_draft(text: str, subject: str | None, state: TicketState, deps: Deps) -> Draft:
    """A reply in a person's words; one that tells anything of the business's records goes to the address on record."""
    sender, perception, body = _sender(state), _perception(state), clean(text).strip()
    account = _tells(body, state)
    to = sender.on_record if account and sender.on_record else sender.address
    return Draft(
        to=to,
        subject=subject or reply_subject(perception, sender, to, deps.desk.settings.name),
        body=body,
        language=_language(body, deps.desk.settings.languages[0]),
        templates=(),
        account_facts=account,
    )


def _tells(body: str, state: TicketState) -> bool:
    """Whether the text may hold facts of an account: the draft did, or it names one that the desk looked up."""
    draft = drafted(state)
    facts = (fact for plan in planned(state) for fact in plan.facts if fact.source.startswith("shop:"))
    return bool(draft and draft.account_facts) or any(fact.value in body for fact in facts)


def _language(body: str, otherwise: str) -> str:
    found = language_of(body)
    return otherwise if found == UNDETERMINED else found


def _sender(state: TicketState) -> Sender:
    sender = state.get("sender")
    if sender is None:
        raise RejectedError("nobody is known to have asked", detail="thread")
    return sender


def _perception(state: TicketState) -> Perception:
    perception = state.get("perception")
    if perception is None:
        raise RejectedError("the thread has read nothing", detail="thread")
    return perception
