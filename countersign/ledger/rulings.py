"""What the gates said: proposals with their slots and keys, decisions, and grants or a review."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from countersign.domain.errors import MisuseError, RejectedError
from countersign.domain.frozen import Json, digest
from countersign.domain.outcome import Ruling
from countersign.domain.plan import Proposal, bound_digest
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import POLICY, Judged
from countersign.ledger import audit, reviews, signatures, undoing, voiding
from countersign.ledger.counts import next_slot
from countersign.ledger.instants import instant
from countersign.ledger.rows import Row, first, is_current, pack, update_ticket
from countersign.ledger.schema import decisions, effects, grants, outcomes, proposals, verdicts


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One proposal of a ruling, with its id and the decision on it."""

    id: str
    position: int
    proposal: Proposal
    judged: Judged


def record(connection: sa.Connection, ref: TicketRef, ruling: Ruling, now: datetime) -> None:
    """See `ports.Ledger.record_verdict`."""
    items = _items(ref, ruling)
    _require_current(connection, ref)
    if _stands(connection, ref, ruling, items, now):
        return
    _require_unfinished(connection, ref)
    undoing.require_one_way(connection, ref, ruling.proposals, now)
    bound = bound_digest((item.id, item.proposal) for item in items)
    if ruling.approver != POLICY:
        reviews.require_approval(connection, ref, ruling.approver, bound)
        _require_signed(connection, items, ruling.approver)
    elif ruling.verdict.answer == "allow":
        _require_none_rejected(connection, ref, items)
    if ruling.verdict.answer == "allow":
        reviews.require_not_rejected(connection, ref, bound)
    verdict = _new_id(connection, ref, ruling)
    _write_verdict(connection, ref, verdict, ruling, items, now)
    voiding.void_proposals(connection, ref.id, [item.id for item in items], now, "another plan took its place")
    for item in items:
        _write_proposal(connection, ref, item, ruling, now)
        _write_decision(connection, verdict, item)
    _follow(connection, ref, verdict, ruling, items, now)


def _items(ref: TicketRef, ruling: Ruling) -> tuple[Item, ...]:
    """The ruling's parts, each proposal once. Raises MisuseError where they do not fit together."""
    if len(ruling.proposals) != len(ruling.verdict.judged):
        raise MisuseError("a ruling judges each of its proposals once")
    found: dict[str, Item] = {}
    for position, (proposal, judged) in enumerate(zip(ruling.proposals, ruling.verdict.judged, strict=True)):
        name = proposal.id_in(ref.id, ref.turn)
        if judged.proposal != name:
            raise MisuseError(f"the decision on {judged.proposal} stands where {name} was proposed")
        _require_consistent(ruling, judged)
        found.setdefault(name, Item(id=name, position=position, proposal=proposal, judged=judged))
    return tuple(found.values())


def _require_consistent(ruling: Ruling, judged: Judged) -> None:
    """An allow never covers a denial, nor without a person what the policy asks a person about."""
    if ruling.verdict.answer != "allow":
        return
    by_policy = ruling.approver == POLICY
    if judged.decision.answer == "deny" or (judged.decision.answer == "ask" and by_policy):
        raise MisuseError(f"a verdict can't allow what was decided as {judged.decision.answer}", where=judged.proposal)


def _require_signed(connection: sa.Connection, items: tuple[Item, ...], approver: str) -> None:
    """Raises RejectedError (`rejected.changed`) where a record has changed since that person approved."""
    for item in items:
        arguments, version = item.proposal.arguments_digest, item.judged.version
        if not _has_effect(connection, item.id) and not signatures.covers(
            connection, item.id, arguments, version, approver
        ):
            raise RejectedError(f"{item.proposal.target} has changed since {approver} approved", detail="changed")


def _require_none_rejected(connection: sa.Connection, ref: TicketRef, items: tuple[Item, ...]) -> None:
    """Raises RejectedError (`rejected.by_person`) where policy alone would do what a person said no to."""
    no = {(rejection.kind, rejection.target) for rejection in signatures.rejections(connection, ref.id)}
    for item in items:
        if (item.proposal.kind, item.proposal.target) in no:
            text = f"a person rejected {item.proposal.kind} on {item.proposal.target} in this ticket"
            raise RejectedError(text, detail="by_person")


def _require_current(connection: sa.Connection, ref: TicketRef) -> None:
    if not is_current(connection, ref):
        raise RejectedError(f"turn {ref.turn} of {ref.id} is over: a new message came in", detail="superseded")


def _require_unfinished(connection: sa.Connection, ref: TicketRef) -> None:
    ended = sa.select(outcomes.c.seq).where(outcomes.c.ticket == ref.id, outcomes.c.turn == ref.turn)
    if first(connection, ended) is not None:
        raise RejectedError(f"turn {ref.turn} of {ref.id} has ended", detail="ended")


def _stands(connection: sa.Connection, ref: TicketRef, ruling: Ruling, items: tuple[Item, ...], now: datetime) -> bool:
    """The turn's last ruling said the same, whenever it did, and all that followed from it still holds."""
    same = (verdicts.c.ticket == ref.id, verdicts.c.turn == ref.turn)
    last = sa.select(verdicts.c.substance).where(*same).order_by(verdicts.c.seq.desc()).limit(1)
    if connection.scalar(last) != _substance(ruling):
        return False
    match ruling.verdict.answer:
        case "ask":
            return reviews.stands(connection, ref)
        case "allow":
            return all(_has_effect(connection, item.id) or _has_grant(connection, item.id, now) for item in items)
        case _:
            return True


def _new_id(connection: sa.Connection, ref: TicketRef, ruling: Ruling) -> str:
    """A ruling that comes back after others, even at the very same time, is another verdict."""
    same = (verdicts.c.ticket == ref.id, verdicts.c.turn == ref.turn)
    before = connection.scalar(sa.select(sa.func.count()).select_from(verdicts).where(*same))
    return digest([ref, ruling, before])


def _substance(ruling: Ruling) -> str:
    """What a ruling says, whenever it is said and whichever graph came to it."""
    return digest(ruling.model_dump(mode="json", exclude={"grants_expire_at", "review_deadline", "graph"}))


def _write_verdict(
    connection: sa.Connection, ref: TicketRef, verdict: str, ruling: Ruling, items: tuple[Item, ...], now: datetime
) -> None:
    connection.execute(
        verdicts.insert().values(
            id=verdict, substance=_substance(ruling), ticket=ref.id, turn=ref.turn,
            answer=ruling.verdict.answer, graph=ruling.graph, reasons=pack(ruling.verdict.reasons),
            sender=pack(ruling.sender), approver=ruling.approver, at=now,
        )
    )  # fmt: skip
    body: dict[str, Json] = {
        "verdict": verdict, "turn": ref.turn, "answer": ruling.verdict.answer, "graph": ruling.graph,
        "reasons": digest(ruling.verdict.reasons), "decisions": [_summary(item) for item in items],
    }  # fmt: skip
    audit.append(connection, now, "verdict.recorded", ref.id, body, actor=ruling.approver)


def _summary(item: Item) -> dict[str, Json]:
    decision = item.judged.decision
    return {
        "proposal": item.id, "kind": item.proposal.kind, "arguments": item.proposal.arguments_digest,
        "answer": decision.answer, "rules": list(decision.rules), "policy": decision.policy,
        "facts": digest(item.judged.context), "version": item.judged.version, "ceiling": item.judged.ceiling,
        "contract": item.judged.contract,
    }  # fmt: skip


def _write_proposal(connection: sa.Connection, ref: TicketRef, item: Item, ruling: Ruling, now: datetime) -> None:
    denied = ruling.verdict.answer == "deny" and not _has_effect(connection, item.id)
    status: Literal["denied", "proposed"] = "denied" if denied else "proposed"
    changed = proposals.update().where(proposals.c.id == item.id).values(status=status, position=item.position)
    if connection.execute(changed).rowcount:
        return
    proposal = item.proposal
    slot = ref.turn if proposal.kind == "send_reply" else next_slot(connection, proposal.kind, proposal.target)
    key = digest([proposal.kind, proposal.target, slot])
    connection.execute(
        proposals.insert().values(
            id=item.id, ticket=ref.id, turn=ref.turn, position=item.position, kind=proposal.kind,
            target=proposal.target, args=pack(proposal.args), by_kind=proposal.by.kind, by_id=proposal.by.id,
            summary=proposal.summary, version=proposal.version, arguments_digest=proposal.arguments_digest,
            slot=slot, key=key, status=status, provenance=pack(proposal.provenance),
        )
    )  # fmt: skip
    audit.append(connection, now, "proposal.recorded", ref.id, {"proposal": item.id, "slot": slot, "key": key})


def _write_decision(connection: sa.Connection, verdict: str, item: Item) -> None:
    decision = item.judged.decision
    connection.execute(
        decisions.insert().values(
            verdict=verdict, proposal=item.id, answer=decision.answer, rules=pack(decision.rules),
            policy=decision.policy, reason=decision.reason, alarm=int(decision.alarm),
            context=pack(item.judged.context), version=item.judged.version, ceiling=item.judged.ceiling,
            contract=item.judged.contract,
        )
    )  # fmt: skip


def _follow(
    connection: sa.Connection, ref: TicketRef, verdict: str, ruling: Ruling, items: tuple[Item, ...], now: datetime
) -> None:
    """Grants, a review, or neither; whatever an earlier ruling of the turn left open gives way."""
    asks = ruling.verdict.answer == "ask"
    for item in items:
        voiding.void_grant(connection, ref.id, item.id, now, "another verdict took its place")
    if asks:
        reviews.open_review(connection, ref, ruling, [(item.id, item.proposal) for item in items], verdict, now)
    else:
        voiding.void_review(connection, ref.id, now, "another verdict took its place")
    if ruling.verdict.answer == "allow":
        for item in items:
            _grant(connection, ref, verdict, ruling, item, now)
    customer, on_record = ruling.sender.customer, ruling.sender.on_record
    known = {"customer": customer, "on_record": on_record} if on_record else {}
    about = {"category": ruling.category, "requests": pack(ruling.requests)}
    update_ticket(connection, ref.id, now, status="waiting" if asks else "received", **known, **about)


def _grant(connection: sa.Connection, ref: TicketRef, verdict: str, ruling: Ruling, item: Item, now: datetime) -> None:
    """One permission for one proposal, unless it was carried out already."""
    if _has_effect(connection, item.id):
        return
    row = _proposal_row(connection, item.id)
    decision = connection.scalar(
        sa.select(decisions.c.seq).where(decisions.c.verdict == verdict, decisions.c.proposal == item.id)
    )
    name = "G-" + digest([verdict, item.id])[:16]
    connection.execute(
        grants.insert().values(
            id=name, proposal=item.id, decision=decision, key=row["key"], slot=row["slot"],
            arguments_digest=row["arguments_digest"], version=item.judged.version,
            rules=pack(item.judged.decision.rules), policy=item.judged.decision.policy, graph=ruling.graph,
            approver=ruling.approver, given_at=now, expires_at=ruling.grants_expire_at, ceiling=item.judged.ceiling,
            contract=item.judged.contract, void=0,
        )
    )  # fmt: skip
    decided = item.judged.decision
    body: dict[str, Json] = {
        "grant": name, "proposal": item.id, "key": row["key"], "verdict": verdict, "kind": item.proposal.kind,
        "slot": row["slot"], "arguments": row["arguments_digest"], "version": item.judged.version,
        "contract": item.judged.contract,
        "rules": list(decided.rules), "policy": decided.policy, "graph": ruling.graph,
        "expires": instant(ruling.grants_expire_at),
    }  # fmt: skip
    audit.append(connection, now, "grant.given", ref.id, body, actor=ruling.approver)


def _has_effect(connection: sa.Connection, proposal: str) -> bool:
    carried_out = (effects.c.proposal == proposal, effects.c.status != "failed")
    return first(connection, sa.select(effects.c.seq).where(*carried_out)) is not None


def _has_grant(connection: sa.Connection, proposal: str, now: datetime) -> bool:
    live = (grants.c.proposal == proposal, grants.c.void == 0, grants.c.expires_at > now)
    return first(connection, sa.select(grants.c.seq).where(*live, grants.c.consumed_by.is_(None))) is not None


def _proposal_row(connection: sa.Connection, proposal: str) -> Row:
    return connection.execute(sa.select(proposals).where(proposals.c.id == proposal)).mappings().one()
