"""The last question before anything happens: does the grant still hold, here and now?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter

from countersign.domain.frozen import Json
from countersign.domain.outcome import Claim, Granted, Receipt, Refusal
from countersign.domain.plan import Promise
from countersign.domain.verdict import POLICY, Decision, Judged
from countersign.ledger import audit
from countersign.ledger.counts import halted
from countersign.ledger.rows import Row, first, proposal_of, texts, ticket_row
from countersign.ledger.schema import effects, grants, proposals

_PROMISES = TypeAdapter(tuple[Promise, ...])


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the ledger and the world say about one granted proposal at the moment of the claim."""

    granted: Granted
    grant: Row
    proposal: Row
    effect: Row | None
    """The grant's own earlier try, where it failed in passing."""
    judged: Judged
    """What policy says now, and of what."""
    now: datetime


def claim(connection: sa.Connection, granted: Granted, judged: Judged, now: datetime) -> Claim | Refusal:
    """See `ports.Ledger.claim`."""
    facts = _facts(connection, granted, judged, now)
    if facts is None:
        return Refusal(code="claim.unknown", text="the ledger knows no such grant")
    refusal = next(_objections(connection, facts), None)
    if refusal is not None:
        _note_refusal(connection, facts, refusal)
        return refusal
    return _start(connection, facts) if facts.effect is None else _start_again(connection, facts, facts.effect)


def _facts(connection: sa.Connection, granted: Granted, judged: Judged, now: datetime) -> Facts | None:
    grant = first(connection, sa.select(grants).where(grants.c.id == granted.grant.id))
    if grant is None:
        return None
    proposal = connection.execute(sa.select(proposals).where(proposals.c.id == grant["proposal"])).mappings().one()
    waiting = sa.select(effects).where(effects.c.grant_id == grant["id"], effects.c.again == 1)
    return Facts(
        granted=granted, grant=grant, proposal=proposal, effect=first(connection, waiting), judged=judged, now=now,
    )  # fmt: skip


def _objections(connection: sa.Connection, facts: Facts) -> Iterator[Refusal]:
    """Everything that speaks against the claim, the most telling first."""
    yield from _grant_objections(connection, facts)
    yield from _fact_objections(connection, facts)
    yield from _money_objections(connection, facts)
    if facts.proposal["kind"] == "send_reply":
        yield from _reply_objections(connection, facts)
    taken = sa.or_(effects.c.status != "failed", effects.c.again == 1)
    same_key = (effects.c.key == facts.grant["key"], effects.c.grant_id != facts.grant["id"])
    if first(connection, sa.select(effects.c.seq).where(*same_key, taken)) is not None:
        yield Refusal(code="claim.duplicate", text="the same thing was already done, or is being done, for this target")


def _grant_objections(connection: sa.Connection, facts: Facts) -> Iterator[Refusal]:
    grant, proposal = facts.grant, facts.proposal
    if ticket_row(connection, proposal["ticket"])["turn"] != proposal["turn"]:
        yield Refusal(code="claim.superseded", text="a newer message came in")
    if grant["void"] or proposal["status"] != "proposed":
        yield Refusal(code="claim.void", text="the grant is void")
    if grant["consumed_by"] is not None and facts.effect is None:
        yield Refusal(code="claim.consumed", text="the grant was used")
    if facts.now >= grant["expires_at"]:
        yield Refusal(code="claim.expired", text="the grant has expired")


def _fact_objections(connection: sa.Connection, facts: Facts) -> Iterator[Refusal]:
    bound = facts.grant["arguments_digest"]
    kept = proposal_of(facts.proposal).arguments_digest
    if not bound == kept == facts.granted.proposal.arguments_digest or facts.granted.grant.key != facts.grant["key"]:
        yield Refusal(code="claim.digest", text="what would be done differs from what was granted")
    if facts.judged.version != facts.grant["version"]:
        yield Refusal(code="claim.version", text="the record has changed since the decision")
    if facts.judged.contract != facts.grant["contract"]:
        yield Refusal(code="claim.contract", text="the tool has another contract than was granted")
    if not _still_permitted(facts):
        yield Refusal(code="claim.policy", text=f"today's policy does not permit it: {_why(facts.judged.decision)}")
    if halted(connection, facts.proposal["kind"]):
        yield Refusal(code="claim.halted", text="effects of this kind are stopped")


def _still_permitted(facts: Facts) -> bool:
    decision, by_person = facts.judged.decision, facts.grant["approver"] != POLICY
    return not decision.alarm and (decision.answer == "allow" or (decision.answer == "ask" and by_person))


def _why(decision: Decision) -> str:
    rules = ", ".join(decision.rules)
    return f"{rules}: {decision.reason}" if decision.reason else rules


def _money_objections(connection: sa.Connection, facts: Facts) -> Iterator[Refusal]:
    amount, ceiling = amount_of(facts), facts.grant["ceiling"]
    if amount is None:
        return
    spent = sa.select(sa.func.coalesce(sa.func.sum(effects.c.amount), 0))
    same_target = (effects.c.target == facts.proposal["target"], effects.c.status != "failed")
    total = (connection.scalar(spent.where(*same_target)) or 0) + amount
    if amount <= 0 or ceiling is None or total > ceiling:
        yield Refusal(code="claim.ceiling", text="more money than may leave for this target")


def amount_of(facts: Facts) -> int | None:
    """How much money the proposal moves; a thing that is no amount counts as one that no ceiling covers."""
    amount = proposal_of(facts.proposal).args.get("amount")
    if amount is None:
        return None
    return amount if isinstance(amount, int) and not isinstance(amount, bool) else -1


def _reply_objections(connection: sa.Connection, facts: Facts) -> Iterator[Refusal]:
    proposal = facts.proposal
    turn = (proposals.c.ticket == proposal["ticket"], proposals.c.turn == proposal["turn"])
    done = sa.exists().where(effects.c.proposal == proposals.c.id, effects.c.status == "done")
    others = sa.select(proposals.c.seq).where(*turn, proposals.c.id != proposal["id"], proposals.c.status == "proposed")
    if first(connection, others.where(~done)) is not None:
        yield Refusal(code="claim.unfinished", text="the reply waits until everything else is done")
    for promise in _PROMISES.validate_python(proposal_of(proposal).args.get("promises") or ()):
        if not _kept(connection, proposal["ticket"], promise):
            yield Refusal(code="claim.promise", text=f"no receipt for the promised {promise.kind} on {promise.target}")


def _kept(connection: sa.Connection, ticket: str, promise: Promise) -> bool:
    same = (effects.c.ticket == ticket, effects.c.kind == promise.kind, effects.c.target == promise.target)
    found = connection.scalars(sa.select(effects.c.receipt).where(*same, effects.c.status == "done"))
    receipts = [Receipt.model_validate_json(receipt) for receipt in found]
    return any(
        promise.amount is None or (receipt.amount == promise.amount and receipt.currency == promise.currency)
        for receipt in receipts
    )


def _start(connection: sa.Connection, facts: Facts) -> Claim:
    """Writes the effect as started; the file's trigger uses up the grant with it."""
    proposal, grant = facts.proposal, facts.grant
    name, args = f"E-{grant['id'].removeprefix('G-')}", proposal_of(proposal).args
    connection.execute(
        effects.insert().values(
            id=name, ticket=proposal["ticket"], turn=proposal["turn"], proposal=proposal["id"], grant_id=grant["id"],
            kind=proposal["kind"], target=proposal["target"], key=grant["key"], amount=amount_of(facts),
            currency=args.get("currency"), status="started", again=0, attempts=1, fence=1, started_at=facts.now,
            problem="",
        )
    )  # fmt: skip
    return _started(connection, facts, Claim(effect=name, key=grant["key"], fence=1))


def _start_again(connection: sa.Connection, facts: Facts, effect: Row) -> Claim:
    fence, attempt = effect["fence"] + 1, effect["attempts"] + 1
    changes = {"status": "started", "again": 0, "attempts": attempt, "fence": fence, "problem": ""}
    connection.execute(effects.update().where(effects.c.id == effect["id"]).values(**changes))
    return _started(connection, facts, Claim(effect=effect["id"], key=effect["key"], fence=fence, attempt=attempt))


def _started(connection: sa.Connection, facts: Facts, claim: Claim) -> Claim:
    decision = facts.judged.decision
    body: dict[str, Json] = {
        "effect": claim.effect, "key": claim.key, "fence": claim.fence, "grant": facts.grant["id"],
        "proposal": facts.proposal["id"], "arguments": facts.grant["arguments_digest"],
        "version": facts.judged.version, "contract": facts.judged.contract, "answer": decision.answer,
        "rules": list(decision.rules), "policy": decision.policy,
        "granted_under": facts.grant["policy"], "granted_rules": list(texts(facts.grant["rules"])),
    }  # fmt: skip
    audit.append(connection, facts.now, "effect.started", facts.proposal["ticket"], body)
    return claim


def _note_refusal(connection: sa.Connection, facts: Facts, refusal: Refusal) -> None:
    """In the audit once, however often the same claim is refused for the same reason."""
    body: dict[str, Json] = {"proposal": facts.proposal["id"], "grant": facts.grant["id"], "code": refusal.code}
    audit.append_once(connection, facts.now, "claim.refused", facts.proposal["ticket"], body)
